"""Scopes of the token and the admin role of the app: a caller needs both, for each call."""

import pytest

from local.okta.routes import OPERATIONS
from local.okta.service import Okta
from tests.local.okta.calling import (
    ALICE,
    FED,
    GROUP,
    ISSUER,
    MEMBER,
    MEMBERS,
    REVOKER,
    Caller,
)

CALLS = {
    "listGroupRules": ("GET", "/api/v1/groups/rules"),
    "getGroup": ("GET", f"/api/v1/groups/{GROUP}"),
    "listGroupAssignedRoles": ("GET", f"/api/v1/groups/{GROUP}/roles"),
    "listGroupUsers": ("GET", MEMBERS),
    "assignUserToGroup": ("PUT", MEMBER),
    "unassignUserFromGroup": ("DELETE", MEMBER),
    "getUser": ("GET", f"/api/v1/users/{ALICE}"),
    "listUserGroups": ("GET", f"/api/v1/users/{ALICE}/groups"),
    "revokeUserSessions": ("DELETE", f"/api/v1/users/{ALICE}/sessions"),
    "listLogEvents": ("GET", "/api/v1/logs"),
}
SCOPE_OF = {it.name: it.scope for it in OPERATIONS}
PERMISSION_OF = {it.name: it.permission for it in OPERATIONS}


@pytest.fixture
def everything(okta: Okta) -> Caller:
    """May do all that there is."""
    app = okta.directory.apps[ISSUER]
    app.scopes = sorted(set(SCOPE_OF.values()))
    app.permissions = sorted(set(PERMISSION_OF.values()))
    return Caller(okta=okta).sign_in(" ".join(app.scopes))


def test_each_operation_is_called_here() -> None:
    assert CALLS.keys() == SCOPE_OF.keys()


@pytest.mark.parametrize("name", CALLS)
def test_who_has_scope_and_permission_may(everything: Caller, name: str) -> None:
    assert everything.call(*CALLS[name]).status in {200, 204}


@pytest.mark.parametrize("name", CALLS)
def test_a_token_without_the_scope_is_refused_whatever_the_role(
    okta: Okta, everything: Caller, name: str
) -> None:
    others = [it for it in okta.directory.apps[ISSUER].scopes if it != SCOPE_OF[name]]
    everything.sign_in(" ".join(others))
    got = everything.call(*CALLS[name])
    assert (got.status, got.content["errorCode"]) == (403, "E0000006")
    assert 'error="insufficient_scope"' in got.challenge
    assert not okta.directory.members(GROUP)


@pytest.mark.parametrize("name", CALLS)
def test_an_app_whose_role_lacks_the_permission_is_refused(
    okta: Okta, everything: Caller, name: str
) -> None:
    okta.directory.apps[ISSUER].permissions.remove(PERMISSION_OF[name])
    got = everything.call(*CALLS[name])
    assert (got.status, got.content["errorCode"], got.challenge) == (403, "E0000006", "")
    assert not okta.directory.members(GROUP)


@pytest.mark.parametrize("name", CALLS)
def test_an_app_without_any_admin_role_is_refused_everything(
    okta: Okta, everything: Caller, name: str
) -> None:
    okta.directory.apps[ISSUER].permissions.clear()
    assert everything.call(*CALLS[name]).status == 403


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_group_outside_of_the_roles_resource_set_cannot_be_changed(
    okta: Okta, caller: Caller, method: str
) -> None:
    before = okta.directory.members(FED)
    got = caller.call(method, f"/api/v1/groups/{FED}/users/{ALICE}")
    assert got.status == 403
    assert okta.directory.members(FED) == before
    assert caller.call("GET", f"/api/v1/groups/{FED}").status == 200


def test_a_group_outside_of_what_it_reads_is_not_shown(okta: Okta, caller: Caller) -> None:
    okta.directory.apps[ISSUER].reads = [GROUP]
    assert caller.call("GET", f"/api/v1/groups/{FED}").status == 403
    assert caller.call("GET", f"/api/v1/groups/{GROUP}").status == 200


def test_the_issuers_app_ends_no_sessions_and_the_revokers_does(okta: Okta) -> None:
    issuer, revoker = Caller(okta=okta).sign_in(), Caller(okta=okta, client_id=REVOKER)
    revoker.sign_in("okta.users.manage")
    path = f"/api/v1/users/{ALICE}/sessions"
    assert issuer.call("DELETE", path).status == 403
    assert revoker.call("DELETE", path).status == 204


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/apps", 404),
        ("GET", "/", 404),
        ("POST", MEMBER, 405),
        ("GET", MEMBER, 405),
        ("GET", "/oauth2/v1/token", 405),
        ("DELETE", f"/api/v1/groups/{GROUP}", 405),
    ],
)
def test_other_calls_are_not_there(
    okta: Okta, caller: Caller, method: str, path: str, status: int
) -> None:
    assert caller.call(method, path).status == status
    assert GROUP in okta.directory.groups


def test_another_organisation_is_not_answered_for(okta: Okta, caller: Caller) -> None:
    url = "https://evil.okta.com" + MEMBER
    proof = caller.proof("PUT", url, token=caller.token)
    headers = {"Authorization": f"DPoP {caller.token}", "DPoP": proof}
    assert okta.answer("PUT", url, headers)[0] == 404
    assert not okta.directory.members(GROUP)
