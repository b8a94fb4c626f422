"""A Slack that says what nobody expected: no other job waits for it, and nothing is lost by it."""

from datetime import timedelta
from typing import Any

import pytest

from pam.painting import find
from pam.slack.jobs import Paint
from pam.slack.posted import Posted
from tests.painting.world import CORE, OPERATORS, World

CHANNEL = "core-approvals"
FOR_EVER = 10_000


def shared(painted: World) -> None:
    painted.slack.call("share", channel=CHANNEL)
    painted.story.later(seconds=61)


@pytest.mark.parametrize("error", ["cant_delete_message", "compliance_exports_prevent_deletion"])
def test_what_slack_will_not_delete_holds_up_nobody(painted: World, error: str) -> None:
    session, other = painted.story.granted(), painted.story.granted("dave")
    for each in (session, other):
        painted.painted(each)
    painted.slack.knobs(errors={"chat.delete": [error, FOR_EVER]})
    shared(painted)
    painted.story.revoke(session.session_id)
    painted.heard(session)
    painted.settle(within=120)
    assert painted.queue.messages == []
    assert "REVOKED" in painted.told()[-1].text
    assert painted.posted(other).ts == ""


@pytest.mark.parametrize("error", ["missing_scope", "access_denied", "a_word_of_next_year"])
def test_of_a_channel_that_cannot_be_asked_about_the_requester_is_told_all_the_same(
    painted: World, error: str
) -> None:
    painted.slack.knobs(errors={"conversations.info": [error, FOR_EVER]})
    session = painted.story.granted()
    painted.heard(session)
    painted.settle(within=120)
    assert painted.queue.messages == []
    assert painted.cards() == []
    assert painted.lost == 1
    assert any("Granted" in each.text for each in painted.told())


@pytest.mark.parametrize(
    "error", ["restricted_action", "missing_scope", "not_allowed_token_type", "a_word_of_next_year"]
)
def test_a_card_that_slack_will_not_take_now_is_posted_when_it_does(
    painted: World, error: str
) -> None:
    painted.slack.knobs(errors={"chat.postMessage": [error, 1]})
    session = painted.story.request()
    painted.heard(session)
    painted.settle(within=120)
    assert painted.cards() == []
    (told,) = painted.slack.messages(OPERATORS)
    assert error in told.text
    painted.story.later(minutes=6)
    assert painted.swept() == 1
    painted.settle()
    assert painted.card(session).action_ids


@pytest.mark.parametrize("error", ["missing_scope", "access_denied", "a_word_of_next_year"])
def test_a_card_that_slack_will_not_paint_now_is_painted_when_it_does(
    painted: World, error: str
) -> None:
    session = painted.story.request()
    painted.painted(session)
    painted.slack.knobs(errors={"chat.update": [error, 1]})
    painted.story.vote("bob", session.session_id)
    painted.heard(session)
    painted.settle(within=120)
    painted.story.later(minutes=6)
    assert painted.swept() == 1
    painted.settle()
    assert "so far 1" in painted.card(session).text
    assert len(painted.cards()) == 1


def test_a_channel_that_is_shared_twice_a_day_is_emptied_twice(painted: World) -> None:
    sessions = [painted.story.request(), painted.story.request("dave")]
    for each in sessions:
        painted.painted(each)
    for _ in range(2):
        shared(painted)
        job = Paint(session_id=sessions[0].session_id, channel=CORE)
        painted.put(job, once=f"pressed at {painted.now()}")
        painted.settle()
        assert painted.slack.messages(CHANNEL) == []
        painted.slack.call("unshare", channel=CHANNEL)
        painted.story.later(minutes=6)
        painted.swept()
        painted.settle()
        assert len(painted.cards()) == 2


def test_after_more_tries_than_a_queue_makes_the_session_is_found(painted: World) -> None:
    session = painted.story.request()
    painted.slack.knobs(down=True)
    painted.heard(session)
    painted.turn()
    # A thousand tries are over, and it is a dead letter.
    painted.queue.messages.clear()
    painted.story.later(hours=6)
    painted.slack.knobs(down=False)
    assert painted.swept() == 1
    painted.settle()
    assert len(painted.cards()) == 1


def test_while_slack_is_down_what_waits_grows_to_a_bound(
    painted: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find, "_FULL", 12)
    sessions = [painted.story.request(who) for who in ("alice", "dave", "alice")]
    painted.slack.knobs(down=True)
    for each in sessions:
        painted.heard(each)
    for _ in range(60):
        painted.swept()
        painted.settle(within=300)
    assert len(painted.queue.messages) <= 12 + len(sessions)
    painted.slack.knobs(down=False)
    back = painted.now()
    painted.settle()
    assert painted.now() < back + timedelta(minutes=1)
    assert len(painted.cards()) == 3


def test_what_becomes_due_right_after_another_finding_is_found_at_once(painted: World) -> None:
    session = painted.story.granted(seconds=1800)
    painted.painted(session)
    lines = len(painted.thread(session))
    painted.story.later(minutes=24, seconds=40)
    painted.story.lease(session.session_id)
    assert painted.swept() == 1
    painted.settle()
    painted.story.later(seconds=60)
    painted.swept()
    painted.settle()
    assert len(painted.thread(session)) == lines + 1
    assert "left." in painted.thread(session)[-1].text


def test_of_more_sessions_than_one_sweep_looks_at_all_are_found(
    painted: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find, "_MOST", 2)
    sessions = [painted.story.granted(who) for who in ("alice", "dave", "alice", "dave", "alice")]
    for each in sessions:
        painted.painted(each)
    painted.story.later(hours=3)
    painted.story.revoke(sessions[-1].session_id)
    for _ in range(3):
        painted.story.later(seconds=60)
        painted.swept()
        painted.settle()
    assert "REVOKED" in painted.card(sessions[-1]).text


def test_what_a_newer_release_has_written_is_read(painted: World) -> None:
    session = painted.story.request()
    painted.painted(session)
    posted = painted.posted(session)
    text, version = painted.shelf.cards[session.session_id]
    newer = text.replace('"session_id"', '"of_a_newer_release":1,"session_id"', 1)
    newer = newer.replace('"acts"', '"of_a_newer_release":1,"acts"', 1)
    painted.shelf.cards[session.session_id] = (newer, version)
    assert Posted.from_text(newer) == posted
    painted.story.vote("bob", session.session_id)
    assert "so far 1" in painted.painted(session).text


def test_the_operators_line_is_as_long_as_any(painted: World) -> None:
    """Whatever Slack calls it: what is told of it is a message that Slack takes."""
    painted.slack.knobs(errors={"chat.postMessage": ["x" * 5000, 1]})
    session = painted.story.request()
    painted.heard(session)
    painted.settle()
    assert painted.card(session).channel == CORE
    assert painted.queue.messages == []
    errors: list[Any] = [each for each in painted.shelf.said if len(each) > 200]
    assert errors == []
