"""Each lent role: who may take it, what binds it, and whether its leases can be ended."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from deployment.preflight.check import Finding, Verdict
from deployment.preflight.trust import faults_of
from tests.deployment.ready import ACTIVATOR, HOME, IDENTITY, ISSUER, ROLES, TAG, Ready, role, trust

NAME = ROLES[0]
Spoil = Callable[[dict[str, Any]], None]


def findings(ready: Ready) -> list[Finding]:
    """Of the one role that a test spoils."""
    return [it for it in ready.look("lent roles") if it.verdict is not Verdict.OK]


def _another_account(policy: dict[str, Any]) -> None:
    policy["Statement"][0]["Principal"]["AWS"].append("arn:aws:iam::999999999999:root")


def _anybody(policy: dict[str, Any]) -> None:
    policy["Statement"][0]["Principal"] = "*"


def _a_service(policy: dict[str, Any]) -> None:
    policy["Statement"].append(
        {
            "Effect": "Allow",
            "Principal": {"Service": "ec2.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    )


def _no_tag(policy: dict[str, Any]) -> None:
    policy["Statement"][0]["Condition"]["StringLike"].pop(TAG)


def _no_identity(policy: dict[str, Any]) -> None:
    policy["Statement"][0]["Condition"]["StringLike"].pop(IDENTITY)


def _no_condition(policy: dict[str, Any]) -> None:
    policy["Statement"][0].pop("Condition")


def _if_exists(policy: dict[str, Any]) -> None:
    condition = policy["Statement"][0]["Condition"]
    condition["StringLikeIfExists"] = condition.pop("StringLike")


def _an_empty_tag_will_do(policy: dict[str, Any]) -> None:
    policy["Statement"][1]["Condition"]["StringLike"][TAG] = "*"


def _one_of_two_values(policy: dict[str, Any]) -> None:
    policy["Statement"][1]["Condition"]["StringLike"][TAG] = ["?*", ""]


def _all_of_sts(policy: dict[str, Any]) -> None:
    policy["Statement"][0]["Action"] = "sts:*"


def _whatever_else(policy: dict[str, Any]) -> None:
    policy["Statement"][0]["NotAction"] = policy["Statement"][0].pop("Action")


def _without_activator(policy: dict[str, Any]) -> None:
    policy["Statement"][2]["Principal"]["AWS"].remove(ACTIVATOR)


def _denied_to_the_issuer_only(policy: dict[str, Any]) -> None:
    del policy["Statement"][1]


def _not_principal(policy: dict[str, Any]) -> None:
    policy["Statement"][0]["NotPrincipal"] = policy["Statement"][0].pop("Principal")


SPOILT: dict[str, Spoil] = {
    "another account beside PAM": _another_account,
    "anybody": _anybody,
    "a service": _a_service,
    "no session tag asked for": _no_tag,
    "no source identity asked for": _no_identity,
    "no condition at all": _no_condition,
    "a condition that passes where the key is absent": _if_exists,
    "an empty tag": _an_empty_tag_will_do,
    "an empty tag beside one": _one_of_two_values,
    "all of STS": _all_of_sts,
    "all but some": _whatever_else,
    "all principals but some": _not_principal,
    "the activator left out": _without_activator,
    "no right to tag": _denied_to_the_issuer_only,
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_trust_policy_that_is_not_as_documented_is_wrong(how: str) -> None:
    ready = Ready()
    SPOILT[how](ready.roles[NAME]["AssumeRolePolicyDocument"])

    found = findings(ready)

    assert found
    assert {it.verdict for it in found} == {Verdict.WRONG}
    assert all("its trust policy" in it.said and NAME in it.said for it in found)


def test_the_documented_trust_has_no_fault_in_either_spelling() -> None:
    assert [*faults_of(trust(), issuer=ISSUER, activator=ACTIVATOR)] == []
    alike = copy.deepcopy(trust())
    for statement in alike["Statement"]:
        statement["Action"] = [statement["Action"]]
        statement["Condition"]["StringLike"] = {
            key: [value] for key, value in statement["Condition"]["StringLike"].items()
        }
    assert [*faults_of(alike, issuer=ISSUER, activator=ACTIVATOR)] == []


def test_a_role_that_is_not_there_or_under_another_path_is_wrong() -> None:
    ready = Ready()
    ready.roles[NAME] = role(NAME, "/team/", trusts=trust())
    assert "/team/" in findings(ready)[0].said
    del ready.roles[NAME]
    (finding,) = findings(ready)
    assert finding.verdict is Verdict.WRONG
    assert "docs/roles.md" in finding.remedy


@pytest.mark.parametrize("bound", [{}, {"PermissionsBoundaryArn": "arn:aws:iam::aws:policy/Any"}])
def test_a_role_without_its_boundary_is_wrong(bound: dict[str, str]) -> None:
    ready = Ready()
    ready.roles[NAME]["PermissionsBoundary"] = bound
    (finding,) = findings(ready)
    assert finding.verdict is Verdict.WRONG
    assert f"policy/pam/{NAME}-boundary" in finding.remedy


def test_a_boundary_that_says_something_else_is_wrong() -> None:
    ready = Ready()
    ready.boundaries[NAME] = {"Version": "2012-10-17", "Statement": []}
    (finding,) = findings(ready)
    assert (finding.verdict, "says something else" in finding.said) == (Verdict.WRONG, True)


def _without_revoker(ready: Ready) -> None:
    del ready.roles[f"{NAME}-pam-revoker"]


def _revoker_elsewhere(ready: Ready) -> None:
    ready.roles[f"{NAME}-pam-revoker"]["Arn"] = f"arn:aws:iam::{HOME}:role/x/{NAME}-pam-revoker"


def _revoker_of_others(ready: Ready) -> None:
    statement = ready.roles[f"{NAME}-pam-revoker"]["AssumeRolePolicyDocument"]["Statement"][0]
    statement["Principal"] = {"AWS": [ISSUER]}


def _revoker_without_rights(ready: Ready) -> None:
    ready.denied.add((f"{NAME}-pam-revoker", "iam:PutRolePolicy"))


@pytest.mark.parametrize(
    "spoil", [_without_revoker, _revoker_elsewhere, _revoker_of_others, _revoker_without_rights]
)
def test_a_role_that_pam_cannot_end_leases_of_is_wrong(spoil: Callable[[Ready], None]) -> None:
    ready = Ready()
    spoil(ready)
    (finding,) = findings(ready)
    assert finding.verdict is Verdict.WRONG


@pytest.mark.parametrize(
    ("characters", "verdict"), [(9_500, Verdict.WRONG), (2_000, Verdict.WARNING)]
)
def test_inline_policies_that_take_the_room_of_denies_are_told(
    characters: int, verdict: Verdict
) -> None:
    ready = Ready()
    ready.inline[NAME] = {"theirs": {"Statement": [{"Sid": "x" * characters}]}}
    (finding,) = findings(ready)
    assert finding.verdict is verdict


def test_pams_own_denies_are_what_the_room_is_for() -> None:
    ready = Ready()
    ready.inline[NAME] = {"pam-revoke-01JD8XGZ6Q3M4V5N6P7R8S9T0A": {"Statement": ["x" * 9_999]}}
    assert findings(ready) == []


def test_a_role_with_rights_to_change_iam_is_told_though_its_boundary_denies_them() -> None:
    ready = Ready()
    ready.denied -= {(NAME, "iam:CreateUser")}
    (finding,) = findings(ready)
    assert finding.verdict is Verdict.WARNING
    assert "iam:CreateUser" in finding.said
    asked = [said for call, _, said in ready.asked if call == "iam.SimulatePrincipalPolicy"]
    unbounded = [it for it in asked if "iam:CreateUser" in it["ActionNames"]]
    assert unbounded
    assert all("PermissionsBoundaryPolicyInputList" in it for it in unbounded)


def test_before_pam_is_deployed_no_role_can_trust_it_and_none_is_wrong() -> None:
    ready = Ready()
    ready.roles.clear()
    (finding,) = findings(ready)
    assert finding.verdict is Verdict.WARNING


def test_roles_of_another_account_are_told_with_what_to_run_there() -> None:
    ready = Ready()
    ready.account = "999999999999"
    (finding,) = findings(ready)
    assert finding.verdict is Verdict.UNKNOWN
    assert finding.said.startswith(f"{len(ROLES)} lent role(s) of account {HOME}")
    assert f"AWS_PROFILE=<one of account {HOME}> make preflight ENV=prod" in finding.remedy
