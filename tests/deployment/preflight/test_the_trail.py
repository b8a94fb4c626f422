"""Does PAM hear what is done with lent roles, and with its own API?"""

from typing import Any

import pytest

from deployment.preflight.check import Finding, Verdict
from tests.deployment.ready import HOME, REGION, ROLES, Ready

ALL = {"ReadWriteType": "All", "IncludeManagementEvents": True}
MANAGEMENT = {"Field": "eventCategory", "Equals": ["Management"]}


def selectors(**said: Any) -> dict[str, Any]:
    return {"cloudtrail.GetEventSelectors": said}


def trail(**said: Any) -> dict[str, Any]:
    usual = {"Name": "all", "TrailARN": "arn:all", "IsMultiRegionTrail": True}
    return {"cloudtrail.DescribeTrails": {"trailList": [usual | said]}}


def advanced(*fields: dict[str, Any]) -> dict[str, Any]:
    return selectors(AdvancedEventSelectors=[{"FieldSelectors": [MANAGEMENT, *fields]}])


TELLS_ALL = {
    "as usual": {},
    "by an advanced selector": advanced(),
    "by two": selectors(
        AdvancedEventSelectors=[
            {"FieldSelectors": [MANAGEMENT, {"Field": "readOnly", "Equals": ["true"]}]},
            {"FieldSelectors": [MANAGEMENT, {"Field": "readOnly", "Equals": ["false"]}]},
        ]
    ),
    "reads and writes apart": selectors(
        EventSelectors=[ALL | {"ReadWriteType": "ReadOnly"}, ALL | {"ReadWriteType": "WriteOnly"}]
    ),
}
TELLS_LESS = {
    "no trail": {"cloudtrail.DescribeTrails": {"trailList": []}},
    "one region": trail(IsMultiRegionTrail=False),
    "no global services": trail(IncludeGlobalServiceEvents=False),
    "not logging": {"cloudtrail.GetTrailStatus": {"IsLogging": False}},
    "writes only": selectors(EventSelectors=[ALL | {"ReadWriteType": "WriteOnly"}]),
    "data events only": selectors(EventSelectors=[ALL | {"IncludeManagementEvents": False}]),
    "no selector": selectors(EventSelectors=[]),
    "advanced, reads only": advanced({"Field": "readOnly", "Equals": ["true"]}),
    "advanced, without some services": advanced(
        {"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]}
    ),
    "advanced, data": selectors(
        AdvancedEventSelectors=[
            {"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}]}
        ]
    ),
}


def one(found: list[Finding]) -> Verdict:
    (finding,) = found
    return finding.verdict


@pytest.mark.parametrize("how", TELLS_ALL)
def test_a_trail_that_tells_all_is_enough(how: str) -> None:
    ready = Ready()
    ready.answers |= TELLS_ALL[how]
    assert one(ready.look("trail")) is Verdict.OK


@pytest.mark.parametrize("how", TELLS_LESS)
def test_a_trail_that_tells_less_is_wrong(how: str) -> None:
    ready = Ready()
    ready.answers |= TELLS_LESS[how]
    assert one(ready.look("trail")) is Verdict.WRONG


def test_one_good_trail_beside_a_bad_one_is_enough() -> None:
    ready = Ready()
    bad = {"Name": "bad", "TrailARN": "arn:bad", "IsMultiRegionTrail": False}
    good = bad | {"Name": "good", "IsMultiRegionTrail": True}
    ready.answers["cloudtrail.DescribeTrails"] = {"trailList": [bad, good]}
    assert one(ready.look("trail")) is Verdict.OK


def _off(rule: dict[str, Any]) -> None:
    rule["State"] = "DISABLED"


def _of_another_pattern(rule: dict[str, Any]) -> None:
    rule["EventPattern"] = '{"source": ["aws.s3"]}'


@pytest.mark.parametrize("spoil", [_off, _of_another_pattern])
def test_a_region_whose_rule_does_not_forward_is_wrong(spoil: Any) -> None:
    ready = Ready()
    answer = ready.answers["events.ListRules"]
    assert callable(answer)
    rules = answer({})
    spoil(rules["Rules"][0])
    ready.answers["events.ListRules"] = rules
    (finding,) = ready.look("forwarders")
    assert finding.verdict is Verdict.WRONG
    assert finding.said.startswith("us-east-1 forwards nothing")


def test_a_rule_that_sends_elsewhere_or_leaves_a_role_out_is_wrong() -> None:
    ready = Ready()
    ready.answers["events.ListTargetsByRule"] = {
        "Targets": [{"Id": "0", "Arn": f"arn:aws:events:us-east-1:{HOME}:event-bus/default"}]
    }
    assert one(ready.look("forwarders")) is Verdict.WRONG
    ready = Ready()
    arns = ready.pattern["detail"]["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"]
    arns.remove(f"arn:aws:iam::{HOME}:role/{ROLES[0]}")
    (finding,) = ready.look("forwarders")
    assert finding.verdict is Verdict.WRONG
    assert ROLES[0] in finding.said


def test_the_forwarder_is_looked_for_in_its_own_region_and_not_in_pams() -> None:
    ready = Ready()
    assert one(ready.look("forwarders")) is Verdict.OK
    assert {region for call, region, _ in ready.asked} == {"us-east-1"}
    assert one(Ready().look("forwarders", config={"region": "us-east-1"}, stacks=())) is Verdict.OK


@pytest.mark.parametrize(
    ("role", "ours", "verdict"),
    [
        ("", True, Verdict.OK),
        (f"arn:aws:iam::{HOME}:role/pam-prod-service-RequestApiLog", True, Verdict.OK),
        (f"arn:aws:iam::{HOME}:role/theirs", True, Verdict.WARNING),
        (f"arn:aws:iam::{HOME}:role/theirs", False, Verdict.OK),
        ("", False, Verdict.WRONG),
    ],
)
def test_the_gateways_log_needs_a_role_and_only_one_fits(
    role: str, ours: bool, verdict: Verdict
) -> None:
    ready = Ready()
    ready.answers["apigateway.GetAccount"] = {"cloudwatchRoleArn": role} if role else {}
    found = ready.look("API Gateway log", config={"account_api_logging": ours})
    assert one(found) is verdict
    assert REGION
