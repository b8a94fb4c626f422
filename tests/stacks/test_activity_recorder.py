"""What makes the recorder hear of what sessions do."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from pam.kinds.postgres_user.catalogue import Entry
from stacks.synthesis import ROOT
from tests.stacks.conftest import production
from tests.stacks.powers import ITEMS
from tests.stacks.template import Deployment

LOG_GROUP = "/aws/rds/instance/core-ledger/postgresql"
PATTERN_LIMIT = 2048
UNNAMED = {
    "userIdentity": {
        "type": ["AssumedRole"],
        "sessionContext": {"sessionIssuer": {"arn": ["", {"exists": False}]}},
    }
}
_LINE = "      group_role: ledger_operators\n"


@pytest.fixture(scope="module")
def with_many_roles_and_a_log(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """Production with thirty lent roles and a database whose log is exported."""
    folder = tmp_path_factory.mktemp("policy")
    for file in (ROOT / "policy").iterdir():
        (folder / file.name).write_text(file.read_text())
    catalogue = (ROOT / "policy" / "catalogue.yaml").read_text()
    assert _LINE in catalogue
    catalogue = catalogue.replace(_LINE, f"{_LINE}      statement_log: {LOG_GROUP}\n")
    roles = "\n".join(_role(number) for number in range(30))
    (folder / "catalogue.yaml").write_text(f"{catalogue}\n{roles}\n")
    return production(policy_dir=str(folder))


def _role(number: int) -> str:
    """With a name as long as they may be."""
    return f"""  - id: another-{number}
    title: Another
    description: One of many.
    environment: prod
    domain: bank-core
    issuer: {{kind: aws-role, role_name: {f"another-{number:02}-".ljust(51, "x")}}}"""


def rules(deployment: Deployment) -> list[Any]:
    """Of those that CloudTrail's events of roles reach the recorder by."""
    return [rule for rule in all_rules(deployment) if "roleArn" in json.dumps(rule)]


def all_rules(deployment: Deployment) -> list[Any]:
    waiting = f"${{{deployment.activity_queue()[0]}.Arn}}"
    found = [rule["Properties"] for rule in deployment.of_type("AWS::Events::Rule").values()]
    return [r for r in found if deployment.text(r["Targets"][0]["Arn"]) == waiting]


def lent(deployment: Deployment) -> set[str]:
    return {
        arn
        for statement in deployment.rights_of("issue_credentials")
        if "sts:AssumeRole" in statement.actions
        for arn in statement.resources
    }


def by_and_of(deployment: Deployment, rule: Any) -> tuple[list[str], list[str]]:
    """The roles whose calls the rule hears of, and those whose assumption it hears of."""
    detail = rule["EventPattern"]["detail"]
    assert set(detail) == {"$or"}
    by_a_role, of_a_role, *others = detail["$or"]
    assert others in ([], [UNNAMED])
    assert of_a_role["eventSource"] == ["sts.amazonaws.com"]
    callers = by_a_role["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"]
    assumed = of_a_role["requestParameters"]["roleArn"]
    return [deployment.text(arn) for arn in callers], [deployment.text(arn) for arn in assumed]


def test_the_calls_and_the_assumption_of_every_lent_role_are_heard(every: Deployment) -> None:
    (rule,) = rules(every)
    callers, assumed = by_and_of(every, rule)
    assert set(callers) == set(assumed) == lent(every)
    assert rule["EventPattern"]["source"] == [{"prefix": "aws."}], "anybody may send the rest"
    assert rule["EventPattern"]["detail-type"] == ["AWS API Call via CloudTrail"]
    assert "EventBusName" not in rule, "CloudTrail speaks on the account's default bus"
    (target,) = rule["Targets"]
    assert target["RetryPolicy"] == {
        "MaximumEventAgeInSeconds": 24 * 3600,
        "MaximumRetryAttempts": 185,
    }


def test_a_flood_of_calls_takes_two_functions_at_most_and_waits_for_them(every: Deployment) -> None:
    name, _ = every.function("record_activity")
    queue, _ = every.activity_queue()
    (mapping,) = (
        each["Properties"]
        for each in every.of_type("AWS::Lambda::EventSourceMapping").values()
        if every.text(each["Properties"]["FunctionName"]) == f"${{{name}}}"
    )
    assert every.text(mapping["EventSourceArn"]) == f"${{{queue}.Arn}}"
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 2}
    assert mapping["BatchSize"] == 100
    assert mapping["MaximumBatchingWindowInSeconds"] == 5
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    may_invoke = [
        permission["Properties"]["Principal"]
        for permission in every.of_type("AWS::Lambda::Permission").values()
        if every.text(permission["Properties"]["FunctionName"]).startswith(f"${{{name}")
    ]
    assert "events.amazonaws.com" not in may_invoke, "one call each would be a call without bound"


def test_what_waits_is_not_lost_while_it_is_tried_nor_when_it_cannot_be_recorded(
    every: Deployment,
) -> None:
    _, queue = every.activity_queue()
    behind, _ = every.undelivered()
    timeout = every.function("record_activity")[1]["Properties"]["Timeout"]
    properties = queue["Properties"]
    assert properties["VisibilityTimeout"] >= 6 * timeout
    assert properties["SqsManagedSseEnabled"] is True
    assert every.text(properties["RedrivePolicy"]["deadLetterTargetArn"]) == f"${{{behind}.Arn}}"
    assert properties["RedrivePolicy"]["maxReceiveCount"] >= 5


