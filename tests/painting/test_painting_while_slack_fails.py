"""Slack answers, and fails at one thing again and again: that is tried each time later, everything
else goes on, and somebody hears of it.
"""

from datetime import datetime, timedelta

import pytest

from pam.domain.approval import Ballot
from pam.domain.session import Session
from pam.operations.erase_texts import erase_texts
from pam.slack.jobs import Method, Send
from tests.painting.world import CORE, World

FOR_EVER = 10_000
FAILURES = ["internal_error", "fatal_error", "service_unavailable"]


def fails(
    painted: World, method: str, times: int = FOR_EVER, error: str = "internal_error"
) -> None:
    painted.slack.knobs(errors={method: [error, times]})


def minutes(painted: World, count: int) -> None:
    """The sweep comes every minute."""
    for _ in range(count):
        next_sweep = painted.now() + timedelta(minutes=1)
        painted.swept()
        painted.settle(within=60)
        painted.story.now = max(painted.now(), next_sweep)


def voted(painted: World, session: Session) -> None:
    painted.story.vote("bob", session.session_id)
    painted.heard(session)


@pytest.mark.parametrize("error", FAILURES)
def test_what_slack_says_it_did_not_do_is_done_as_often_as_it_takes(
    painted: World, error: str
) -> None:
    session = painted.story.request()
    fails(painted, "chat.postMessage", 8, error)
    painted.heard(session)
    minutes(painted, 40)
    assert painted.card(session).action_ids
    assert [each.channel for each in painted.cards()] == [CORE]


@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update"])
def test_it_is_tried_a_few_times_at_once_and_then_every_five_minutes(
    painted: World, method: str
) -> None:
    session = painted.story.request()
    fails(painted, method)
    painted.heard(session)
    painted.settle(within=300)
    assert painted.calls(method) == 4
    assert painted.queue.messages == []
    minutes(painted, 60)
    assert painted.calls(method) <= 4 + 60 / 5 + 1


def test_it_is_told_how_long_it_waits(painted: World) -> None:
    fails(painted, "chat.postMessage")
    painted.heard(painted.story.request())
    minutes(painted, 30)
    assert len(painted.late) >= 3
    assert painted.late == sorted(painted.late)
    assert painted.late[-1] > 300
    fails(painted, "chat.postMessage", 0)
    minutes(painted, 7)
    told = len(painted.late)
    minutes(painted, 10)
    assert len(painted.late) == told


def test_no_other_card_of_the_channel_waits_for_it(painted: World) -> None:
    other = painted.story.request("dave")
    painted.painted(other)
    fails(painted, "chat.postMessage")
    painted.heard(painted.story.request())
    voted(painted, other)
    painted.turn()
    assert "so far 1" in painted.card(other).text


def test_a_card_that_cannot_be_painted_keeps_back_no_line_and_no_direct_message(
    painted: World,
) -> None:
    session = painted.story.request()
    painted.painted(session)
    fails(painted, "chat.update")
    painted.story.vote("bob", session.session_id, Ballot.DENY)
    painted.heard(session)
    painted.settle(within=300)
    assert len(painted.thread(session)) == 1
    assert "DENIED" in painted.told()[-1].text
    fails(painted, "chat.update", 0)
    minutes(painted, 7)
    assert "DENIED" in painted.card(session).text
    assert len(painted.thread(session)) == 1


def test_no_line_of_the_thread_is_lost_by_it(painted: World) -> None:
    session = painted.story.request()
    painted.painted(session)
    fails(painted, "chat.postMessage")
    for who in ("bob", "carol"):
        painted.story.vote(who, session.session_id)
        painted.heard(session)
        painted.settle(within=300)
    assert painted.thread(session) == []
    fails(painted, "chat.postMessage", 0)
    minutes(painted, 7)
    told = "".join(each.text for each in painted.thread(session))
    assert "bob" in told
    assert "carol" in told


def test_where_slack_fails_at_everything_it_is_right_within_a_minute_after(painted: World) -> None:
    session = painted.story.request()
    painted.painted(session)
    down = ("auth.test", "chat.postMessage", "chat.update", "conversations.info")
    painted.slack.knobs(errors={method: ["internal_error", FOR_EVER] for method in down})
    voted(painted, session)
    painted.settle(within=3600)
    painted.slack.knobs(errors={})
    back = painted.now()
    painted.settle()
    assert painted.now() < back + timedelta(minutes=1)
    assert "so far 1" in painted.card(session).text
    assert len(painted.thread(session)) == 1


