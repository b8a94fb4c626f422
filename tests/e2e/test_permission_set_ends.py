"""The end of a session of a permission set while Identity Center is out."""

from collections.abc import Iterator
from datetime import datetime

import pytest

from local.cast import Cast, Person, until
from tests.e2e.ends import assert_taken_away_at
from tests.e2e.in_directories import PAYMENTS, Portal, lent
from tests.e2e.logs import lines_with, logged
from tests.e2e.overdue import closed, is_stuck, once_stuck

TRIES_WITHIN = 150.0
"""Seconds. The clock comes every minute, and an end that was tried has half a minute to itself."""


def told_as_stuck(root: Person, session_id: str) -> bool:
    """Whether a tick's line says so, whatever else is stuck."""
    return any('"stuck":["' in line for line in lines_with(root, session_id))


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
    session = lent(cast, "alice", PAYMENTS, duration_seconds=10)
    session_id, live = session["session_id"], portal.live("alice")
    center.knobs(down=True)
    before = len(center.calls())
    assert_taken_away_at(datetime.fromisoformat(session["expires_at"]), lambda: portal.works(live))
    late = portal.live("alice")
    assert not portal.works(late), "fetched between the end and the deletion"
    alice.wait_for(session_id, "REVOKING")
    once_stuck(cast, sam, session_id)

    def told() -> bool | None:
        # The emulator shows what a function writes late with that function's next call.
        cast.tick()
        return told_as_stuck(root, session_id) or None

    until(told, "the tick to tell of it")
    until(lambda: logged(root, "EndStuck"), "the alarm's number")
    tried = until(lambda: center.calls(before) or None, "a try")
    assert {each["error"] for each in tried} == {"DownError"}
    until(lambda: center.calls(before + len(tried)) or None, "another try", TRIES_WITHIN)
    assert alice.session(session_id)["status"] == "REVOKING"
    center.knobs(down=False)
    over = closed(cast, alice, session_id, "EXPIRED")
    assert over["ending"]["method"] == "assignment-gone"
    assert not portal.shows("alice")
    assert [portal.works(each) for each in (live, late)] == [False, False]
    assert not is_stuck(sam, session_id)
