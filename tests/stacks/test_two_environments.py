"""Two deployments in one account and region: neither is in the other's way."""

from collections.abc import Callable, Iterator

from tests.stacks.template import Deployment

UNIQUE = {
    # what AWS takes once in an account and region, by the property that names it
    "AWS::ApiGateway::RestApi": "Name",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::Events::EventBus": "Name",
    "AWS::Events::Rule": "Name",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::KMS::Alias": "AliasName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SSM::Parameter": "Name",
    "AWS::StepFunctions::StateMachine": "StateMachineName",
}


def names(deployment: Deployment) -> Iterator[tuple[str, str]]:
    """Those that are fixed. What refers to the stack's own resources is as unique as they are."""
    for kind, prop in UNIQUE.items():
        for resource in deployment.of_type(kind).values():
            name = deployment.text(resource["Properties"].get(prop, ""))
            if name and "${" not in name.replace("${AWS::AccountId}", ""):
                yield kind, name
    for template in (deployment.foundation, deployment.service):
        for output in template.get("Outputs", {}).values():
            if "Export" in output:
                yield "export", deployment.text(output["Export"]["Name"])


def test_no_name_of_one_environment_is_anothers(
    deployment_of: Callable[[str], Deployment],
) -> None:
    prod, uat = (list(names(deployment_of(env_name))) for env_name in ("prod", "uat"))

    assert len(prod) > 60
    assert len(set(prod)) == len(prod)
    assert not set(prod) & set(uat)


def test_every_fixed_name_says_its_environment_as_a_word(every: Deployment) -> None:
    for _, name in names(every):
        words = name.replace("/", "-").split("-")
        assert every.env_name in words, name
