"""Ends of sessions of a permission set: while Identity Center is out, and many at once."""

from collections.abc import Iterator
from datetime import datetime

import pytest

from local.cast import Cast, Person, until
from local.crowd import ENGINEERS
from tests.e2e.ends import assert_taken_away_at
from tests.e2e.in_directories import PAYMENTS, Portal, ended, lent, side_by_side
from tests.e2e.logs import logged
from tests.e2e.overdue import closed, make_overdue

A_CROWD = 10


@pytest.fixture
def portal(cast: Cast) -> Iterator[Portal]:
    yield Portal(cast=cast)
    cast.identity_center.call("forget_faults")


@pytest.mark.guarantee("G4")
@pytest.mark.guarantee("G6")
def test_while_identity_center_is_out_at_the_end_nobody_is_let_in_and_it_is_told_tried_and_over(
    cast: Cast, portal: Portal, alice: Person, sam: Person, root: Person
) -> None:
    center = cast.identity_center
    session = lent(cast, "alice", PAYMENTS, duration_seconds=6)
    session_id, live = session["session_id"], portal.live("alice")
    center.knobs(down=True)
    before = len(center.calls())
    assert_taken_away_at(datetime.fromisoformat(session["expires_at"]), lambda: portal.works(live))
    late = portal.live("alice")
    assert not portal.works(late), "fetched between the end and the deletion"
    alice.wait_for(session_id, "REVOKING")
    make_overdue(cast, session_id, "ending.decided_at")
    stuck = until(lambda: sam.get("/pam/stuck").body["items"] or None, "it to be stuck")
    assert [each["session_id"] for each in stuck] == [session_id]
    cast.tick()
    for told in (f'"stuck":["{session_id}"', "EndStuck"):
        until(lambda told=told: logged(root, told), "the alarm's number")  # type: ignore[misc]
    tried = center.calls(before)
    assert {each["error"] for each in tried} == {"DownError"}
    until(lambda: center.calls(before + len(tried)) or None, "another try")
    assert alice.session(session_id)["status"] == "REVOKING"
    center.knobs(down=False)
    over = closed(cast, alice, session_id, "EXPIRED")
    assert over["ending"]["method"] == "assignment-gone"
    assert not portal.shows("alice")
    assert [portal.works(each) for each in (live, late)] == [False, False]
    assert sam.get("/pam/stuck").body["items"] == []


@pytest.mark.guarantee("G9")
def test_of_many_starts_and_ends_at_once_each_is_as_it_was_asked_for(
    cast: Cast, portal: Portal
) -> None:
    leaving, coming = ENGINEERS[:A_CROWD], ENGINEERS[A_CROWD : 2 * A_CROWD]
    given = side_by_side(lambda name: lent(cast, name, PAYMENTS)["session_id"], leaving)
    sessions = dict(zip(leaving, given, strict=True))
    lives = {name: portal.live(name) for name in leaving}

    def act(name: str) -> str:
        if name in sessions:
            ended(cast.person(name), sessions[name])
            return ""
        return str(lent(cast, name, PAYMENTS)["session_id"])

    begun = dict(zip(coming, side_by_side(act, (*leaving, *coming))[A_CROWD:], strict=True))
    assert not any(portal.works(live) for live in lives.values())
    there = {name: portal.live(name) for name in coming}
    assert all(portal.works(live) for live in there.values())
    assert portal.assigned() == {live.user_id for live in there.values()}
    denied = {f"Pam{session_id}" for session_id in begun.values()}
    assert denied <= set(portal.sids())
    side_by_side(lambda name: ended(cast.person(name), begun[name]), coming)
    assert not any(portal.works(live) for live in there.values())
    assert portal.assigned() == set()
