"""Who may do what, read from the templates: least privilege as a table."""

import pytest

from pam.names import Index
from tests.stacks.powers import IN_SLACK, OWN, POWERS, WITH_ROTATION, powers
from tests.stacks.template import Deployment

OF_EXECUTIONS = {
    "states:DescribeExecution",
    "states:GetExecutionHistory",
    "states:StopExecution",
}
"""Executions of the one machine are named after sessions that are still to come."""


def test_every_function_is_in_the_table_of_powers(every: Deployment) -> None:
    handlers = {
        function["Properties"]["Handler"].removesuffix(".handler")
        for function in every.of_type("AWS::Lambda::Function").values()
    }

    assert handlers == set(powers(every))


@pytest.mark.guarantee("G11")
@pytest.mark.parametrize("handler", sorted({*POWERS, *WITH_ROTATION, *IN_SLACK}))
def test_a_function_has_the_powers_of_the_table_and_no_other(
    every: Deployment, handler: str
) -> None:
    if handler not in powers(every):
        return
    granted = {action for right in every.rights_of(handler) for action in right.actions}

    assert granted == powers(every)[handler] | OWN


@pytest.mark.guarantee("G11")
def test_no_permission_has_a_wildcard_action(every: Deployment) -> None:
    for statement in every.identity_statements() + every.resource_statements():
        if statement.effect == "Allow":
            assert not any("*" in action for action in statement.actions), statement


def test_no_statement_is_written_as_everything_but(every: Deployment) -> None:
    text = every.text([every.foundation, every.service])

    assert "NotAction" not in text
    assert "NotResource" not in text
    assert "NotPrincipal" not in text


def test_a_wildcard_resource_stands_only_where_aws_knows_no_other(every: Deployment) -> None:
    unnameable = {
        # AWS: X-Ray and log delivery know no resource.
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
        "xray:GetSamplingRules",
        "xray:GetSamplingTargets",
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "logs:GetLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:UpdateLogDelivery",
        # A store is in an account that nobody here knows, and users are known by ids.
        "identitystore:DescribeUser",
        "identitystore:GetUserId",
        "identitystore:ListGroupMembershipsForMember",
        *OF_EXECUTIONS,
    }

    bucket, _ = every.only("AWS::S3::Bucket")
    for statement in every.identity_statements():
        archive = all(
            resource.startswith(f"${{{bucket}.Arn}}/") for resource in statement.resources
        )
        if any("*" in resource for resource in statement.resources) and not archive:
            assert statement.actions <= unnameable, statement
    for statement in every.identity_statements():
        if statement.actions & OF_EXECUTIONS:
            (execution,) = statement.resources
            assert execution.endswith(f":execution:pam-{every.env_name}-approval-workflow:*")


@pytest.mark.guarantee("G11")
def test_no_role_is_passed_on_but_by_its_name(every: Deployment) -> None:
    for statement in every.identity_statements() + every.resource_statements():
        if statement.effect == "Allow" and "iam:PassRole" in statement.actions:
            assert not any("*" in resource for resource in statement.resources), statement


@pytest.mark.guarantee("G11")
def test_no_function_shares_its_role(every: Deployment) -> None:
    functions = every.of_type("AWS::Lambda::Function").values()
    roles = {every.role_of(function) for function in functions}

    assert len(roles) == len(functions)


def test_roles_are_assumed_by_services_alone(every: Deployment) -> None:
    for role in every.of_type("AWS::IAM::Role").values():
        for statement in role["Properties"]["AssumeRolePolicyDocument"]["Statement"]:
            assert set(statement["Principal"]) == {"Service"}
            assert statement["Action"] == "sts:AssumeRole"


def test_whoever_publishes_reaches_the_topics_of_the_table(every: Deployment) -> None:
    topics = {"ApproverTopic": "approvers", "RequesterTopic": "requesters", "Tier1Topic": "Tier-1"}

    def reached(handler: str) -> set[str]:
        return {
            name
            for right in every.rights_of(handler)
            if "sns:Publish" in right.actions
            for topic, name in topics.items()
            if any(topic in resource for resource in right.resources)
        }

    assert {handler: reached(handler) for handler in POWERS if reached(handler)} == {
        "admit_request": {"Tier-1"},
        "ask_approvers": {"approvers"},
        # What somebody confirms, an operator who is blocked, a principal that is linked.
        "request_api": {"requesters", "Tier-1"},
        "send_notices": {"approvers", "requesters", "Tier-1"},
    }


def test_the_tick_may_call_those_who_end_and_those_who_tell_and_no_other(
    every: Deployment,
) -> None:
    called = {
        resource
        for right in every.rights_of("tick")
        if "lambda:InvokeFunction" in right.actions
        for resource in right.resources
    }

    assert called == {
        f"${{{every.function(name)[0]}.Arn}}" for name in ("revoke_session", "send_notices")
    }


def test_tokens_are_answered_and_executions_started_on_the_one_machine(every: Deployment) -> None:
    starting = ("states:StartExecution", "states:SendTaskSuccess", "states:SendTaskFailure")
    for statement in every.identity_statements():
        if statement.actions & set(starting):
            (machine,) = statement.resources
            assert machine.endswith(f":stateMachine:pam-{every.env_name}-approval-workflow")


def test_the_sweep_reads_nothing_but_deadlines(every: Deployment) -> None:
    (query,) = (s for s in every.rights_of("tick") if "dynamodb:Query" in s.actions)
    (resource,) = query.resources

    assert resource.endswith(f".Arn}}/index/{Index.BY_DEADLINE}")


def test_only_the_request_api_may_list(every: Deployment) -> None:
    indexes = {
        resource.rpartition("/")[2]
        for statement in every.rights_of("request_api")
        for resource in statement.resources
        if "/index/" in resource
    }
    others = {
        "activate_session",
        "admit_request",
        "ask_approvers",
        "issue_credentials",
        "record_activity",
    }

    assert indexes == set(Index)
    for handler in others:
        assert not any("/index/" in r for s in every.rights_of(handler) for r in s.resources)


def test_the_revocation_finds_what_is_open_and_lists_nothing_else(every: Deployment) -> None:
    indexes = {
        resource.rpartition("/")[2]
        for statement in every.rights_of("revoke_session")
        for resource in statement.resources
        if "/index/" in resource
    }

    assert indexes == {Index.BY_DEADLINE}


def test_topics_and_queues_refuse_what_is_not_encrypted_on_the_way(every: Deployment) -> None:
    (archive,) = every.of_type("AWS::S3::BucketPolicy")
    denials = [s for s in every.resource_statements() if s.effect == "Deny" and s.owner != archive]
    protected = {resource for s in denials for resource in s.resources}

    for statement in denials:
        assert statement.conditions == '{"Bool": "{\\"aws:SecureTransport\\": \\"false\\"}"}'
    for topic in every.of_type("AWS::SNS::Topic"):
        assert f"${{{topic}}}" in protected
    for queue in every.of_type("AWS::SQS::Queue"):
        assert f"${{{queue}.Arn}}" in protected


def test_a_door_may_have_an_end_done_and_invoke_nothing_else(every: Deployment) -> None:
    called = {
        resource
        for right in every.rights_of("request_api")
        if "lambda:InvokeFunction" in right.actions
        for resource in right.resources
    }

    assert called == {f"${{{every.function('revoke_session')[0]}.Arn}}"}
