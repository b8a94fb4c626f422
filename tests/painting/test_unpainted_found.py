"""Whatever event or job was lost for good, the sessions themselves say what is not painted."""

from datetime import timedelta

import pytest

from pam.domain.approval import Ballot
from tests.painting.world import CORE, World


def sweep(painted: World) -> int:
    found = painted.swept()
    painted.settle()
    return found


def test_a_request_of_which_no_event_came_is_posted(painted: World) -> None:
    session = painted.story.request()
    assert sweep(painted) == 1
    assert painted.card(session).action_ids


def test_a_session_that_came_and_went_without_an_event_is_posted(painted: World) -> None:
    session = painted.story.request()
    painted.story.vote("bob", session.session_id, Ballot.DENY)
    painted.story.later(minutes=59)
    assert sweep(painted) == 1
    assert "DENIED" in painted.card(session).text


def test_an_end_of_which_no_event_came_is_painted_however_late(painted: World) -> None:
    session = painted.story.granted(seconds=3600)
    painted.painted(session)
    painted.story.later(hours=5)
    painted.story.end_due(session.session_id)
    assert sweep(painted) == 1
    assert "EXPIRED" in painted.card(session).text


def test_nothing_is_woken_for_what_is_painted(painted: World) -> None:
    painted.painted(painted.story.granted())
    painted.painted(painted.story.request())
    assert sweep(painted) == 0


def test_a_session_that_is_over_and_painted_is_looked_at_no_more(painted: World) -> None:
    session = painted.story.granted()
    painted.story.revoke(session.session_id)
    painted.painted(session)
    assert painted.shelf.open == {session.session_id}
    painted.story.later(minutes=31)
    assert sweep(painted) == 1
    assert painted.shelf.open == set()
    painted.story.later(minutes=31)
    assert sweep(painted) == 0


def test_a_session_whose_review_is_owed_is_looked_at_until_it_is_reviewed(painted: World) -> None:
    session = painted.story.request(break_glass=True)
    painted.story.activate(session.session_id)
    painted.story.revoke(session.session_id)
    painted.painted(session)
    painted.story.later(hours=20)
    sweep(painted)
    assert painted.shelf.open == {session.session_id}


def test_a_session_whose_channel_is_lost_is_looked_at_for_a_day_after_its_end(
    painted: World,
) -> None:
    session = painted.story.granted()
    painted.slack.call("archive", channel="core-approvals")
    painted.heard(session)
    painted.settle()
    painted.story.revoke(session.session_id)
    for hours, open_still in ((1, {session.session_id}), (24, set())):
        painted.story.later(hours=hours)
        assert sweep(painted) == 1
        assert painted.shelf.open == open_still
    painted.story.later(hours=1)
    assert sweep(painted) == 0


def test_an_old_session_that_nobody_has_painted_is_left_alone(painted: World) -> None:
    painted.story.request()
    painted.story.later(hours=2)
    assert sweep(painted) == 0


def test_a_card_whose_place_was_forgotten_is_posted_anew(painted: World) -> None:
    session = painted.story.request()
    first = painted.painted(session)
    painted.shelf.cards.clear()
    painted.shelf.open.clear()
    painted.story.later(minutes=6)
    assert sweep(painted) == 1
    assert painted.card(session).ts != first.ts


def test_approvers_are_reminded_in_the_thread_once_each_time(painted: World) -> None:
    session = painted.story.request()
    painted.painted(session)
    for count in (1, 2):
        painted.story.later(minutes=11)
        painted.story.tell(session.session_id)
        assert sweep(painted) == 1
        assert len(painted.thread(session)) == count
        assert "Reminder: alice still waits." in painted.thread(session)[-1].text
        assert sweep(painted) == 0


def test_reminders_that_were_missed_are_one(painted: World) -> None:
    session = painted.story.request()
    painted.painted(session)
    painted.slack.knobs(down=True)
    for _ in range(4):
        painted.story.later(minutes=11)
        painted.story.tell(session.session_id)
        painted.swept()
        painted.turn()
    painted.slack.knobs(down=False)
    painted.settle()
    assert len(painted.thread(session)) == 1


def test_five_minutes_before_the_end_thread_and_requester_are_told(painted: World) -> None:
    session = painted.story.granted(seconds=1800)
    painted.painted(session)
    lines = len(painted.thread(session))
    painted.story.later(minutes=24, seconds=50)
    assert sweep(painted) == 0
    painted.story.later(seconds=15)
    assert sweep(painted) == 1
    assert len(painted.thread(session)) == lines + 1
    assert "left." in painted.thread(session)[-1].text
    assert len(painted.told()) == 2
    assert sweep(painted) == 0


def test_a_session_shorter_than_the_warning_has_none(painted: World) -> None:
    session = painted.story.granted(seconds=300)
    painted.painted(session)
    painted.story.later(seconds=30)
    assert sweep(painted) == 0
    assert len(painted.told()) == 1


@pytest.mark.parametrize("jobs", [1, 20])
def test_a_sweep_while_jobs_wait_doubles_nothing(painted: World, jobs: int) -> None:
    session = painted.story.request()
    painted.heard(session)
    for _ in range(jobs):
        painted.swept()
        painted.story.later(seconds=60)
    painted.settle()
    assert len(painted.cards()) == 1
    assert painted.now() - painted.stored(session).created_at < timedelta(minutes=jobs + 1)
    assert painted.calls("chat.postMessage") == 1
    assert [each.channel for each in painted.cards()] == [CORE]
