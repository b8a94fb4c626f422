"""Ends of sessions of a group of Okta: who is next, and what is stuck while Okta is down."""

from collections.abc import Iterator

import pytest

from local.cast import Cast, Person, until
from local.okta.control import OktaControl
from tests.e2e.in_directories import SUPPORT, asked, ended, lent, side_by_side
from tests.e2e.overdue import closed, make_overdue


@pytest.fixture
def okta(cast: Cast) -> Iterator[OktaControl]:
    yield cast.okta
    cast.okta.forget()


@pytest.mark.guarantee("G6")
@pytest.mark.guarantee("G14")
def test_whoever_is_revoked_has_no_successor_and_whoever_gives_back_has(
    cast: Cast, okta: OktaControl, alice: Person, dave: Person, sam: Person
) -> None:
    pairs = side_by_side(lambda who: _one_after_another(cast, who), (alice, dave))
    sessions = dict(zip((alice, dave), pairs, strict=True))
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
    assert okta.members(SUPPORT) == ["alice@bank.example"]
    ended(alice, next_one)


def _one_after_another(cast: Cast, who: Person) -> tuple[str, str]:
    first = asked(cast, who.name, SUPPORT)
    who.wait_for(first, "ACTIVE")
    second = asked(cast, who.name, SUPPORT)
    assert who.session(second)["waits_for"] == first
    return first, second


@pytest.mark.guarantee("G4")
@pytest.mark.guarantee("G6")
def test_while_okta_is_down_an_end_is_tried_and_listed_as_stuck_and_is_over_after(
    cast: Cast, okta: OktaControl, alice: Person, sam: Person
) -> None:
    session_id = lent(cast, "alice", SUPPORT)["session_id"]
    okta.knobs(down=True)
    alice.post("/pam/end", {"session_id": session_id})
    alice.wait_for(session_id, "REVOKING")
    make_overdue(cast, session_id, "ending.decided_at")
    stuck = until(lambda: sam.get("/pam/stuck").body["items"] or None, "it to be stuck")
    assert [each["session_id"] for each in stuck] == [session_id]
    assert session_id in cast.pam("sam", "list", "--stuck").stdout
    okta.knobs(down=False)
    closed(cast, alice, session_id, "ENDED")
    assert okta.members(SUPPORT) == []
    assert sam.get("/pam/stuck").body["items"] == []
