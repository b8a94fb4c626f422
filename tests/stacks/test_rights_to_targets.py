"""Which functions reach targets, by which roles and secrets, and what no lease may change."""

import json
from collections.abc import Callable

import pytest

from pam.names import activator_role_name, issuer_role_name, revocation_role_name
from pam.policy.compiled import PolicyError
from stacks.synthesis import build, new_app
from tests.stacks.powers import rotates
from tests.stacks.template import Deployment


def test_secrets_are_read_and_rotated_by_name_and_no_others(every: Deployment) -> None:
    def named(action: str) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for statement in every.identity_statements():
            if action in statement.actions:
                names = {arn.partition(":secret:")[2] for arn in statement.resources}
                found.setdefault(statement.owner, set()).update(names)
        return found

    env = every.env_name
    trusted = {name(env) for name in (activator_role_name, issuer_role_name, revocation_role_name)}
    reports = "bank/core-reporting-db/reports-??????"
    logins = {
        reports,
        "bank/core-ledger-db/pam-issuer-??????",
        "bank/core-reporting-db/pam-issuer-??????",
    }
    reading = named("secretsmanager:GetSecretValue")
    assert all(reading[role] == logins for role in trusted)
    rotating = named("secretsmanager:RotateSecret")
    activator, revocation = activator_role_name(env), revocation_role_name(env)
    assert rotating == {activator: {reports}}
    changing = named("secretsmanager:PutSecretValue")
    assert changing[activator] == changing[revocation] == {reports}
    assert set(map(frozenset, changing.values())) == {frozenset({reports})}
    assert len(changing) == (3 if rotates(every) else 2)
    of_slack = {
        every.role_of(every.function(handler)[1])
        for handler in ("slack_door", "paint_slack")
        if every.of_handler(handler)
    }
    assert set(reading) == {*trusted, *changing, *of_slack}
    for role in of_slack:
        assert all(name.startswith(f"pam/{env}/slack/") for name in reading[role])


@pytest.mark.guarantee("G11")
def test_only_the_issuer_and_the_activator_may_assume_target_roles(every: Deployment) -> None:
    lending = _assuming(every, lambda role: not role.endswith("-pam-revoker"))
    roles = {issuer_role_name(every.env_name), activator_role_name(every.env_name)}

    assert set(lending) == {(owner, arn) for owner in roles for arn in {arn for _, arn in lending}}
    assert sorted({arn.rpartition("/")[2] for _, arn in lending}) == [
        "pam-target-core-ledger-admin",
        "pam-target-core-ledger-uat-admin",
        "pam-target-core-sandbox-admin",
        "pam-target-kyc-documents-read",
        "pam-target-kyc-sandbox-read",
    ]


@pytest.mark.guarantee("G11")
@pytest.mark.parametrize("handler", ["activate_session", "issue_credentials", "revoke_session"])
def test_a_role_is_assumed_by_the_code_of_the_function_and_not_by_whoever_has_its_role(
    every: Deployment, handler: str
) -> None:
    name, _ = every.function(handler)
    only_here = {"ArnEquals": json.dumps({"lambda:SourceFunctionArn": f"${{{name}.Arn}}"})}
    assuming = [s for s in every.rights_of(handler) if "sts:AssumeRole" in s.actions]

    assert assuming
    for statement in assuming:
        assert json.loads(statement.conditions) == only_here


def test_only_the_revocation_may_assume_revoker_roles(every: Deployment) -> None:
    revoking = _assuming(every, lambda role: role.endswith("-pam-revoker"))

    assert {owner for owner, _ in revoking} == {revocation_role_name(every.env_name)}
    assert len(revoking) == 5


def test_issuer_activator_and_revocation_run_in_the_roles_that_targets_trust(
    every: Deployment,
) -> None:
    # Made in the foundation: a new role of the same name would be another principal to IAM.
    named = {
        role["Properties"].get("RoleName")
        for role in every.foundation["Resources"].values()
        if role["Type"] == "AWS::IAM::Role"
        # Beside them only the one in which API Gateway writes its logs, which no target trusts.
        if "apigateway.amazonaws.com" not in str(role["Properties"]["AssumeRolePolicyDocument"])
    }
    issuer, revocation = issuer_role_name(every.env_name), revocation_role_name(every.env_name)
    activator = activator_role_name(every.env_name)

    assert named == {activator, issuer, revocation}
    assert every.role_of(every.function("activate_session")[1]) == activator
    assert every.role_of(every.function("issue_credentials")[1]) == issuer
    assert every.role_of(every.function("revoke_session")[1]) == revocation


def _assuming(deployment: Deployment, wanted: Callable[[str], bool]) -> list[tuple[str, str]]:
    """Which role may assume which, of those wanted."""
    return [
        (statement.owner, arn)
        for statement in deployment.identity_statements()
        if "sts:AssumeRole" in statement.actions
        for arn in statement.resources
        if wanted(arn)
    ]


def test_every_role_of_pams_own_is_one_that_no_lease_may_change(every: Deployment) -> None:
    for name, role in every.of_type("AWS::IAM::Role").items():
        assert {"Key": "pam:module", "Value": "MOD-046"} in role["Properties"]["Tags"], name


def test_a_lease_that_aws_would_refuse_is_refused_at_synthesis(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pam.domain.role_limits.LONGEST_SESSION_POLICY", 500)
    with pytest.raises(PolicyError, match=r"core-ledger-admin: .* AWS takes 500"):
        build(new_app("prod"))
