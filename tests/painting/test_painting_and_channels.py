"""Channels are shared, archived, renamed and left: nothing is posted where it should not be, the
operators are told once, and no other channel waits."""

from typing import Any

import pytest

from tests.fakes.story import KYC
from tests.painting.world import CORE, OPERATORS, World

KYC_CHANNEL = "C0KYC000001"
CHANNEL = "core-approvals"
CHANGES = {
    # As Slack says it of a private channel without the bot.
    "no member": ("remove_bot", {}),
    "archived": ("archive", {}),
    "not there": ("delete_channel", {}),
    "shared with another organisation": ("share", {}),
    "about to be shared": ("share", {"pending": True}),
}


def change(painted: World, reason: str) -> None:
    verb, how = CHANGES[reason]
    painted.slack.call(verb, channel=CHANNEL, **how)
    # What Slack said of it a minute ago holds no more.
    painted.story.later(seconds=61)


def operators(painted: World) -> list[str]:
    return [each.text for each in painted.slack.messages(OPERATORS)]


@pytest.mark.parametrize("reason", CHANGES)
def test_where_pam_may_not_post_nothing_is_posted_and_operators_are_told_once(
    painted: World, reason: str
) -> None:
    change(painted, reason)
    sessions = [painted.story.request(), painted.story.request(), painted.story.request("dave")]
    for each in sessions:
        painted.heard(each)
    painted.settle()
    assert painted.calls("chat.postMessage") == 1
    (told,) = operators(painted)
    assert CORE in told
    assert reason in told
    assert painted.lost == 1
    assert painted.queue.messages == []


@pytest.mark.parametrize("reason", CHANGES)
def test_no_other_channel_waits_for_one_that_is_lost(painted: World, reason: str) -> None:
    change(painted, reason)
    core, kyc = painted.story.request(), painted.story.request("kim", KYC)
    painted.heard(core)
    painted.heard(kyc)
    painted.settle()
    assert len(painted.cards(KYC_CHANNEL)) == 1


@pytest.mark.parametrize("reason", CHANGES)
def test_the_requester_is_told_though_the_channel_is_lost(painted: World, reason: str) -> None:
    change(painted, reason)
    session = painted.story.granted()
    painted.heard(session)
    painted.settle()
    assert any("Granted" in each.text for each in painted.told())


@pytest.mark.parametrize(
    ("lost", "back"),
    [("remove_bot", "invite_bot"), ("archive", "unarchive"), ("share", "unshare")],
)
def test_once_pam_may_post_again_it_makes_up_for_it(painted: World, lost: str, back: str) -> None:
    painted.slack.call(lost, channel=CHANNEL)
    session = painted.story.request()
    painted.heard(session)
    painted.settle()
    painted.slack.call(back, channel=CHANNEL)
    painted.story.later(seconds=61)
    assert painted.swept() == 1
    painted.settle()
    assert painted.card(session).action_ids


def test_a_card_in_a_channel_that_is_left_is_right_when_pam_is_back(painted: World) -> None:
    session = painted.story.request()
    card = painted.painted(session)
    painted.slack.call("remove_bot", channel=CHANNEL)
    painted.story.vote("bob", session.session_id)
    painted.heard(session)
    painted.settle()
    painted.slack.call("invite_bot", channel=CHANNEL)
    painted.story.later(minutes=6)
    painted.swept()
    painted.settle()
    assert painted.card(session).ts == card.ts
    assert "so far 1" in painted.card(session).text
    assert len(painted.thread(session)) == 1


def test_a_channel_that_becomes_shared_loses_all_that_was_said_of_its_sessions(
    painted: World,
) -> None:
    session = painted.story.request()
    painted.painted(session)
    painted.story.vote("bob", session.session_id)
    painted.painted(session)
    change(painted, "shared with another organisation")
    painted.story.vote("carol", session.session_id)
    painted.heard(session)
    painted.settle()
    assert painted.slack.messages(CHANNEL) == []
    assert painted.queue.messages == []


def test_with_one_session_all_that_are_open_go_out_of_a_channel_that_became_shared(
    painted: World,
) -> None:
    open_still = [painted.story.request(), painted.story.granted("dave")]
    for each in open_still:
        painted.painted(each)
    elsewhere = painted.story.request("kim", KYC)
    painted.painted(elsewhere)
    change(painted, "shared with another organisation")
    painted.story.vote("bob", open_still[0].session_id)
    painted.heard(open_still[0])
    painted.settle()
    assert painted.slack.messages(CHANNEL) == []
    assert len(painted.cards(KYC_CHANNEL)) == 1


