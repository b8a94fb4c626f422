"""Can people come, does nobody come in their place, and who else could act as PAM?"""

from typing import Any

import pytest

from deployment.preflight.check import Verdict
from tests.deployment.ready import FUNCTION, HOME, SETS, Ready, role

NAME = f"AWSReservedSSO_{SETS[0]}_0123456789abcdef"
PASSED = f"arn:aws:iam::{HOME}:role/pam-prod-credential-issuer"


def test_a_permission_set_that_is_not_in_its_account_is_wrong() -> None:
    ready = Ready()
    del ready.roles[NAME]
    (finding,) = ready.look("permission sets")
    assert finding.verdict is Verdict.WRONG
    assert SETS[0] in finding.said


@pytest.mark.parametrize("path", ["/", "/sso/", "/x/aws-reserved/sso.amazonaws.com/"])
def test_a_role_that_only_looks_like_one_is_wrong_and_stands_for_none(path: str) -> None:
    ready = Ready()
    ready.roles[NAME] = role(NAME, path)
    found = ready.look("permission sets")
    assert [it.verdict for it in found] == [Verdict.WRONG, Verdict.WRONG]
    assert "made it by hand" in found[0].said


def test_a_permission_set_that_may_not_call_or_find_the_api_is_wrong() -> None:
    for action in ("execute-api:Invoke", "ssm:GetParameter"):
        ready = Ready()
        ready.denied.add((NAME, action))
        (finding,) = (it for it in ready.look("callers' rights") if it.verdict is not Verdict.OK)
        assert finding.verdict is Verdict.WRONG
        assert action in finding.said


def test_accounts_of_other_credentials_are_told_with_what_to_run_there() -> None:
    ready = Ready()
    ready.account = "999999999999"
    (finding,) = ready.look("permission sets")
    assert finding.verdict is Verdict.UNKNOWN
    assert f"AWS_PROFILE=<one of account {HOME}>" in finding.remedy


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def inline(*statements: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"PolicyName": "p", "PolicyDocument": {"Statement": list(statements)}}]


def principal(name: str, **more: Any) -> dict[str, Any]:
    return {"RoleName": name, "Arn": f"arn:aws:iam::{HOME}:role/{name}", **more}


BOTH = {"lambda:InvokeFunction", "iam:PassRole"}
POWERS: dict[str, tuple[list[dict[str, Any]], set[str]]] = {
    "an administrator": ([allow("*")], BOTH),
    "by wildcards": ([allow(["lambda:Inv*", "IAM:Pass?ole"])], BOTH),
    "on this function": ([allow("lambda:InvokeFunction", FUNCTION)], {"lambda:InvokeFunction"}),
    "on pam's roles": ([allow("iam:PassRole", "arn:aws:iam::*:role/pam-*")], {"iam:PassRole"}),
    "all but some": (
        [{"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*"}],
        {"lambda:InvokeFunction"},
    ),
    "on all but some": (
        [{"Effect": "Allow", "Action": "iam:*", "NotResource": ["arn:aws:s3:::*"]}],
        {"iam:PassRole"},
    ),
    "under a condition, which is not looked at": (
        [allow("iam:PassRole", Condition={"StringEquals": {"iam:PassedToService": "ec2"}})],
        {"iam:PassRole"},
    ),
    "denied again": (
        [allow("*"), {"Effect": "Deny", "Action": ["iam:*"], "Resource": "*"}],
        {"lambda:InvokeFunction"},
    ),
    "denied under a condition, which may not hold": (
        [allow("*"), {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Bool": {}}}],
        BOTH,
    ),
    "on other functions": ([allow("lambda:InvokeFunction", f"{FUNCTION}x")], set()),
    "another right": ([allow(["lambda:List*", "iam:Get*"])], set()),
    "nothing": ([], set()),
}


@pytest.mark.parametrize("how", POWERS)
def test_who_may_invoke_pams_functions_or_pass_its_roles_is_told(how: str) -> None:
    statements, powers = POWERS[how]
    ready = Ready()
    ready.answers["iam.GetAccountAuthorizationDetails"] = {
        "RoleDetailList": [principal("theirs", RolePolicyList=inline(*statements))]
    }
    found = ready.look("others' powers")
    told = {it.said.split()[0] for it in found if it.verdict is Verdict.WARNING}
    assert told == powers
    assert all("theirs" in it.said for it in found if it.verdict is Verdict.WARNING)
    assert all("not looked at" in it.said for it in found)


def test_rights_by_a_group_or_by_a_managed_policy_count_and_pams_own_roles_do_not() -> None:
    ready = Ready()
    attached = [{"PolicyArn": "arn:aws:iam::aws:policy/Power", "PolicyName": "Power"}]
    document = {"Statement": [allow("*")]}
    ready.answers["iam.GetAccountAuthorizationDetails"] = {
        "UserDetailList": [
            {"UserName": "u", "Arn": f"arn:aws:iam::{HOME}:user/by-group", "GroupList": ["g"]}
        ],
        "GroupDetailList": [{"GroupName": "g", "GroupPolicyList": inline(allow("*"))}],
        "RoleDetailList": [
            principal("by-managed", AttachedManagedPolicies=attached),
            principal("pam-prod-service-Tick", AttachedManagedPolicies=attached),
            principal("aws-service-role/x/AWSServiceRoleForX", AttachedManagedPolicies=attached),
        ],
        "Policies": [
            {
                "Arn": "arn:aws:iam::aws:policy/Power",
                "PolicyVersionList": [{"Document": document, "IsDefaultVersion": True}],
            }
        ],
    }
    for finding in ready.look("others' powers"):
        assert "by-group" in finding.said
        assert "by-managed" in finding.said
        assert "Tick" not in finding.said
        assert "AWSServiceRole" not in finding.said
    assert PASSED
