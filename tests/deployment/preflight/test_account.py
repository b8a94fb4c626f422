"""Is this the account that is meant, and can the CDK deploy there?"""

from typing import Any

import pytest

from deployment.preflight.check import Verdict
from deployment.preflight.checks import before_deployment
from tests.deployment.ready import CONFIG, HOME, PUBLISHED, Ready, stacks

LIMIT = "lambda.GetAccountSettings"


def verdicts(ready: Ready, name: str, **changed: Any) -> list[Verdict]:
    return [finding.verdict for finding in ready.look(name, **changed)]


def test_credentials_of_another_account_are_wrong_and_those_of_a_callers_account_are_not() -> None:
    ready = Ready()
    ready.account = "999999999999"
    assert verdicts(ready, "account") == [Verdict.WRONG]
    assert verdicts(ready, "account", config={"witness_account": ready.account}) == [Verdict.OK]


def test_an_account_that_cdk_json_does_not_name_is_told() -> None:
    (finding,) = Ready().look("account", config={"account": None})
    assert finding.verdict is Verdict.WARNING
    assert HOME in finding.remedy


def test_from_another_account_only_what_can_be_seen_there_is_asked() -> None:
    ready = Ready()
    ready.account = "999999999999"
    (finding,) = ready.look("subscriptions")
    assert (finding.verdict, ready.asked) == (Verdict.UNKNOWN, [])
    assert HOME in finding.said


@pytest.mark.parametrize("version", ["5", "0", "", "six"])
def test_a_bootstrap_that_is_too_old_is_wrong(version: str) -> None:
    ready = Ready()
    ready.parameters["/cdk-bootstrap/hnb659fds/version"] = version
    assert Verdict.WRONG in verdicts(ready, "bootstrap")


def test_a_region_without_bootstrap_is_told_with_the_command() -> None:
    ready = Ready()
    del ready.parameters["/cdk-bootstrap/hnb659fds/version"]
    finding = ready.look("bootstrap")[0]
    assert finding.verdict is Verdict.WRONG
    assert finding.remedy == f"npx cdk bootstrap aws://{HOME}/eu-west-1"


def test_an_execution_role_that_may_not_ask_for_outputs_is_wrong() -> None:
    ready = Ready()
    ready.denied.add(
        (f"cdk-hnb659fds-cfn-exec-role-{HOME}-eu-west-1", "cloudformation:DescribeStacks")
    )
    assert verdicts(ready, "bootstrap")[-1] is Verdict.WRONG


def test_a_stack_that_was_never_made_to_the_end_is_in_the_way() -> None:
    ready = Ready()
    ready.answers["cloudformation.DescribeStacks"] = {
        "Stacks": [
            {"StackName": "pam-prod-service", "StackId": "x", "StackStatus": "ROLLBACK_COMPLETE"}
        ]
    }
    assert verdicts(ready, "leftovers") == [Verdict.WRONG]


@pytest.mark.parametrize(("stands", "verdict"), [(False, Verdict.WRONG), (True, Verdict.WARNING)])
def test_a_table_of_no_stack_is_in_the_way_of_the_first_deployment_only(
    stands: bool, verdict: Verdict
) -> None:
    ready = Ready()
    if not stands:
        ready.answers["cloudformation.DescribeStacks"] = {"Stacks": []}
    ready.answers["dynamodb.DescribeTable"] = {}
    ready.answers["resourcegroupstaggingapi.GetResources"] = {
        "ResourceTagMappingList": [
            {"ResourceARN": f"arn:aws:dynamodb:eu-west-1:{HOME}:table/pam-prod-grants", "Tags": []}
        ]
    }
    assert verdicts(ready, "leftovers") == [verdict]


def test_another_pam_of_the_account_is_told() -> None:
    ready = Ready()
    ready.answers["ssm.DescribeParameters"] = {
        "Parameters": [
            {"Name": "/bank/uat/mod046/events/bus-name"},
            {"Name": "/bank/uat/mod046/tier1-topic/arn"},
            {"Name": "/elsewhere/uat2/mod046/x"},
        ]
    }
    (finding,) = ready.look("other PAM")
    assert finding.verdict is Verdict.WARNING
    assert "uat is in this account too, and lends the same roles" in finding.said


@pytest.mark.parametrize(
    ("quota", "unreserved", "had", "reserves", "verdict"),
    [
        (1000, 1000, 0, 17, Verdict.OK),
        (1000, 117, 0, 17, Verdict.OK),
        (1000, 116, 0, 17, Verdict.WRONG),
        # What is deployed already was taken out before.
        (1000, 100, 17, 17, Verdict.OK),
        (1000, 100, 0, 0, Verdict.OK),
        (10, 10, 0, 0, Verdict.WARNING),
        (10, 10, 0, 1, Verdict.WRONG),
        (999, 999, 0, 17, Verdict.WARNING),
    ],
)
def test_the_quota_has_to_hold_what_the_templates_reserve(
    quota: int, unreserved: int, had: int, reserves: int, verdict: Verdict
) -> None:
    ready = Ready()
    ready.answers[LIMIT] = {
        "AccountLimit": {
            "ConcurrentExecutions": quota,
            "UnreservedConcurrentExecutions": unreserved,
        }
    }
    ready.answers["lambda.GetFunctionConcurrency"] = {"ReservedConcurrentExecutions": had}
    function: dict[str, Any] = {"Type": "AWS::Lambda::Function", "Properties": {}}
    if reserves:
        function["Properties"] = {"ReservedConcurrentExecutions": reserves}
    assert verdicts(ready, "Lambda quota", stacks=stacks({"Function": function})) == [verdict]


def test_what_is_wrong_and_blocks_keeps_a_deployment_back_and_nothing_else_does(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ready = Ready()
    ready.answers["cloudtrail.DescribeTrails"] = {"trailList": []}
    assert before_deployment(CONFIG, ready.clients, stacks()) == 0
    assert "trail" not in capsys.readouterr().out

    ready.answers[LIMIT] = {
        "AccountLimit": {"ConcurrentExecutions": 10, "UnreservedConcurrentExecutions": 10}
    }
    assert PUBLISHED["Function"]
    assert before_deployment(CONFIG, ready.clients, stacks()) == 1
    assert "Lambda quota" in capsys.readouterr().out