def test_a_channel_of_which_slack_says_too_little_is_shared(painted: World) -> None:
    painted.slack.call("channel_without", channel=CHANNEL, absent=["is_ext_shared"])
    session = painted.story.request()
    painted.heard(session)
    painted.settle()
    assert painted.cards() == []
    assert painted.lost == 1


def test_a_renamed_channel_is_the_same_channel(painted: World) -> None:
    session = painted.story.request()
    card = painted.painted(session)
    painted.slack.call("rename", channel=CHANNEL, name="core-decides")
    painted.story.later(seconds=61)
    painted.story.vote("bob", session.session_id)
    assert painted.painted(session).ts == card.ts
    assert "so far 1" in painted.card(session).text
    assert painted.lost == 0


def test_what_slack_said_of_a_channel_holds_for_a_minute(painted: World) -> None:
    asked = []
    for seconds in (0, 59, 2):
        painted.story.later(seconds=seconds)
        painted.painted(painted.story.request())
        asked.append(painted.calls("conversations.info"))
    assert asked == [1, 1, 2]


def test_a_card_that_somebody_deleted_is_posted_anew_while_it_is_needed(painted: World) -> None:
    session = painted.story.request()
    card = painted.painted(session)
    painted.slack.call("delete_message", channel=CHANNEL, ts=card.ts)
    painted.story.vote("bob", session.session_id)
    again = painted.painted(session)
    assert again.ts != card.ts
    assert "so far 1" in again.text
    assert again.action_ids
    assert len(painted.thread(session)) == 1


def test_a_card_that_somebody_deletes_again_and_again_is_given_up(painted: World) -> None:
    session = painted.story.request()
    for who in ("bob", "carol"):
        painted.slack.call("delete_message", channel=CHANNEL, ts=painted.painted(session).ts)
        painted.story.vote(who, session.session_id)
    painted.slack.call("delete_message", channel=CHANNEL, ts=painted.painted(session).ts)
    painted.story.activate(session.session_id)
    painted.heard(session)
    painted.settle()
    assert painted.cards() == []
    assert painted.posted(session).given_up == "message_not_found"
    assert painted.queue.messages == []


def test_a_card_that_is_deleted_after_the_end_is_given_up(painted: World) -> None:
    session = painted.story.granted()
    card = painted.painted(session)
    painted.slack.call("delete_message", channel=CHANNEL, ts=card.ts)
    painted.story.revoke(session.session_id)
    painted.heard(session)
    painted.settle()
    assert painted.cards() == []
    assert any("REVOKED" in each.text for each in painted.told())


@pytest.mark.parametrize("error", ["edit_window_closed", "cant_update_message", "invalid_blocks"])
def test_a_card_that_slack_will_not_update_is_given_up_and_blocks_nothing(
    painted: World, error: str
) -> None:
    session, other = painted.story.request(), painted.story.request()
    painted.painted(session)
    painted.painted(other)
    painted.slack.knobs(errors={"chat.update": [error, 1]})
    for each in (session, other):
        painted.story.vote("bob", each.session_id)
        painted.heard(each)
    painted.settle()
    assert painted.posted(session).given_up == error
    assert painted.faults == (1 if error == "invalid_blocks" else 0)
    assert "so far 1" in painted.card(other).text
    assert painted.queue.messages == []


def test_a_resource_without_a_channel_is_posted_nowhere(painted: World, monkeypatch: Any) -> None:
    monkeypatch.setattr(type(painted.story.policy), "slack_channel", lambda *_: "")
    session = painted.story.granted()
    painted.heard(session)
    painted.settle()
    assert painted.cards() == []
    assert any("Granted" in each.text for each in painted.told())
    assert painted.swept() == 0


def test_the_operators_too_are_told_nothing_where_others_read(painted: World) -> None:
    painted.slack.call("share", channel="pam-operators")
    change(painted, "archived")
    painted.heard(painted.story.request())
    painted.settle()
    assert operators(painted) == []
    assert painted.lost == 1
    assert painted.queue.messages == []


def test_after_a_day_the_operators_are_told_again(painted: World) -> None:
    painted.slack.call("archive", channel=CHANNEL)
    for hours in (0, 23, 2):
        painted.story.later(hours=hours)
        painted.heard(painted.story.request())
        painted.settle()
    assert len(operators(painted)) == 2
