"""Slack is down, slow, or silent: everything else goes on, and what stands there is right after."""

from datetime import timedelta

import pytest

from pam.slack import actions
from tests.painting.world import World


def test_while_slack_is_down_jobs_wait_and_are_right_within_a_minute_after(painted: World) -> None:
    painted.slack.knobs(down=True)
    session = painted.story.granted()
    painted.heard(session)
    painted.settle(within=3 * 3600)
    assert painted.queue.messages[0].times < 1000
    assert painted.given_up == []
    painted.story.revoke(session.session_id)
    painted.heard(session)
    painted.slack.knobs(down=False)
    back = painted.now()
    painted.settle()
    assert painted.now() < back + timedelta(minutes=1)
    assert "REVOKED" in painted.card(session).text
    assert len(painted.cards()) == 1


def test_an_end_comes_while_slack_is_down(painted: World) -> None:
    painted.slack.knobs(down=True)
    session = painted.story.granted()
    painted.heard(session)
    painted.turn()
    assert painted.story.revoke(session.session_id).closed


def test_of_two_cards_for_one_session_the_one_that_lives_has_the_buttons(painted: World) -> None:
    session = painted.story.request()
    painted.slack.knobs(answer_lost={"chat.postMessage": 1})
    card = painted.painted(session)
    first, second = painted.cards()
    assert card.ts == second.ts
    assert first.action_ids == []
    assert actions.APPROVE in second.action_ids
    painted.story.vote("bob", session.session_id)
    painted.painted(session)
    assert len(painted.cards()) == 2
    assert "bob" in painted.thread(session)[0].text


@pytest.mark.parametrize("times", [2, 3, 50])
def test_a_card_is_posted_three_times_at_the_most(painted: World, times: int) -> None:
    session = painted.story.request()
    painted.slack.knobs(answer_lost={"chat.postMessage": times})
    painted.heard(session)
    painted.settle()
    assert len(painted.cards()) == min(times + 1, 3)
    assert painted.posted(session).given_up == ("" if times < 3 else "silent")


def test_what_may_stand_there_is_not_posted_again_before_slack_answers(painted: World) -> None:
    session = painted.story.request()
    painted.slack.knobs(answer_lost={"chat.postMessage": 1})
    painted.heard(session)
    painted.turn()
    patience = painted.silent_after
    painted.slack.knobs(slow={"*": 60})
    painted.silent_after = 0.2
    painted.settle(within=600)
    assert len(painted.cards()) == 1
    painted.slack.knobs(slow={})
    painted.silent_after = patience
    painted.settle()
    assert len(painted.cards()) == 2


def test_a_line_of_the_thread_whose_answer_was_lost_is_doubled_once(painted: World) -> None:
    session = painted.story.request()
    painted.painted(session)
    painted.story.vote("bob", session.session_id)
    painted.slack.knobs(answer_lost={"chat.postMessage": 1})
    painted.painted(session)
    assert len(painted.thread(session)) == 2
    painted.story.vote("carol", session.session_id)
    painted.painted(session)
    assert len(painted.thread(session)) == 3


def test_an_update_whose_answer_was_lost_is_painted_again_and_doubles_nothing(
    painted: World,
) -> None:
    session = painted.story.request()
    painted.painted(session)
    painted.story.vote("bob", session.session_id)
    painted.slack.knobs(answer_lost={"chat.update": 1})
    assert "so far 1" in painted.painted(session).text
    assert len(painted.cards()) == 1
    assert len(painted.thread(session)) == 1


def test_a_slow_slack_is_waited_for(painted: World) -> None:
    session = painted.story.request()
    painted.slack.knobs(slow={"chat.postMessage": 0.3})
    assert painted.painted(session).action_ids
    assert len(painted.cards()) == 1


def test_an_app_installed_again_paints_with_its_new_token(painted: World) -> None:
    session = painted.story.request()
    painted.painted(session)
    painted.token.secret = painted.slack.call("reinstall")["bot_token"]
    reads = painted.token.reads
    painted.story.vote("bob", session.session_id)
    assert "so far 1" in painted.painted(session).text
    assert painted.token.reads == reads + 1


def test_without_a_new_token_jobs_wait_and_nothing_is_lost(painted: World) -> None:
    session = painted.story.request()
    new = painted.slack.call("reinstall")["bot_token"]
    painted.heard(session)
    painted.settle(within=300)
    assert painted.cards() == []
    assert len(painted.queue.messages) == 1
    painted.token.secret = new
    painted.settle()
    assert painted.card(session).action_ids