def test_only_rules_of_the_stack_put_anything_into_the_queue(every: Deployment) -> None:
    """By their name: CloudFormation begins it with the stack's, and a queue's policy has no room
    for each of them.
    """
    queue, _ = every.activity_queue()
    (allowed,) = (
        statement
        for statement in every.resource_statements()
        if statement.effect == "Allow" and f"${{{queue}.Arn}}" in statement.resources
    )
    assert json.loads(allowed.principals) == {"Service": "events.amazonaws.com"}
    assert allowed.actions == {"sqs:SendMessage"}
    assert list(json.loads(allowed.conditions)) == ["ArnLike"]
    assert f":rule/pam-{every.env_name}-service-*" in allowed.conditions
    assert all("Name" not in rule for rule in all_rules(every))


def test_calls_that_only_read_are_heard_unless_switched_off(
    prod: Deployment, deployment_of: Any
) -> None:
    with_reads = {rule["State"] for rule in all_rules(prod)}
    assert with_reads == {"ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"}
    assert {rule["State"] for rule in all_rules(deployment_of("local"))} == {"ENABLED"}


def test_many_roles_are_spread_over_rules_whose_patterns_are_not_too_long(
    with_many_roles_and_a_log: Deployment,
) -> None:
    heard: list[str] = []
    for rule in rules(with_many_roles_and_a_log):
        callers, assumed = by_and_of(with_many_roles_and_a_log, rule)
        assert callers == assumed
        heard += callers
        pattern = json.dumps(rule["EventPattern"], separators=(",", ":"))
        for arn in rule["EventPattern"]["detail"]["$or"][1]["requestParameters"]["roleArn"]:
            written = json.dumps(arn, separators=(",", ":"))
            name = with_many_roles_and_a_log.text(arn).rpartition("/")[2]
            pattern = pattern.replace(written, f'"arn:aws:iam::111122223333:role/{name}"')
        assert len(pattern) <= PATTERN_LIMIT
    assert len(heard) == len(set(heard)) == 35
    assert set(heard) == lent(with_many_roles_and_a_log)


def test_calls_that_do_not_name_their_role_are_heard_once(
    with_many_roles_and_a_log: Deployment,
) -> None:
    heard = [rule["EventPattern"]["detail"]["$or"] for rule in rules(with_many_roles_and_a_log)]
    assert len(heard) > 1
    assert [UNNAMED in alternatives for alternatives in heard].count(True) == 1


def test_without_a_log_in_the_catalogue_nothing_is_subscribed(every: Deployment) -> None:
    assert every.of_type("AWS::Logs::SubscriptionFilter") == {}


def test_a_databases_log_is_subscribed_for_the_lines_of_sessions(
    with_many_roles_and_a_log: Deployment,
) -> None:
    deployment = with_many_roles_and_a_log
    _, subscription = deployment.only("AWS::Logs::SubscriptionFilter")
    function = f"${{{deployment.function('record_activity')[0]}.Arn}}"
    assert deployment.text(subscription["Properties"]["DestinationArn"]) == function
    assert subscription["Properties"]["LogGroupName"] == LOG_GROUP
    assert subscription["Properties"]["FilterPattern"] == "%pam_[0-9a-z]{26}%"
    (needed,) = (
        name
        for name, permission in deployment.of_type("AWS::Lambda::Permission").items()
        if permission["Properties"]["Principal"] == "logs.amazonaws.com"
    )
    assert subscription["DependsOn"] == [needed]


def test_only_that_log_group_of_this_account_may_call_the_recorder(
    with_many_roles_and_a_log: Deployment,
) -> None:
    deployment = with_many_roles_and_a_log
    (permission,) = (
        permission["Properties"]
        for permission in deployment.of_type("AWS::Lambda::Permission").values()
        if permission["Properties"]["Principal"] == "logs.amazonaws.com"
    )
    assert permission["SourceAccount"] == {"Ref": "AWS::AccountId"}
    assert deployment.text(permission["SourceArn"]).endswith(f":log-group:{LOG_GROUP}:*")
    assert deployment.text(permission["FunctionName"]) == (
        f"${{{deployment.function('record_activity')[0]}.Arn}}"
    )


def test_the_recorder_puts_items_and_deletes_or_updates_none(every: Deployment) -> None:
    table, _ = every.table()
    for statement in every.rights_of("record_activity"):
        if any(action.startswith("dynamodb:") for action in statement.actions):
            assert statement.actions <= ITEMS | {"dynamodb:BatchGetItem"}
            assert {each.partition("/")[0] for each in statement.resources} == {f"${{{table}.Arn}}"}


@pytest.mark.parametrize(
    "name", ["core-ledger", "/aws/lambda/x", "/aws/rds/", "/aws/rds/a b", "/aws/rds/*"]
)
def test_a_statement_log_is_a_log_group_of_rds(name: str) -> None:

    issuer = {"kind": "postgres-user", "secret": "s", "group_role": "g"}
    assert Entry(**issuer, statement_log=LOG_GROUP).statement_log == LOG_GROUP
    with pytest.raises(ValidationError):
        Entry(**issuer, statement_log=name)
