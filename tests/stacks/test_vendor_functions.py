"""The functions with a vendor's power: who may call them, and that nobody else has it."""

import json
from collections.abc import Callable

import pytest

from pam.aws.clients import PATIENT
from pam.domain.kinds import IDENTITY_CENTER, OKTA_GROUP
from pam.names import VendorPower, activator_role_name, revocation_role_name, vendor_function_name
from tests.stacks.powers import has
from tests.stacks.template import Deployment

OF_IDENTITY_CENTER = ("issue_identity_center", "revoke_identity_center")
OF_OKTA = ("issue_okta_group", "revoke_okta_group")
HANDLERS = (*OF_IDENTITY_CENTER, *OF_OKTA)
INSTANCE = "arn:aws:sso:::instance/ssoins-7223b1c4a9e05d68"
SET = "arn:aws:sso:::permissionSet/ssoins-7223b1c4a9e05d68/ps-5f1e2d3c4b5a6978"


def test_where_nothing_is_lent_there_nothing_of_it_is_made(every: Deployment) -> None:
    if every.env_name == "local":
        assert has(every, *HANDLERS)
        return
    for template in (every.service, every.foundation):
        text = json.dumps(template)
        for name in ("identity_center", "identity-center", "IdentityCenter", "okta", "Okta"):
            assert name not in text, name
        assert "SearchStanding" not in text
        assert "sso:" not in text


@pytest.mark.guarantee("G11")
def test_no_other_function_has_their_power_and_they_have_no_others(
    every: Deployment, everything_on: Deployment
) -> None:
    for deployment in (every, everything_on):
        own = {
            deployment.role_of(deployment.function(handler)[1])
            for handler in HANDLERS
            if deployment.of_handler(handler)
        }
        for statement in deployment.identity_statements():
            services = {action.partition(":")[0] for action in statement.actions}
            if {"sso", "identitystore"} & services:
                assert statement.owner in own
            if statement.owner in own:
                assert not services & {"secretsmanager", "rds-db", "iam", "states", "lambda"}


@pytest.mark.guarantee("G11")
def test_they_can_take_no_role_that_is_lent(everything_on: Deployment) -> None:
    taken = {
        handler: [
            arn
            for statement in everything_on.rights_of(handler)
            if "sts:AssumeRole" in statement.actions
            for arn in statement.resources
        ]
        for handler in HANDLERS
    }
    assert taken == {
        "issue_identity_center": ["arn:aws:iam::333333333333:role/PamIdentityCenterIssuer"],
        "revoke_identity_center": ["arn:aws:iam::333333333333:role/PamIdentityCenterRevoker"],
        "issue_okta_group": [],
        "revoke_okta_group": [],
    }
    for handler in OF_IDENTITY_CENTER:
        actions = {a for s in everything_on.rights_of(handler) for a in s.actions}
        assert not {a for a in actions if a.startswith(("sso:", "identitystore:"))}


def test_their_rights_are_on_what_the_catalogue_lends(
    deployment_of: Callable[[str], Deployment],
) -> None:
    local = deployment_of("local")
    account = "arn:aws:sso:::account/000000000000"
    for handler in OF_IDENTITY_CENTER:
        for statement in local.rights_of(handler):
            if any(action.startswith("sso:") for action in statement.actions):
                assert set(statement.resources) == {INSTANCE, SET, account}
    actions = {h: {a for s in local.rights_of(h) for a in s.actions} for h in OF_IDENTITY_CENTER}
    assert "sso:DeleteAccountAssignment" not in actions["issue_identity_center"]
    assert "sso:CreateAccountAssignment" not in actions["revoke_identity_center"]
    asking = {h for h in OF_IDENTITY_CENTER if any("identitystore:" in it for it in actions[h])}
    assert asking == {"issue_identity_center"}, "an end goes by what was noted"


def test_each_app_of_okta_is_signed_for_by_its_own_function(everything_on: Deployment) -> None:
    signing = {
        handler: {
            arn
            for statement in everything_on.rights_of(handler)
            if "kms:Sign" in statement.actions
            for arn in statement.resources
        }
        for handler in OF_OKTA
    }
    issuing, revoking = signing.values()
    assert len(issuing) == len(revoking) == 1
    assert issuing != revoking
    others = [
        statement.owner
        for statement in everything_on.identity_statements()
        if "kms:Sign" in statement.actions and (issuing | revoking) & set(statement.resources)
    ]
    assert len(others) == 2


def test_who_may_call_them(everything_on: Deployment) -> None:
    """The activator both, because it takes what it made too late; the revocation one of each."""
    env = everything_on.env_name
    callers: dict[str, set[str]] = {}
    for handler in HANDLERS:
        name, function = everything_on.function(handler)
        kind = IDENTITY_CENTER if "center" in handler else OKTA_GROUP
        power = VendorPower(handler.partition("_")[0])
        assert function["Properties"]["FunctionName"] == vendor_function_name(env, kind, power)
        callers[handler] = {
            statement.owner
            for statement in everything_on.identity_statements()
            if "lambda:InvokeFunction" in statement.actions
            and f"${{{name}.Arn}}" in statement.resources
        }
        assert not [
            each
            for each in everything_on.of_type("AWS::Lambda::Permission").values()
            if everything_on.text(each["Properties"]["FunctionName"]).startswith(f"${{{name}")
        ], "no service calls it"
    activator, revocation = activator_role_name(env), revocation_role_name(env)
    for handler, who in callers.items():
        both = {activator} if handler.startswith("issue") else {activator, revocation}
        assert who == both, handler


def test_a_call_of_theirs_is_over_before_whoever_waits_for_it(everything_on: Deployment) -> None:
    for handler in HANDLERS:
        _, function = everything_on.function(handler)
        assert function["Properties"]["Timeout"] < PATIENT.read_timeout
    for handler in ("activate_session", "revoke_session"):
        _, function = everything_on.function(handler)
        assert function["Properties"]["Timeout"] > PATIENT.read_timeout
        assert function["Properties"]["Environment"]["Variables"]["PAM_VENDORS"] == (
            "identity_center,okta"
        )


def test_ends_have_a_share_that_starts_cannot_take(everything_on: Deployment) -> None:
    reserved = {
        handler: everything_on.function(handler)[1]["Properties"]["ReservedConcurrentExecutions"]
        for handler in HANDLERS
    }
    assert reserved["revoke_identity_center"] > reserved["issue_identity_center"]
    assert reserved["revoke_okta_group"] > reserved["issue_okta_group"]
