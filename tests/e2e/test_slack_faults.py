"""Slack fails, repeats itself, loses answers: no end waits, no click counts twice, none is lost."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from local.cast import Cast, until
from pam.domain import timestamps
from pam.names import SlackSecret, slack_secret_name
from pam.slack import actions
from tests.e2e.in_slack import (
    UAT,
    WAYS,
    WHY,
    InSlack,
    decides,
    forget_updates,
    link,
    sessions_of,
)

pytestmark = pytest.mark.guarantee("G17")
BEFORE_THE_TICK = 30
"""Seconds. So long an end is its workflow's alone, which waits for nobody."""


@pytest.fixture(params=WAYS)
def slack(request: pytest.FixtureRequest, cast: Cast) -> InSlack:
    link(cast, request.param, "alice")
    return InSlack(cast, request.param)


@pytest.mark.guarantee("G6")
def test_with_slack_down_an_end_is_on_time_and_the_card_is_right_within_a_minute_after(
    cast: Cast,
) -> None:
    link(cast, "socket", "alice")
    slack = InSlack(cast, "socket")
    session_id = slack.ask("alice", length="10s")
    slack.click("bob", slack.card(session_id), actions.APPROVE)
    active = cast.person("alice").wait_for(session_id, "ACTIVE")
    cast.slack.knobs(down=True)
    try:
        over = cast.person("alice").wait_for(session_id, "EXPIRED")
        late = timestamps.parse(over["ended_at"]) - timestamps.parse(active["expires_at"])
        assert late.total_seconds() < BEFORE_THE_TICK
        before = cast.slack.counts()["calls"].get("chat.update", 0)
        forget_updates(cast)
    finally:
        cast.slack.knobs(down=False)
    back = datetime.now(UTC)
    slack.soon(
        lambda: "EXPIRED" in slack.card(session_id).text or None, "the card to be right again", 60
    )
    assert (datetime.now(UTC) - back).total_seconds() < 60
    assert cast.slack.counts()["calls"]["chat.update"] > before
    _connected(cast)


@pytest.mark.guarantee("G9")
def test_case_11_what_comes_twice_is_done_once(slack: InSlack, cast: Cast) -> None:
    known = sessions_of(cast, "alice")
    cast.slack.knobs(command_twice=1)
    slack.person("alice").command(f"{UAT} 10m {WHY}", via=slack.way)
    (session_id,) = until(lambda: sessions_of(cast, "alice") - known or None, "the request")
    slack.card_once(session_id, decides, "that it is to be decided")
    assert sessions_of(cast, "alice") - known == {session_id}
    cast.slack.knobs(envelope_twice=1)
    assert slack.click("bob", slack.card(session_id), actions.APPROVE).acknowledged
    assert cast.person("alice").session(session_id)["approvals"]["received"] == 1


@pytest.mark.guarantee("G9")
def test_case_1_two_who_click_at_once_are_one_winner_one_message_and_one_end(
    slack: InSlack, cast: Cast
) -> None:
    session_id = slack.ask("alice")
    card = slack.card(session_id)
    with ThreadPoolExecutor() as pool:
        clicks = [pool.submit(slack.click, who, card, actions.APPROVE) for who in ("bob", "carol")]
        assert all(click.result().acknowledged for click in clicks)
    votes = cast.person("alice").session(session_id)["approvals"]["votes"]
    assert 1 <= len(votes) <= 2
    cast.person("alice").wait_for(session_id, "ACTIVE")
    slack.card_once(session_id, lambda it: not decides(it), "that it is decided")
    assert len([it for it in slack.cards() if session_id in it.text]) == 1


def test_a_click_whose_acknowledgement_was_lost_is_pressed_again_and_counts_once(
    slack: InSlack, cast: Cast
) -> None:
    session_id = slack.ask("alice")
    card = slack.card(session_id)
    cast.slack.knobs(answer_within=0.001)
    try:
        lost = slack.click("bob", card, actions.APPROVE)
    finally:
        cast.slack.knobs(answer_within=3.0)
    assert not lost.acknowledged
    assert slack.click("bob", card, actions.APPROVE, stale=True).acknowledged
    until(lambda: cast.person("alice").session(session_id)["approvals"]["received"] or None, "it")
    assert cast.person("alice").session(session_id)["approvals"]["received"] == 1


def test_the_app_reinstalled_with_a_new_token_goes_on(slack: InSlack, cast: Cast) -> None:
    made = cast.slack.call("reinstall")["bot_token"]
    cast.person("root").client("secretsmanager").put_secret_value(
        SecretId=slack_secret_name("local", SlackSecret.BOT_TOKEN), SecretString=made
    )
    session_id = slack.ask("alice")
    assert slack.click("bob", slack.card(session_id), actions.APPROVE).acknowledged
    cast.person("alice").wait_for(session_id, "ACTIVE")
    slack.card_once(session_id, lambda it: not decides(it), "that it is decided")


def test_case_12_a_directory_that_takes_four_seconds_keeps_no_form_from_opening(
    slack: InSlack, cast: Cast
) -> None:
    """The skeleton opens within Slack's three seconds, whatever is asked for afterwards."""
    cast.slack.knobs(slow={"views.update": 4.0})
    try:
        assert slack.type("alice", "").acknowledged, "it waited for the directory"
        assert slack.person("alice").views()
    finally:
        cast.slack.knobs(slow={})
    slack.view("alice", "What for")
    slack.person("alice").close(via=slack.way)


def test_a_refused_update_is_tried_again_after_what_slack_asks_for(
    slack: InSlack, cast: Cast
) -> None:
    session_id = slack.ask("alice")
    card = slack.card(session_id)
    cast.slack.knobs(limited_times={"chat.update": 1}, retry_after=1)
    slack.click("bob", card, actions.APPROVE)
    slack.card_once(session_id, lambda it: not decides(it), "that it is decided")


def test_a_card_that_somebody_removed_and_a_channel_without_pam_hold_nothing_up(
    slack: InSlack, cast: Cast
) -> None:
    session_id = slack.ask("alice")
    card = slack.card(session_id)
    cast.slack.call("delete_message", channel=card.channel, ts=card.ts)
    assert cast.person("bob").approve(session_id).status == 200
    cast.person("alice").wait_for(session_id, "ACTIVE")
    slack.ask("alice")


def _connected(cast: Cast) -> None:
    """Socket Mode comes back by itself; tests that come later need it."""
    until(lambda: cast.slack.counts()["sockets"].get("open") or None, "the sockets to be back", 60)
