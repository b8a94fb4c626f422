"""The end of a session of a permission set while Identity Center is out."""

from collections.abc import Iterator
from datetime import datetime

import pytest

from local.cast import Cast, Person, until
from tests.e2e.ends import assert_taken_away_at
from tests.e2e.in_directories import PAYMENTS, Portal, lent
from tests.e2e.logs import logged
from tests.e2e.overdue import closed, make_overdue


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
