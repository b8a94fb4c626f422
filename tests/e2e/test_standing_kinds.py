"""What both standing kinds have in common, end to end: permission sets and groups of Okta."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from local.cast import Cast, Person, until
from pam.domain.kinds import IDENTITY_CENTER, OKTA_GROUP
from tests.e2e.bus import listen
from tests.e2e.in_directories import PAYMENTS, SUPPORT, asked, ended, lent, searched
from tests.e2e.overdue import make_overdue


@dataclass(frozen=True, slots=True, kw_only=True)
class Lent:
    """One of the two, and how it looks in the vendor's own books."""

    cast: Cast
    kind: str
    resource: str
    functions: tuple[str, str]

    def has(self, name: str) -> bool:
        if self.kind == OKTA_GROUP:
            return f"{name}@bank.example" in self.cast.okta.members(SUPPORT)
        users = self.cast.identity_center.call("users")["users"]
        user_id = next(each["user_id"] for each in users if each["name"] == name)
        standing = self.cast.identity_center.assignments()
        return any(each["principal"]["id"] == user_id for each in standing)

    def give_by_hand(self, name: str) -> None:
        if self.kind == OKTA_GROUP:
            self.cast.okta.add(name, SUPPORT)
        else:
            self.cast.identity_center.call("assign", user=name)

    def take_by_hand(self, name: str) -> None:
        if self.kind == OKTA_GROUP:
            self.cast.okta.remove(name, SUPPORT)
        else:
            self.cast.identity_center.call("unassign", user=name)

    def down(self, is_down: bool) -> None:
        control = self.cast.okta if self.kind == OKTA_GROUP else self.cast.identity_center
        control.knobs(down=is_down)


ROWS = {
    IDENTITY_CENTER: (PAYMENTS, ("issue_identity_center", "revoke_identity_center")),
    OKTA_GROUP: (SUPPORT, ("issue_okta_group", "revoke_okta_group")),
}


@pytest.fixture(params=ROWS)
def kind(request: pytest.FixtureRequest, cast: Cast) -> Iterator[Lent]:
    resource, functions = ROWS[request.param]
    yield Lent(cast=cast, kind=request.param, resource=resource, functions=functions)
    cast.identity_center.call("forget_faults")
    cast.okta.forget()


@pytest.mark.guarantee("G1")
@pytest.mark.guarantee("G10")
def test_who_calls_the_vendors_functions_gets_nothing_that_is_not_decided_and_proven(
    cast: Cast, kind: Lent, alice: Person, ada: Person
) -> None:
    """Both as somebody who may invoke them, for a session that waits and for one that is ACTIVE."""
    waiting = cast.person("dave").request(kind.resource)["session_id"]
    active = lent(cast, "alice", kind.resource)["session_id"]
    issue, revoke = kind.functions
    make = {"message": "MakeAccess", "until": "2126-01-01T00:00:00.000Z", "proof": "bm9uZQ=="}
    for session_id in (waiting, active):
        assert "error" in cast.invoke(issue, make | {"session_id": session_id})
        for message in ("UnmakeAccess", "ClearAccess"):
            answer = cast.invoke(revoke, {"message": message, "session_id": session_id})
            assert "error" in answer, message
    assert (kind.has("dave"), kind.has("alice")) == (False, True)
    assert alice.session(active)["status"] == "ACTIVE"
    at_target = {"message": "AtTarget", "act": "keep", "target": "of no catalogue"}
    assert "error" in cast.invoke(revoke, at_target)
    _says_what_to_do(cast, kind, active)
    ended(alice, active)
    assert not kind.has("alice")


def _says_what_to_do(cast: Cast, kind: Lent, session_id: str) -> None:
    """The commands: what there is to ask for, and where to go with it."""
    assert kind.resource in cast.pam("alice", "resources").stdout
    where = cast.person("alice").lease(session_id)
    assert (where["kind"], set(where) & {"access_key_id", "password"}) == ("signin", set())
    shown = cast.pam("alice", "credentials", session_id)
    assert (shown.returncode, where["url"] in shown.stdout) == (0, True), shown.stderr
    run = cast.pam("alice", "exec", session_id, "--", "true")
    assert (run.returncode, where["url"] in run.stderr) == (1, True), run.stderr


@pytest.mark.guarantee("G6")
@pytest.mark.guarantee("G14")
def test_whoever_is_revoked_has_no_successor_and_whoever_gives_back_has(
    cast: Cast, kind: Lent, alice: Person, dave: Person, sam: Person
) -> None:
    sessions = {who: _one_and_its_successor(cast, kind, who) for who in (alice, dave)}
    first, second = sessions[dave]
    answer = sam.post("/pam/revoke", {"session_id": first, "reason": "wrong one"})
    assert answer.status in {200, 202}, answer
    dave.wait_for(first, "REVOKED")
    given_back, next_one = sessions[alice]
    ended(alice, given_back)
    begun = alice.wait_for(next_one, "ACTIVE")
    assert begun["waits_for"] is None
    never = dave.wait_for(second, "REVOKED")
    assert never["activated_at"] is None
    assert (kind.has("dave"), kind.has("alice")) == (False, True)
    ended(alice, next_one)


def _one_and_its_successor(cast: Cast, kind: Lent, who: Person) -> tuple[str, str]:
    first = lent(cast, who.name, kind.resource)["session_id"]
    second = asked(cast, who.name, kind.resource)
    assert who.session(second)["waits_for"] == first
    return first, second


@pytest.mark.guarantee("G4")
@pytest.mark.guarantee("G6")
def test_while_the_vendor_is_down_an_end_is_tried_and_listed_as_stuck_and_is_over_after(
    cast: Cast, kind: Lent, alice: Person, sam: Person
) -> None:
    session_id = lent(cast, "alice", kind.resource)["session_id"]
    kind.down(is_down=True)
    alice.post("/pam/end", {"session_id": session_id})
    alice.wait_for(session_id, "REVOKING")
    make_overdue(cast, session_id, "ending.decided_at")
    stuck = until(lambda: sam.get("/pam/stuck").body["items"] or None, "it to be stuck")
    assert [each["session_id"] for each in stuck] == [session_id]
    assert session_id in cast.pam("sam", "list", "--stuck").stdout
    kind.down(is_down=False)

    def over() -> bool | None:
        cast.tick()
        return alice.session(session_id)["ended_at"] is not None or None

    until(over, "the end")
    assert not kind.has("alice")
    assert sam.get("/pam/stuck").body["items"] == []


@pytest.mark.guarantee("G6")
def test_a_stranger_is_told_once_and_left_and_access_that_is_missing_is_told(
    cast: Cast, kind: Lent, alice: Person, heard: list[dict[str, Any]]
) -> None:
    session_id = lent(cast, "alice", kind.resource)["session_id"]
    kind.give_by_hand("kate")
    kind.take_by_hand("alice")
    try:
        found = searched(cast)
        told = until(lambda: _drift(cast, heard, ""), "the stranger to be told")
        assert "stranger" in json.dumps(told)
        until(lambda: _drift(cast, heard, session_id), "the missing access to be told")
        assert searched(cast)["strangers"] == []
        assert found["removed"] == []
        assert (kind.has("kate"), kind.has("alice")) == (True, False)
    finally:
        kind.take_by_hand("kate")
    ended(alice, session_id)


def _drift(cast: Cast, heard: list[dict[str, Any]], session_id: str) -> list[Any] | None:
    found = listen(cast, heard, session_id)
    return [each for each in found if each["detail-type"] == "PAM Drift"] or None
