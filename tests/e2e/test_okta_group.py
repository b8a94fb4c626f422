"""Borrowing a group of Okta's: the deployed functions, Okta's wire, what a member's app sees."""

from collections.abc import Iterator
from typing import Any

import pytest

from local.cast import Cast, Person, until
from local.okta.control import OktaControl
from local.okta_beside import APPS
from pam.names import VendorPower
from tests.e2e.in_directories import begun, ended, side_by_side
from tests.e2e.overdue import closed

RESOURCE = GROUP = "core-support-admins"
ALICE = "alice@bank.example"


@pytest.fixture
def okta(cast: Cast) -> Iterator[OktaControl]:
    """As the organisation begins, and so again when the test is over."""
    yield cast.okta
    cast.okta.forget()


def lent(who: Person, approver: Person, **fields: Any) -> dict[str, Any]:
    session_id = who.request(RESOURCE, **fields)["session_id"]
    assert approver.approve(session_id).status == 200
    return begun(who, session_id)


@pytest.mark.guarantee("G1")
def test_a_member_while_the_session_lasts_by_the_issuers_app_and_taken_out_by_the_revokers(
    okta: OktaControl, alice: Person, bob: Person
) -> None:
    live = okta.sign_in("alice")
    session = lent(alice, bob, duration_seconds=120)
    assert okta.members(GROUP) == [ALICE]
    assert okta.opens(live, GROUP)
    lease = alice.lease(session["session_id"])
    assert (lease["kind"], lease["expires_at"]) == ("signin", session["expires_at"])
    assert "eyJ" not in str(lease), "it says where to sign in, and holds nothing that opens it"
    alice.post("/pam/end", {"session_id": session["session_id"]})
    over = alice.wait_for(session["session_id"], "ENDED")
    assert over["ending"]["method"] == "membership-gone"
    assert not okta.opens(live, GROUP)
    assert okta.members(GROUP) == []
    by = {
        it["eventType"].rpartition(".")[2]: it["actor"]["id"]
        for it in okta.events()
        if it["eventType"].startswith("group.user_membership.")
    }
    assert by == {"add": APPS[VendorPower.ISSUE], "remove": APPS[VendorPower.REVOKE]}


@pytest.mark.guarantee("G5")
def test_the_end_ends_the_persons_sessions_at_okta_and_forgets_no_device(
    okta: OktaControl, alice: Person, bob: Person, sam: Person
) -> None:
    session = lent(alice, bob, duration_seconds=120)
    okta.sign_in("alice")
    okta.sign_in("bob")
    answer = sam.post("/pam/revoke", {"session_id": session["session_id"], "reason": "wrong one"})
    assert answer.status == 200
    alice.wait_for(session["session_id"], "REVOKED")
    standing = okta.standing("alice")
    assert (standing.sessions, standing.tokens, standing.remembered) == ((), (), True)
    assert len(okta.standing("bob").sessions) == 1


def test_a_membership_that_was_there_before_is_neither_lent_nor_taken(
    okta: OktaControl, dave: Person, bob: Person
) -> None:
    """Of dave, who had none of PAM's just now: a list may be late to show that one's end."""
    okta.add("dave", GROUP)
    session_id = dave.request(RESOURCE)["session_id"]
    bob.approve(session_id)
    assert dave.wait_for(session_id, "FAILED")["end_reason"].startswith("CONFLICT: ")
    assert okta.members(GROUP) == ["dave@bank.example"]


def test_reads_that_lag_and_limits_on_both_ways_change_nothing(
    okta: OktaControl, alice: Person, bob: Person
) -> None:
    okta.knobs(
        lag={"listGroupUsers": 3, "listUserGroups": 1},
        limited={"assignUserToGroup": 1, "unassignUserFromGroup": 1, "getUser": 1},
    )
    session = lent(alice, bob, duration_seconds=120)
    assert okta.members(GROUP) == [ALICE]
    alice.post("/pam/end", {"session_id": session["session_id"]})
    alice.wait_for(session["session_id"], "ENDED")
    assert okta.members(GROUP) == []
    refused = okta.call("counts")["refused"]
    assert refused["assignUserToGroup 429"] == refused["unassignUserFromGroup 429"] == 1
    assert not [it for it in refused if it.endswith(" 400") and not it.startswith("token")]


