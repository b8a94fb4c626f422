"""A session that ends in the second in which its successor is due: who ends it decides whether the
successor begins, for a permission set as for a group of Okta.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from local.cast import Cast, Person, until
from local.crowd import ENGINEERS
from tests.e2e.in_directories import (
    PAYMENTS,
    SUPPORT,
    Portal,
    asked,
    begun,
    ended,
    never_begun,
    side_by_side,
)
from tests.e2e.overdue import closed

Json = dict[str, Any]

BY = {"clock": "EXPIRED", "user": "ENDED", "operator": "REVOKED", "block": "REVOKED"}
"""Who ends the first one, and as what."""
CASES = list(product((PAYMENTS, SUPPORT), BY))
LENGTHS = (30, 90)
"""Seconds that the first one lasts; the longer where a busy machine let the clock be first. A start
takes some seconds of it.
"""
JUST_BEFORE = timedelta(seconds=4)
"""An end is decided by then, and is done when the clock would have ended it."""
UNTIL_BLOCKED = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What became of two sessions of a person, one after the other."""

    first: Json
    second: Json
    had: bool
    """Whether the person had the access once the second was decided upon."""
    worked: list[bool]
    """Whether what was fetched by the first worked, in it and after it: of a permission set."""


@pytest.fixture(scope="module")
def seen(cast: Cast) -> Iterator[dict[tuple[str, str], Seen]]:
    """All side by side, each of another person: what they wait for is the same."""
    people = dict(zip(CASES, (cast.person(name) for name in ENGINEERS[4:]), strict=False))
    found = side_by_side(lambda case: _one_after_the_other(people[case], *case), CASES)
    yield dict(zip(CASES, found, strict=True))
    for (_, by), who in people.items():
        if by == "block":
            _lifted(who)


def _one_after_the_other(who: Person, resource: str, by: str) -> Seen:
    cast, portal = who.cast, Portal(cast=who.cast)
    for seconds in LENGTHS:
        first = asked(cast, who.name, resource, duration_seconds=seconds)
        second = asked(cast, who.name, resource)
        assert who.session(second)["waits_for"] == first
        end = datetime.fromisoformat(begun(who, first)["expires_at"])
        live = portal.live(who.name) if resource == PAYMENTS else None
        worked = [portal.works(live)] if live else []
        left = (end - JUST_BEFORE - datetime.now(UTC)).total_seconds()
        time.sleep(max(0.0, left))
        _end(who, first, by)
        over = closed(cast, who, first, BY[by], BY["clock"])
        if over["status"] == BY[by]:
            break
        _given_back(who, second)
    assert over["status"] == BY[by], over
    begins = by in {"clock", "user"}
    next_one = begun(who, second) if begins else never_begun(who, second)
    had = _has(cast, who.name, resource)
    if live:
        worked.append(portal.works(live))
    if begins:
        ended(who, second)
    assert not _has(cast, who.name, resource)
    return Seen(first=over, second=next_one, had=had, worked=worked)


def _given_back(who: Person, session_id: str) -> None:
    """Whatever became of it, and with its person free again."""
    _lifted(who)
    who.post("/pam/end", {"session_id": session_id})
    until(lambda: who.session(session_id)["ended_at"], f"session {session_id} to be over", 150)


def _lifted(who: Person) -> None:
    who.cast.person("sam").call("DELETE", f"/pam/blocklist/{who.name}?reason=found")


def _end(who: Person, session_id: str, by: str) -> None:
    sam, reason = who.cast.person("sam"), "laptop stolen"
    if by == "user":
        answer = who.post("/pam/end", {"session_id": session_id})
    elif by == "operator":
        answer = sam.post("/pam/revoke", {"session_id": session_id, "reason": reason})
    elif by == "block":
        order = {"person": who.name, "reason": reason, "seconds": UNTIL_BLOCKED}
        answer = sam.post("/pam/block", order)
    else:
        return
    # Of one that is over, or about to be, nobody decides the end any more.
    assert answer.status in {200, 202, 409}, answer


def _has(cast: Cast, name: str, resource: str) -> bool:
    if resource == PAYMENTS:
        return Portal(cast=cast).shows(name)
    return f"{name}@bank.example" in cast.okta.members(SUPPORT)


@pytest.mark.guarantee("G4")
@pytest.mark.parametrize("resource", [PAYMENTS, SUPPORT])
@pytest.mark.parametrize("by", ["clock", "user"])
def test_after_an_end_by_the_clock_or_by_its_user_the_next_one_begins_and_both_never_are(
    seen: dict[tuple[str, str], Seen], resource: str, by: str
) -> None:
    of = seen[resource, by]
    assert of.had
    assert of.second["waits_for"] is None
    assert of.second["activated_at"] >= of.first["ended_at"]
    _assert_taken(of, resource)


@pytest.mark.guarantee("G5")
@pytest.mark.guarantee("G14")
@pytest.mark.parametrize("resource", [PAYMENTS, SUPPORT])
@pytest.mark.parametrize("by", ["operator", "block"])
def test_after_an_end_by_an_operator_or_a_block_the_next_one_never_begins(
    seen: dict[tuple[str, str], Seen], resource: str, by: str
) -> None:
    of = seen[resource, by]
    assert not of.had
    assert of.second["ending"]["method"] == "never-granted"
    _assert_taken(of, resource)


def _assert_taken(of: Seen, resource: str) -> None:
    """By its receipt, and by the credentials."""
    if resource == PAYMENTS:
        assert of.first["ending"]["method"] == "assignment-gone"
        assert of.worked == [True, False]
    else:
        assert of.first["ending"]["method"] == "membership-gone"
