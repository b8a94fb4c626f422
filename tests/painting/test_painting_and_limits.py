"""Slack takes so much and no more: PAM keeps to it, and waits for as long as Slack says."""

from dataclasses import replace
from datetime import timedelta

import pytest

from documents.scale import CARDS
from pam.domain.lifecycle import Status
from pam.domain.session import Session
from pam.slack.jobs import Method, Paint, Send
from tests.fakes.story import WITHOUT_LIMITS
from tests.painting.world import CORE, World

KYC_CHANNEL = "C0KYC000001"


def waiting(painted: World, number: int) -> list[Session]:
    painted.story.policy = WITHOUT_LIMITS
    return [painted.story.request(reason=f"ledger stuck, line {each}") for each in range(number)]


def ended(painted: World, number: int) -> list[Session]:
    """That are over in the same instant, and were painted while they were active."""
    sessions = waiting(painted, number)
    for each in sessions:
        for who in ("bob", "carol"):
            painted.story.vote(who, each.session_id)
        painted.story.activate(each.session_id)
        painted.heard(each)
    painted.settle()
    painted.story.later(minutes=20)
    for each in sessions:
        painted.story.end_due(each.session_id)
    return sessions


def test_fifty_sessions_that_end_at_once_are_right_within_a_minute(painted: World) -> None:
    sessions = ended(painted, 50)
    assert all("Active since" in painted.card(each).text for each in sessions)
    painted.slack.knobs(tiers=True)
    for each in sessions:
        painted.heard(each)
    painted.settle(within=60)
    assert all("EXPIRED" in painted.card(each).text for each in sessions)
    painted.settle()
    assert all("EXPIRED" in painted.thread(each)[-1].text for each in sessions)
    assert not [each for each in painted.refused() if "ratelimited" in each]


def test_fifty_cards_are_painted_before_their_threads_are_told(painted: World) -> None:
    sessions = ended(painted, 50)
    painted.slack.knobs(tiers=True)
    for each in sessions:
        painted.heard(each)
    began = painted.now()
    while not all("EXPIRED" in painted.card(each).text for each in sessions):
        assert painted.turn()
    assert painted.now() - began < timedelta(seconds=15)
    assert sum("EXPIRED" in painted.thread(each)[-1].text for each in sessions) < 10


def test_more_than_slack_takes_is_put_off_and_not_refused(painted: World) -> None:
    """A second picture of each within the same minute: of fifty updates there is no room left."""
    sessions = ended(painted, 35)
    painted.slack.knobs(tiers=True)
    for each in sessions:
        painted.story.store.sessions[each.session_id] = replace(
            painted.stored(each), status=Status.REVOKING, ended_at=None
        )
        painted.put(Paint(session_id=each.session_id, channel=CORE), once=f"1 {each.session_id}")
    painted.settle(within=30)
    for each in sessions:
        painted.story.store.sessions[each.session_id] = replace(
            painted.stored(each), status=Status.EXPIRED, ended_at=painted.now(), sequence=20
        )
        painted.put(Paint(session_id=each.session_id, channel=CORE), once=f"2 {each.session_id}")
    painted.settle()
    assert all("EXPIRED" in painted.card(each).text for each in sessions)
    assert painted.calls("chat.update") >= 70
    assert not [each for each in painted.refused() if "ratelimited" in each]


def test_a_sessions_card_is_updated_as_often_as_the_page_about_scale_reckons(
    painted: World,
) -> None:
    story, session = painted.story, painted.story.request()
    painted.painted(session)
    for act in (
        lambda: story.vote("bob", session.session_id),
        lambda: story.vote("carol", session.session_id),
        lambda: story.activate(session.session_id),
        lambda: story.lease(session.session_id),
        lambda: story.end(session.session_id),
    ):
        act()
        painted.painted(session)
    assert painted.calls("chat.update") == CARDS.per_session


@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update"])
def test_after_429_the_channel_waits_as_long_as_slack_says(painted: World, method: str) -> None:
    session = painted.story.request()
    painted.slack.knobs(limited_times={method: 1}, retry_after=17)
    painted.heard(session)
    began = painted.now()
    painted.turn()
    next_at = painted.queue.next_at()
    assert next_at is not None
    assert next_at >= began + timedelta(seconds=17)
    assert not painted.turn()
    painted.settle()
    assert painted.card(session).action_ids
    assert len(painted.cards()) == 1


def test_after_429_nothing_else_waits(painted: World) -> None:
    core, kyc = painted.story.request(), painted.story.request("kim", "kyc-documents-read")
    painted.slack.knobs(limited_times={"chat.postMessage": 1}, retry_after=600)
    painted.heard(core)
    painted.heard(kyc)
    painted.settle(within=60)
    assert painted.cards() == []
    assert len(painted.cards(KYC_CHANNEL)) == 1


def test_after_429_what_stands_behind_in_the_channel_keeps_its_turn(painted: World) -> None:
    sessions = waiting(painted, 3)
    painted.slack.knobs(limited_times={"chat.postMessage": 1}, retry_after=30)
    for each in sessions:
        painted.heard(each)
    painted.turn()
    assert [each.times for each in painted.queue.messages] == [1, 1, 1]
    painted.settle()
    assert [painted.posted(each).ts for each in sessions] == [each.ts for each in painted.cards()]


def test_many_jobs_of_one_session_are_one_picture(painted: World) -> None:
    session = painted.story.granted()
    for number in range(10):
        job = Paint(session_id=session.session_id, channel=CORE)
        painted.put(job, once=f"event {number}")
    painted.turn()
    assert painted.queue.messages == []
    assert painted.calls("chat.postMessage") == len(painted.cards()) + len(
        painted.thread(session)
    ) + len(painted.told())
    assert painted.calls("chat.update") == 0


def test_a_person_who_waits_for_an_answer_gets_it_before_cards(painted: World) -> None:
    session = painted.story.request()
    painted.heard(session)
    arguments = {"channel": CORE, "user": "U0BOB000001", "text": "Your vote stands."}
    painted.put(
        Send(
            to=CORE,
            method=Method.POST_EPHEMERAL,
            arguments=arguments,
            not_after=painted.now() + timedelta(minutes=1),
        )
    )
    painted.slack.knobs(limited_times={"chat.postMessage": 1})
    painted.turn()
    assert [each.text for each in painted.slack.person("bob").ephemerals()] == ["Your vote stands."]
    painted.settle()
    assert len(painted.slack.person("bob").ephemerals()) == 1


def test_an_answer_that_nobody_needs_any_more_is_not_sent(painted: World) -> None:
    job = Send(
        to=CORE,
        method=Method.POST_EPHEMERAL,
        arguments={"channel": CORE, "user": "U0BOB000001", "text": "late"},
        not_after=painted.now(),
    )
    painted.put(job)
    painted.settle()
    assert painted.slack.person("bob").ephemerals() == []
    assert painted.queue.messages == []


def test_an_answer_that_slack_refuses_for_good_is_dropped(painted: World) -> None:
    job = Send(
        to=CORE,
        method=Method.POST_EPHEMERAL,
        arguments={"channel": CORE, "user": "U0KIM000001", "text": "not a member here"},
        not_after=painted.now() + timedelta(minutes=1),
    )
    painted.put(job)
    painted.settle()
    assert painted.refused() == {"chat.postEphemeral user_not_in_channel": 1}
    assert painted.queue.messages == []
