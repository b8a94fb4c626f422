"""What both standing kinds have in common, end to end: permission sets and groups of Okta."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from local.cast import Cast, Person, until
from pam.domain.kinds import IDENTITY_CENTER, OKTA_GROUP
from tests.e2e.bus import listen
from tests.e2e.in_directories import PAYMENTS, SUPPORT, ended, lent, searched


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


ROWS = {
    IDENTITY_CENTER: (PAYMENTS, ("issue_identity_center", "revoke_identity_center")),
    OKTA_GROUP: (SUPPORT, ("issue_okta_group", "revoke_okta_group")),
}


@pytest.fixture(scope="module", params=ROWS)
def kind(request: pytest.FixtureRequest, cast: Cast) -> Iterator[Lent]:
    resource, functions = ROWS[request.param]
    yield Lent(cast=cast, kind=request.param, resource=resource, functions=functions)
    cast.identity_center.call("forget_faults")
    cast.okta.forget()


@pytest.fixture(scope="module")
def active(cast: Cast, kind: Lent) -> Iterator[str]:
    """A session of alice's."""
    session_id = lent(cast, "alice", kind.resource)["session_id"]
    yield session_id
    ended(cast.person("alice"), session_id)
    assert not kind.has("alice")


@pytest.mark.guarantee("G1")
@pytest.mark.guarantee("G10")
def test_who_calls_the_vendors_functions_gets_nothing_that_is_not_decided_and_proven(
    cast: Cast, kind: Lent, active: str, alice: Person, dave: Person
) -> None:
    """As somebody who may invoke them: of a session that waits and of one that is ACTIVE."""
    waiting = dave.request(kind.resource)["session_id"]
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


@pytest.mark.guarantee("G8")
def test_the_commands_say_where_to_go_and_hold_nothing_that_opens_it(
    cast: Cast, kind: Lent, active: str, alice: Person
) -> None:
    where = alice.lease(active)
    assert where["kind"] == "signin"
    assert not {"access_key_id", "password"} & set(where)
    shown = cast.pam("alice", "credentials", active)
    assert (shown.returncode, where["url"] in shown.stdout) == (0, True), shown.stderr
    run = cast.pam("alice", "exec", active, "--", "true")
    assert (run.returncode, where["url"] in run.stderr) == (1, True), run.stderr
    assert kind.resource in cast.pam("alice", "resources").stdout


@pytest.mark.guarantee("G6")
def test_a_stranger_is_told_once_and_left_and_access_that_is_missing_is_told(
    cast: Cast, kind: Lent, active: str, heard: list[dict[str, Any]]
) -> None:
    kind.give_by_hand("kate")
    kind.take_by_hand("alice")
    try:
        found = searched(cast)
        until(lambda: _stranger(cast, heard, kind), "the stranger to be told")
        until(lambda: _drift(cast, heard, active), "the missing access to be told")
        again = searched(cast)
        # The same search looks at what other tests left at other targets.
        assert [each for each in again["strangers"] if each.startswith(kind.kind)] == []
        assert active not in {*found["removed"], *again["removed"]}
        assert (kind.has("kate"), kind.has("alice")) == (True, False)
    finally:
        kind.take_by_hand("kate")
        kind.give_by_hand("alice")


def _stranger(cast: Cast, heard: list[dict[str, Any]], kind: Lent) -> list[Any] | None:
    told = f"stranger: at {kind.kind} "
    return [each for each in _drift(cast, heard, "") or () if told in json.dumps(each)] or None


def _drift(cast: Cast, heard: list[dict[str, Any]], session_id: str) -> list[Any] | None:
    found = listen(cast, heard, session_id)
    return [each for each in found if each["detail-type"] == "PAM Drift"] or None