def test_what_is_erased_long_after_the_end_waits_for_as_long_as_it_takes(painted: World) -> None:
    """No sweep looks at a session that is finished."""
    session = painted.story.request(reason="the secret reason of alice")
    painted.story.vote("bob", session.session_id, Ballot.DENY)
    painted.painted(session)
    painted.story.later(hours=2)
    minutes(painted, 1)
    assert painted.shelf.open == set()
    erase_texts(session.session_id, painted.story.call("sam"))
    fails(painted, "chat.update", 20)
    painted.heard(session)
    painted.settle()
    assert painted.calls("chat.update") >= 20
    everything = [painted.card(session), *painted.thread(session), *painted.told()]
    assert "secret" not in "".join(each.text for each in everything)


def test_a_message_of_its_own_is_tried_each_time_later_until_it_is_of_no_use(
    painted: World,
) -> None:
    fails(painted, "chat.postMessage")
    until = painted.now() + timedelta(hours=1)
    painted.put(direct(until))
    painted.settle()
    assert painted.now() >= until
    assert painted.calls("chat.postMessage") < 20


def direct(until: datetime) -> Send:
    arguments = {"channel": "U0ALICE0001", "text": "PAM", "blocks": []}
    return Send(to="U0ALICE0001", method=Method.POST_MESSAGE, arguments=arguments, not_after=until)


# Refused, for whatever is in it: told to nobody in Slack, so it is counted.

WORD = "a_word_of_next_year"


def test_a_line_that_slack_refuses_is_counted(painted: World) -> None:
    session = painted.story.request()
    painted.painted(session)
    voted(painted, session)
    fails(painted, "chat.postMessage", 1, WORD)
    painted.settle()
    assert painted.thread(session) == []
    assert painted.faults == 1


def test_a_direct_message_that_slack_refuses_is_counted(painted: World) -> None:
    painted.painted(painted.story.request())
    fails(painted, "chat.postMessage", FOR_EVER, WORD)
    painted.put(direct(painted.now() + timedelta(minutes=10)))
    painted.settle()
    assert painted.faults == 1


def test_what_stays_there_though_it_was_erased_is_counted(painted: World) -> None:
    session = painted.story.request(reason="the secret reason of alice")
    painted.story.vote("bob", session.session_id, Ballot.DENY, comment="a secret comment")
    painted.painted(session)
    erase_texts(session.session_id, painted.story.call("sam"))
    painted.slack.knobs(errors={"chat.update": [WORD, FOR_EVER]})
    painted.heard(session)
    painted.settle(within=120)
    assert "secret" in painted.thread(session)[0].text
    assert painted.faults >= 2, "the line, and the direct message"


# Silent three times: given up for now.


def test_a_card_that_was_given_up_is_posted_once_slack_answers(painted: World) -> None:
    session = painted.story.request()
    painted.slack.knobs(answer_lost={"chat.postMessage": 3})
    painted.heard(session)
    painted.settle()
    assert painted.posted(session).given_up == "silent"
    assert painted.faults == 1
    minutes(painted, 7)
    assert painted.card(session).action_ids
    assert [bool(each.action_ids) for each in painted.cards()] == [False] * 3 + [True]
    posts = painted.calls("chat.postMessage")
    minutes(painted, 30)
    assert painted.calls("chat.postMessage") == posts
    assert painted.posted(session).silences == 0


def test_while_slack_stays_silent_each_try_comes_later(painted: World) -> None:
    """Each may leave one more card that nobody can take away."""
    painted.slack.knobs(answer_lost={"chat.postMessage": FOR_EVER})
    painted.heard(painted.story.request(seconds=1800))
    minutes(painted, 180)
    assert 3 + 3 <= painted.calls("chat.postMessage") <= 3 + 7


def test_of_a_request_that_is_decided_no_card_is_tried_again(painted: World) -> None:
    session = painted.story.request()
    painted.slack.knobs(answer_lost={"chat.postMessage": 3})
    painted.heard(session)
    painted.settle()
    painted.story.vote("bob", session.session_id, Ballot.DENY)
    painted.heard(session)
    minutes(painted, 40)
    assert len(painted.cards()) == 3
    assert painted.shelf.open == set()


def test_where_the_channel_is_not_to_be_asked_about_no_card_is_tried_again(painted: World) -> None:
    session = painted.story.request()
    painted.slack.knobs(answer_lost={"chat.postMessage": 3})
    painted.heard(session)
    painted.settle()
    posts = painted.calls("chat.postMessage")
    fails(painted, "conversations.info")
    minutes(painted, 20)
    assert painted.calls("chat.postMessage") == posts
    fails(painted, "conversations.info", 0)
    minutes(painted, 2)
    assert painted.card(session).action_ids
