"""People: how they are found, what becomes of them, and the end of their sessions."""

import pytest

from local.okta.acts import Acts, Impossible
from local.okta.service import Okta
from tests.local.okta.calling import ALICE, GROUP, MEMBER, MEMBERS, REVOKER, Caller

SESSIONS = f"/api/v1/users/{ALICE}/sessions"


@pytest.fixture
def revoker(okta: Okta) -> Caller:
    return Caller(okta=okta, client_id=REVOKER).sign_in("okta.users.manage okta.users.read")


@pytest.mark.parametrize(
    "named", [ALICE, "alice@bank.example", "alice%40bank.example", "ALICE@bank.example", "alice"]
)
def test_a_person_is_found_by_id_login_and_the_part_before_the_at(
    caller: Caller, named: str
) -> None:
    got = caller.call("GET", f"/api/v1/users/{named}")
    assert (got.status, got.content["id"], got.content["status"]) == (200, ALICE, "ACTIVE")


def test_the_part_before_the_at_finds_nobody_if_two_have_it(okta: Okta, caller: Caller) -> None:
    Acts(okta).create_user("alice@other.example")
    assert caller.call("GET", "/api/v1/users/alice").status == 404
    assert caller.call("GET", "/api/v1/users/alice%40bank.example").content["id"] == ALICE


def test_a_login_with_a_slash_is_found_only_by_id(okta: Okta, caller: Caller) -> None:
    made = Acts(okta).create_user("odd/name@bank.example")["id"]
    assert caller.call("GET", "/api/v1/users/odd%2Fname%40bank.example").status == 404
    assert caller.call("GET", f"/api/v1/users/{made}").status == 200


def test_the_id_stays_when_the_login_changes(okta: Okta, caller: Caller) -> None:
    Acts(okta).rename("alice", "alice.adams@bank.example")
    Acts(okta).create_user("alice@bank.example")
    assert caller.call("GET", "/api/v1/users/alice%40bank.example").content["id"] != ALICE
    now = caller.call("GET", f"/api/v1/users/{ALICE}").content["profile"]["login"]
    assert now == "alice.adams@bank.example"


def test_who_is_deactivated_is_dropped_from_groups_and_still_there(
    okta: Okta, caller: Caller
) -> None:
    caller.call("PUT", MEMBER)
    Acts(okta).set_status("alice", "DEPROVISIONED")
    assert caller.call("GET", f"/api/v1/users/{ALICE}").content["status"] == "DEPROVISIONED"
    assert caller.call("GET", MEMBERS).content == []
    assert caller.call("DELETE", MEMBER).status == 204


def test_who_is_suspended_stays_a_member_and_is_signed_out(okta: Okta, caller: Caller) -> None:
    caller.call("PUT", MEMBER)
    session = Acts(okta).sign_in("alice")["session"]
    assert Acts(okta).opens(session, "core-support-admins") == {"open": True}
    Acts(okta).set_status("alice", "SUSPENDED")
    assert [it["id"] for it in caller.call("GET", MEMBERS).content] == [ALICE]
    assert Acts(okta).opens(session, "core-support-admins") == {"open": False}


def test_who_was_deleted_is_404_and_no_member(okta: Okta, caller: Caller) -> None:
    caller.call("PUT", MEMBER)
    Acts(okta).delete_user("alice")
    calls = [
        ("GET", f"/api/v1/users/{ALICE}"),
        ("GET", f"/api/v1/users/{ALICE}/groups"),
        ("DELETE", MEMBER),
    ]
    assert [caller.call(*it).status for it in calls] == [404, 404, 404]
    assert caller.call("GET", MEMBERS).content == []


@pytest.mark.parametrize(
    ("query", "tokens", "remembered"),
    [
        ("?oauthTokens=true&forgetDevices=false", 0, True),
        ("?forgetDevices=false", 1, True),
        ("?oauthTokens=true", 0, False),
        ("", 1, False),
    ],
)
def test_sessions_end_and_devices_are_forgotten_unless_it_is_said_otherwise(
    okta: Okta, revoker: Caller, query: str, tokens: int, remembered: bool
) -> None:
    acts = Acts(okta)
    acts.sign_in("alice")
    acts.sign_in("bob")
    assert revoker.call("DELETE", SESSIONS + query).status == 204
    seen = acts.sessions("alice")
    assert (seen["sessions"], len(seen["tokens"]), seen["remembered"]) == ([], tokens, remembered)
    assert len(acts.sessions("bob")["sessions"]) == 1


@pytest.mark.parametrize("query", ["?oauthTokens=maybe", "?forgetDevices=1"])
def test_what_is_neither_true_nor_false_is_refused_and_ends_nothing(
    okta: Okta, revoker: Caller, query: str
) -> None:
    Acts(okta).sign_in("alice")
    assert revoker.call("DELETE", SESSIONS + query).status == 400
    assert len(Acts(okta).sessions("alice")["sessions"]) == 1


def test_a_member_who_leaves_is_let_in_no_more(okta: Okta, caller: Caller) -> None:
    session = Acts(okta).sign_in("alice")["session"]
    caller.call("PUT", MEMBER)
    assert Acts(okta).opens(session, GROUP) == {"open": True}
    caller.call("DELETE", MEMBER)
    assert Acts(okta).opens(session, GROUP) == {"open": False}


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [
        ("sign_in", ("nora",)),
        ("sign_in", ("nobody",)),
        ("members", ("00gnone",)),
        ("set_status", ("alice", "ASLEEP")),
    ],
)
def test_what_nobody_could_do_is_refused(okta: Okta, verb: str, arguments: tuple[str, ...]) -> None:
    with pytest.raises(Impossible):
        getattr(Acts(okta), verb)(*arguments)
