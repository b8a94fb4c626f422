"""Who is told what without having asked, when, and how often."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from pam.domain import deadlines
from pam.domain.approval import Ballot
from pam.domain.lifecycle import Status
from pam.domain.notices import CLAIM_FOR, Duty, next_reminder
from pam.domain.session import Session
from pam.operations.send_notices import Audiences, send_notices
from tests.fakes.story import NOON, POLICY, Story
from tests.fakes.world import FakeNotifier


@pytest.fixture
def story() -> Story:
    return Story()


def tick_for(story: Story, session: Session, length: timedelta) -> list[float]:
    """A tick a minute; the minutes at which something was told."""
    told = []
    begin = story.now
    while story.now < begin + length:
        story.later(minutes=1)
        if session.session_id in [each.session_id for each in story.store.due(story.now, 10)] and (
            story.tell(session.session_id)
        ):
            told.append((story.now - begin) / timedelta(minutes=1))
    return told


def test_a_waiting_request_is_announced_every_ten_minutes_then_every_hour_until_its_end(
    story: Story,
) -> None:
    session = story.request()
    told = tick_for(story, session, timedelta(hours=5))
    assert told == [10, 20, 30, 40, 50, 60, 120, 180]
    assert {what for what, _ in story.notifier.told} == {"still waiting"}
    assert story.store.types(session.session_id) == ["Requested"]


STEPS = {
    # minutes since the request: of the last reminder, of the window's end -> of the next reminder
    "at first": (None, 240, 10),
    "late by some seconds": (10.9, 240, 20),
    "the last of the often": (50, 240, 60),
    "then by the hour": (60, 240, 120),
    "after an outage one makes up for all": (95, 240, 120),
    "not at the end itself": (None, 10, None),
    "not after the end": (180, 240, None),
    "a short window": (None, 5, None),
}


@pytest.mark.parametrize("case", STEPS)
def test_reminders_keep_to_their_steps(case: str) -> None:
    last, end, expected = STEPS[case]

    def at(minutes: float | None) -> datetime | None:
        return None if minutes is None else NOON + timedelta(minutes=minutes)

    assert next_reminder(NOON, at(last), NOON + timedelta(minutes=end)) == at(expected)


def test_a_decided_or_closed_request_is_not_announced_again(story: Story) -> None:
    def denied() -> Session:
        return story.vote("bob", story.request().session_id, Ballot.DENY)

    ends = [denied(), story.approved(), story.end(story.request().session_id)]
    story.later(minutes=30)
    assert [story.tell(session.session_id) for session in ends] == [(), (), ()]


@pytest.mark.guarantee("G6")
def test_a_request_that_was_announced_to_the_end_is_closed_unanswered(story: Story) -> None:
    session = story.request()
    tick_for(story, session, timedelta(hours=4))
    (due,) = story.store.due(story.now, 10)
    assert deadlines.duties(due) == {Duty.END: session.approval_expires_at}
    swept = story.sweep(session.session_id)
    assert swept.status is Status.UNANSWERED


@pytest.mark.parametrize(
    ("seconds", "minutes"), [(60, []), (300, []), (420, [2]), (600, [5]), (900, [10]), (3600, [55])]
)
def test_a_requester_is_warned_once_five_minutes_before_the_end_of_a_longer_session(
    story: Story, seconds: int, minutes: list[int]
) -> None:
    session = story.granted(seconds=seconds)
    assert session.activated_at is not None
    story.now = session.activated_at
    told = tick_for(story, session, timedelta(seconds=seconds) - timedelta(minutes=1))
    assert told == minutes
    assert story.notifier.told == [("ending soon", session.session_id)] * len(minutes)


def test_a_session_that_ended_early_warns_nobody(story: Story) -> None:
    session = story.granted()
    story.end(session.session_id)
    story.later(minutes=6)
    assert story.tell(session.session_id) == ()


@pytest.mark.guarantee("G9")
def test_of_two_ticks_at_once_one_sends(story: Story) -> None:
    session = story.request()
    story.later(minutes=10)
    others: list[tuple[Duty, ...]] = []
    story.notifier.while_telling = lambda: others.append(story.tell(session.session_id))
    assert story.tell(session.session_id) == (Duty.REMIND,)
    assert others == [()]

    story.later(minutes=10)
    story.notifier.while_telling = None
    story.store.before_save = lambda _: others.append(story.tell(session.session_id))
    assert story.tell(session.session_id) == ()
    assert others == [(), (Duty.REMIND,)]
    assert len(story.notifier.told) == 2


def test_a_notice_that_was_not_sent_is_sent_by_a_later_tick_and_not_before_its_claim_is_over(
    story: Story,
) -> None:
    session = story.request()
    story.later(minutes=10)
    story.notifier.down = True
    with pytest.raises(ConnectionError):
        story.tell(session.session_id)
    story.notifier.down = False
    assert story.store.due(story.now, 10) == []
    assert story.tell(session.session_id) == ()
    story.now += CLAIM_FOR
    assert story.tell(session.session_id) == (Duty.REMIND,)
    assert story.notifier.told == [("still waiting", session.session_id)]


@pytest.mark.guarantee("G9")
def test_a_vote_while_approvers_are_being_reminded_is_counted_and_ends_the_reminders(
    story: Story,
) -> None:
    session = story.request()
    story.vote("bob", session.session_id)
    story.later(minutes=10)
    story.notifier.while_telling = lambda: story.vote("carol", session.session_id)
    assert story.tell(session.session_id) == (Duty.REMIND,)
    stored = story.store.sessions[session.session_id]
    assert (stored.status, stored.notifying_until) == (Status.APPROVED, None)
    assert set(deadlines.duties(stored)) == {Duty.END}


@pytest.mark.guarantee("G6")
def test_a_notice_that_is_being_sent_or_cannot_be_sent_holds_up_no_end(story: Story) -> None:
    session = story.granted()
    assert session.expires_at is not None
    held = replace(session, notifying_until=session.expires_at + timedelta(hours=1))
    assert deadlines.due_at(held) == session.expires_at
    assert set(deadlines.duties(held)) == {Duty.END, Duty.WARN}


def test_each_is_told_what_is_theirs(story: Story) -> None:
    voices = {name: FakeNotifier() for name in ("approvers", "requesters", "tier1")}
    asked = story.request()
    active = story.granted()
    emergency = story.activate(story.request(break_glass=True, seconds=60).session_id)
    for session, after in ((active, 6), (asked, 30), (emergency, 25 * 60)):
        send_notices(
            session.session_id,
            now=NOON + timedelta(minutes=after),
            store=story.store,
            policy=POLICY,
            audiences=Audiences(**voices),
        )
    assert {name: voice.told for name, voice in voices.items()} == {
        "approvers": [("still waiting", asked.session_id)],
        "requesters": [("ending soon", active.session_id)],
        "tier1": [("review overdue", emergency.session_id)],
    }
