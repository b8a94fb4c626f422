"""Two deployments in one account and region: neither is in the other's way."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pam.policy.compiler import load
from stacks.config import ConfigError, load_config
from stacks.neighbours import check_neighbours
from stacks.synthesis import ROOT, build, new_app, templates
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


SHARED = {"region": "eu-west-1", "account": "111111111111", "witness": f"none: {'for a test ' * 3}"}
QUIET = {"account_api_logging": False}


def synthesise(env_name: str, entries: dict[str, Any]) -> None:
    config = load_config(env_name, entries)
    check_neighbours(
        config, load(ROOT / config.policy_dir, ROOT / config.identities), entries, ROOT
    )


@pytest.fixture
def own_catalogue(tmp_path: Path) -> str:
    """A catalogue whose targets all have other names."""
    files = shutil.copytree(ROOT / "policy", tmp_path / "policy")
    text = (files / "catalogue.yaml").read_text(encoding="utf-8")
    for name in ("role_name: pam-target-", "secret: "):
        assert name in text
        text = text.replace(name, f"{name}uat-")
    for thing in ("ps-5f1e2d3c4b5a6978", "00gsupportadmins0001"):
        assert thing in text
        text = text.replace(thing, f"{thing[:-1]}9")
    (files / "catalogue.yaml").write_text(text, encoding="utf-8")
    return str(files)


@pytest.mark.parametrize("env_name", ["prod", "uat"])
def test_two_environments_that_lend_the_same_targets_in_one_account_are_refused(
    env_name: str,
) -> None:
    entries = {"prod": SHARED, "uat": SHARED | QUIET}
    with pytest.raises(ConfigError) as caught:
        synthesise(env_name, entries)
    said = str(caught.value)
    assert said.startswith("cdk.json: environments.prod and environments.uat are both in account")
    assert "111111111111, and lend the same: arn:aws:" in said
    assert "dark access" in said
    assert "policy_dir" in said


def test_with_a_catalogue_of_their_own_they_stand_side_by_side(own_catalogue: str) -> None:
    entries = {"prod": SHARED, "uat": SHARED | QUIET | {"policy_dir": own_catalogue}}
    for env_name in entries:
        synthesise(env_name, entries)


def test_one_shared_target_is_enough_and_is_named(own_catalogue: str) -> None:
    path = Path(own_catalogue) / "catalogue.yaml"
    text = path.read_text(encoding="utf-8")
    lent_by_prod = "pam-target-core-ledger-admin"
    changed = text.replace("pam-target-uat-core-ledger-admin", lent_by_prod)
    assert changed != text
    path.write_text(changed, encoding="utf-8")
    entries = {"prod": SHARED, "uat": SHARED | QUIET | {"policy_dir": own_catalogue}}
    with pytest.raises(ConfigError, match=rf"lend the same: arn:aws:iam::1+:role/{lent_by_prod}\."):
        synthesise("uat", entries)


@pytest.mark.parametrize(
    "change", [{"account": "222222222222"}, {"account": None}, {"region": 7}], ids=str
)
def test_other_accounts_and_what_is_no_environment_are_no_neighbours(
    change: dict[str, Any],
) -> None:
    synthesise("prod", {"prod": SHARED, "uat": SHARED | change})


def test_only_one_of_two_environments_sets_the_log_role_of_the_gateway(own_catalogue: str) -> None:
    uat = SHARED | {"policy_dir": own_catalogue}
    entries = {"prod": SHARED, "uat": uat}
    for env_name in entries:
        with pytest.raises(ConfigError, match=r"in eu-west-1, .* account_api_logging: false"):
            synthesise(env_name, entries)
    synthesise("prod", {"prod": SHARED, "uat": uat | QUIET})
    synthesise("prod", {"prod": SHARED, "uat": uat | {"region": "eu-west-2"}})


def test_the_log_role_of_the_gateway_outlasts_whatever_fails_or_goes(every: Deployment) -> None:
    """Others' logs are written by it, from the moment at which it is set."""
    account_name, account = every.only("AWS::ApiGateway::Account")
    role = account["Properties"]["CloudWatchRoleArn"]["Fn::GetAtt"][0]

    for resource in (account, every.foundation["Resources"][role]):
        assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
        assert resource["UpdateReplacePolicy"] == "Retain"
    # Nothing of the stack can fail after it: the roll-back would take the role away from all.
    others = {
        name
        for name, each in every.foundation["Resources"].items()
        if name not in {role, account_name} and each["Type"] != "AWS::CDK::Metadata"
    }
    assert set(account["DependsOn"]) >= others


def test_who_does_not_set_the_log_role_makes_none(own_catalogue: str) -> None:
    entries = {"uat": SHARED | QUIET | {"policy_dir": own_catalogue}}
    app = new_app("uat", environments=entries)
    build(app)
    text = str(templates(app))

    assert "AWS::ApiGateway::Account" not in text
    assert "AmazonAPIGatewayPushToCloudWatchLogs" not in text