def test_a_token_endpoint_that_is_down_at_the_end_leaves_the_session_revoking_and_it_ends_after(
    okta: OktaControl, cast: Cast, alice: Person, bob: Person
) -> None:
    session_id = lent(alice, bob, duration_seconds=120)["session_id"]
    okta.call("revoke_tokens")
    okta.knobs(token_down=True)
    alice.post("/pam/end", {"session_id": session_id})
    until(lambda: okta.call("counts")["refused"].get("token 503"), "the end to be tried")
    assert alice.session(session_id)["status"] == "REVOKING"
    assert okta.members(GROUP) == [ALICE]
    assert alice.post(f"/pam/sessions/{session_id}/credentials").code == "CONFLICT"
    okta.knobs(token_down=False)
    closed(cast, alice, session_id, "ENDED")
    assert okta.members(GROUP) == []


HAPPENS: dict[str, tuple[str, dict[str, str]]] = {
    "load01": ("delete_user", {"user": "load01"}),
    "load02": ("set_status", {"user": "load02", "status": "DEPROVISIONED"}),
    "load03": ("rename", {"user": "load03", "login": "load.three@bank.example"}),
}
"""Between start and end; to whom."""


def test_whatever_became_of_person_or_group_in_between_the_session_ends_and_says_what_was_seen(
    okta: OktaControl, cast: Cast, bob: Person
) -> None:
    """Side by side, as each waits for the same."""
    people = [cast.person(name) for name in (*HAPPENS, "load04")]
    sessions = side_by_side(lambda who: lent(who, bob, duration_seconds=120), people)
    given = {who.name: str(it["session_id"]) for who, it in zip(people, sessions, strict=True)}
    for verb, arguments in HAPPENS.values():
        okta.call(verb, **arguments)
    *of_people, of_group = people
    over = side_by_side(lambda who: ended(who, given[who.name]), of_people)
    okta.call("delete_group", group=GROUP)
    over.append(ended(of_group, given[of_group.name]))
    for session in over:
        assert session["ending"]["method"] == "membership-gone"
        assert session["ending"]["evidence"]


def test_who_is_not_active_at_okta_is_lent_nothing(
    okta: OktaControl, alice: Person, bob: Person
) -> None:
    okta.call("set_status", user="alice", status="SUSPENDED")
    session_id = alice.request(RESOURCE)["session_id"]
    bob.approve(session_id)
    assert "SUSPENDED" in alice.wait_for(session_id, "FAILED")["end_reason"]
    assert okta.members(GROUP) == []


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [
        ("set_group", {"group": GROUP, "type": "APP_GROUP"}),
        ("set_group", {"group": GROUP, "roles": ["HELP_DESK_ADMIN"]}),
        ("set_rule", {"name": "feeds", "group": GROUP, "users": ["finn"]}),
    ],
)
def test_a_group_that_is_not_okta_own_has_a_role_or_a_rule_is_not_lent(
    okta: OktaControl, alice: Person, bob: Person, verb: str, arguments: dict[str, Any]
) -> None:
    okta.call(verb, **arguments)
    session_id = alice.request(RESOURCE)["session_id"]
    bob.approve(session_id)
    assert alice.wait_for(session_id, "FAILED")["end_reason"]
    assert ALICE not in okta.members(GROUP)


def test_a_rule_that_adds_again_is_named_and_the_session_is_over_only_when_the_rule_is_gone(
    okta: OktaControl, cast: Cast, alice: Person, bob: Person
) -> None:
    session_id = lent(alice, bob, duration_seconds=120)["session_id"]
    okta.call("set_rule", name="again", group=GROUP, users=["alice"], re_adds_after=0)
    alice.post("/pam/end", {"session_id": session_id})
    until(lambda: okta.calls("listGroupRules")[1:], "PAM to look for a rule")
    assert alice.session(session_id)["status"] == "REVOKING"
    okta.call("delete_rule", name="again")
    closed(cast, alice, session_id, "ENDED")
    assert okta.members(GROUP) == []
