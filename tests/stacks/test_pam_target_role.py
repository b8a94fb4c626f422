"""The role that a team lends: who gets in, under which conditions, and what can take it back."""

import json
import re
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from pam.domain import role_limits
from stacks.pam_target_role import PamTargetRole
from stacks.synthesis import ROOT, apply_rules, new_app, templates

OWN_ACCOUNT = "222233334444"
PAM_ACCOUNT = "111122223333"


def _lend(**arguments: Any) -> dict[str, dict[str, Any]]:
    """The resources of a team's stack that lends one role, by kind and then by name."""
    app = new_app("prod")
    apply_rules(app)
    stack = cdk.Stack(app, "team", env=cdk.Environment(account=OWN_ACCOUNT, region="eu-west-1"))
    PamTargetRole(
        stack,
        "Ledger",
        role_name="pam-target-ledger",
        env_name="prod",
        statements=[
            iam.PolicyStatement(actions=["s3:GetObject"], resources=["arn:aws:s3:::ledger/report"])
        ],
        **arguments,
    )
    return {
        next(
            (
                resource["Properties"][name]
                for name in ("RoleName", "ManagedPolicyName")
                if name in resource["Properties"]
            ),
            resource["Type"],
        ): resource["Properties"]
        for resource in templates(app)["team"]["Resources"].values()
    }


@pytest.fixture(scope="module")
def lent() -> dict[str, dict[str, Any]]:
    return _lend()


@pytest.fixture(scope="module")
def lent_across_accounts() -> dict[str, dict[str, Any]]:
    return _lend(pam_account=PAM_ACCOUNT)


def _trusted(account: str) -> dict[str, list[str]]:
    roles = ("pam-prod-activator", "pam-prod-credential-issuer")
    return {"AWS": [f"arn:aws:iam::{account}:role/{role}" for role in roles]}


def _trust(role: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        statement["Action"]: statement
        for statement in role["AssumeRolePolicyDocument"]["Statement"]
    }


def test_only_the_issuer_and_the_activator_get_in(lent: dict[str, dict[str, Any]]) -> None:
    trust = _trust(lent["pam-target-ledger"])

    assert set(trust) == {"sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"}
    for statement in trust.values():
        assert statement["Effect"] == "Allow"
        assert statement["Principal"] == _trusted(OWN_ACCOUNT)


def test_nobody_gets_in_without_a_source_identity_and_the_session_tag(
    lent: dict[str, dict[str, Any]],
) -> None:
    trust = _trust(lent["pam-target-ledger"])
    tag, identity = {"aws:RequestTag/pam:session_id": "?*"}, {"sts:SourceIdentity": "?*"}

    assert trust["sts:AssumeRole"]["Condition"] == {"StringLike": tag | identity}
    assert trust["sts:TagSession"]["Condition"] == {"StringLike": tag}
    assert trust["sts:SetSourceIdentity"]["Condition"] == {"StringLike": identity}


def test_no_session_is_longer_than_an_hour(lent: dict[str, dict[str, Any]]) -> None:
    assert lent["pam-target-ledger"]["MaxSessionDuration"] == 3600


def test_the_inline_quota_belongs_to_revocation(lent: dict[str, dict[str, Any]]) -> None:
    assert "Policies" not in lent["pam-target-ledger"]
    assert [statement["Action"] for statement in _rights(lent["AWS::IAM::ManagedPolicy"])] == [
        "s3:GetObject"
    ]
    (holder,) = lent["AWS::IAM::Policy"]["Roles"]
    assert holder["Ref"].startswith("LedgerRevoker")


def test_only_the_revocation_becomes_the_revoker(lent: dict[str, dict[str, Any]]) -> None:
    (statement,) = lent["pam-target-ledger-pam-revoker"]["AssumeRolePolicyDocument"]["Statement"]

    assert statement["Action"] == "sts:AssumeRole"
    assert statement["Principal"] == {"AWS": f"arn:aws:iam::{OWN_ACCOUNT}:role/pam-prod-revocation"}


def test_the_revoker_writes_inline_policies_of_the_one_role(
    lent: dict[str, dict[str, Any]],
) -> None:
    on_role, on_boundary = _rights(lent["AWS::IAM::Policy"])

    assert set(on_role["Action"]) == {
        "iam:DeleteRolePolicy",
        "iam:GetRole",
        "iam:GetRolePolicy",
        "iam:ListRolePolicies",
        "iam:PutRolePolicy",
    }
    assert on_role["Resource"]["Fn::GetAtt"][0].startswith("LedgerRole")
    assert set(on_boundary["Action"]) == {"iam:GetPolicy", "iam:GetPolicyVersion"}
    assert on_boundary["Resource"]["Ref"].startswith("LedgerBoundary")


def test_every_session_of_the_role_is_bound_by_a_policy_of_its_own(
    lent: dict[str, dict[str, Any]],
) -> None:
    boundary = lent["pam-target-ledger-boundary"]
    assert lent["pam-target-ledger"]["PermissionsBoundary"]["Ref"].startswith("LedgerBoundary")
    assert boundary["Path"] == "/pam/"
    assert boundary["PolicyDocument"] == role_limits.boundary("pam-target-ledger", iam_writes=False)
    assert not {"Roles", "Users", "Groups"} & boundary.keys(), "it gives nobody a right"


def test_what_no_lease_may_change_is_known_by_its_tag_or_its_path(
    lent: dict[str, dict[str, Any]],
) -> None:
    for role in ("pam-target-ledger", "pam-target-ledger-pam-revoker"):
        assert {"Key": "pam:module", "Value": "MOD-046"} in lent[role]["Tags"]
    assert lent["AWS::IAM::ManagedPolicy"]["Path"] == "/pam/"


def test_a_role_whose_name_makes_its_boundary_too_long_is_refused() -> None:
    stack = cdk.Stack(cdk.App(), "team")
    with pytest.raises(ValueError, match="AWS takes 6144"):
        PamTargetRole(stack, "Ledger", role_name="x" * 6_000, env_name="prod")


def test_a_role_can_be_lent_from_another_account(
    lent_across_accounts: dict[str, dict[str, Any]],
) -> None:
    for statement in _trust(lent_across_accounts["pam-target-ledger"]).values():
        assert statement["Principal"] == _trusted(PAM_ACCOUNT)
    revoker = lent_across_accounts["pam-target-ledger-pam-revoker"]
    (statement,) = revoker["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"AWS": f"arn:aws:iam::{PAM_ACCOUNT}:role/pam-prod-revocation"}


def _rights(policy: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


@pytest.mark.parametrize("number", [0, 1])
def test_the_documented_boundary_is_the_one_that_is_looked_for(number: int) -> None:
    text = (ROOT / "docs" / "roles.md").read_text(encoding="utf-8")
    block = re.findall(r"```json\n(.*?)```", text, flags=re.DOTALL)[number]
    assert json.loads(block) == role_limits.boundary("ROLE", iam_writes=bool(number))
