"""Which picture of a session takes the place of which."""

from pam.domain.notice_texts import approval_needed
from tests.fakes.notices import TOLD
from tests.fakes.story import Story


def test_an_older_picture_takes_the_place_of_no_newer_one() -> None:
    story = Story()
    session = story.request()
    older = approval_needed(session, TOLD, story.now)
    newer = approval_needed(story.vote("bob", session.session_id), TOLD, story.now)
    assert newer.sequence > older.sequence
    assert newer.replaces(older.sequence)
    assert older.replaces(None)
    assert older.replaces(older.sequence), "painted twice it is still right"
    assert not older.replaces(newer.sequence)
