"""Who may call the Identity Center of a stack: whom the emulator's IAM lets, and nobody else."""

import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from local.aws import ACCOUNT
from local.bridges.identity_center import resources_of
from local.identity_center.accounts import Keys
from local.identity_center.directory import group_id_of, user_id_of
from local.identity_center.names import IDENTITY_STORE, INSTANCE, PERMISSION_SET
from local.identity_center.rights import EmulatedRights
from local.identity_center.server import Server
from local.identity_center.service import IdentityCenter
from tests.local.identity_center.centers import OF_SET, OF_STORE, Case, assignment, code_of
from tests.local.identity_center.emulated import client, user

pytestmark = pytest.mark.enable_socket

Make = Callable[..., Any]
_NUMBERS = count(1)
CREATE = "sso:CreateAccountAssignment"
SET_ALONE = [INSTANCE, PERMISSION_SET]
WHOLE = [*SET_ALONE, f"arn:aws:sso:::account/{ACCOUNT}"]


@pytest.fixture
def center() -> IdentityCenter:
    return IdentityCenter()


@pytest.fixture
def url(endpoint: str, center: IdentityCenter) -> Iterator[str]:
    server = Server(center, rights=EmulatedRights(endpoint))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server.about()["url"]
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def made(endpoint: str, url: str) -> Make:
    """A client of somebody with these rights."""

    def make(service: str, *statements: dict[str, Any]) -> Any:
        keys = user(endpoint, f"caller{next(_NUMBERS)}", *statements)
        return client(url, service, keys)

    return make


def allow(action: str | list[str], resource: list[str] | str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


RIGHTS = {
    "none": ((), "AccessDeniedException"),
    "another action": ((allow("sso:DeleteAccountAssignment", WHOLE),), "AccessDeniedException"),
    "without the account": ((allow(CREATE, SET_ALONE),), "AccessDeniedException"),
    "another account": (
        (allow(CREATE, [*SET_ALONE, "arn:aws:sso:::account/111111111111"]),),
        "AccessDeniedException",
    ),
    "another set": (
        (allow(CREATE, [INSTANCE, PERMISSION_SET[:-4] + "0000", WHOLE[2]]),),
        "AccessDeniedException",
    ),
    "just that": ((allow(CREATE, WHOLE),), ""),
    "all, but that": (
        (allow("*", "*"), {**allow(CREATE, "*"), "Effect": "Deny"}),
        "AccessDeniedException",
    ),
}


@pytest.mark.parametrize("which", RIGHTS)
def test_an_assignment_is_made_by_whom_iam_lets_and_by_nobody_else(
    made: Make, center: IdentityCenter, which: str
) -> None:
    statements, code = RIGHTS[which]
    sso = made("sso-admin", *statements)
    assert code_of(lambda: sso.create_account_assignment(**assignment("alice"))) == code
    assert len(center.running.in_progress()) == (0 if code else 1)


def test_people_are_looked_up_by_whom_iam_lets(made: Make) -> None:
    stores = f"arn:aws:identitystore::*:identitystore/{IDENTITY_STORE}"
    lets = [
        allow(["identitystore:DescribeUser"], [stores, "arn:aws:identitystore:::user/*"]),
    ]
    store = made("identitystore", *lets)
    asked = {**OF_STORE, "UserId": user_id_of("alice")}
    assert code_of(lambda: store.describe_user(**asked)) == ""
    assert code_of(lambda: store.list_users(**OF_STORE)) == "AccessDeniedException"


def test_a_signature_that_is_not_the_callers_is_refused(endpoint: str, url: str) -> None:
    keys = user(endpoint, f"caller{next(_NUMBERS)}", allow("*", "*"))
    forged = Keys(access_key_id=keys.access_key_id, secret_access_key="guess", session_token="")
    unknown = Keys(access_key_id="AKIAUNKNOWN000000000", secret_access_key="x", session_token="")
    for wrong in (forged, unknown):
        assert code_of(client(url, "sso-admin", wrong).list_instances) not in {"", "400"}
    assert code_of(client(url, "sso-admin", keys).list_instances) == ""


def test_a_call_that_is_not_signed_is_refused(url: str, center: IdentityCenter) -> None:
    headers = {"X-Amz-Target": "SWBExternalService.ListInstances"}
    request = urllib.request.Request(url, data=b"{}", headers=headers)
    with pytest.raises(urllib.error.HTTPError) as told:
        urllib.request.urlopen(request, timeout=10)
    told.value.close()
    assert center.calls == []


def test_where_nobody_can_say_who_calls_nothing_is_done(center: IdentityCenter) -> None:
    server = Server(center, rights=EmulatedRights("http://127.0.0.1:9"))
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    keys = Keys(access_key_id="test", secret_access_key="test", session_token="")
    sso = client(server.about()["url"], "sso-admin", keys)
    assert code_of(sso.list_instances) == "ServiceUnavailable"
    server.shutdown()
    server.server_close()
    assert center.calls == []


STORE = f"arn:aws:identitystore::999999999999:identitystore/{IDENTITY_STORE}"
USER = f"arn:aws:identitystore:::user/{user_id_of('alice')}"
GROUP = f"arn:aws:identitystore:::group/{group_id_of('pam-operators')}"
MEMBERSHIPS = "arn:aws:identitystore:::membership/*"


def test_each_call_is_authorised_on_all_that_it_names(case: Case) -> None:
    of_user = {**OF_STORE, "UserId": user_id_of("alice")}
    of_member = {**OF_STORE, "MemberId": {"UserId": user_id_of("alice")}}
    of_group = {**OF_STORE, "GroupId": group_id_of("pam-operators")}
    table: list[tuple[str, dict[str, Any], list[str]]] = [
        ("ListInstances", {}, ["*"]),
        ("DescribePermissionSet", OF_SET, SET_ALONE),
        ("DeleteAccountAssignment", assignment("alice"), WHOLE),
        ("ListAccountAssignments", {**OF_SET, "AccountId": ACCOUNT}, WHOLE),
        ("DescribeUser", of_user, [STORE, USER]),
        ("ListUsers", OF_STORE, [STORE, "arn:aws:identitystore:::user/*"]),
        ("ListGroupMembershipsForMember", of_member, [STORE, USER, MEMBERSHIPS]),
        ("ListGroupMemberships", of_group, [STORE, GROUP, MEMBERSHIPS]),
    ]
    for operation, params, resources in table:
        assert resources_of(operation, json_of(params)) == resources


def json_of(params: dict[str, Any]) -> bytes:
    import json

    return json.dumps(params).encode()


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"MemberId": 1, "IdentityStoreId": "x"}'])
def test_a_body_that_names_nothing_is_no_way_around_it(body: bytes) -> None:
    assert resources_of("ListGroupMembershipsForMember", body)
