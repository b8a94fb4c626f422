"""An act that names a person belongs to the session by which they had that access, or to none."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from pam.domain import ids
from pam.domain.activity import Activity
from pam.domain.kinds import Source
from pam.domain.lifecycle import Status
from pam.domain.openings import Fence, Opening
from pam.domain.session import Session
from pam.operations import retrying
from pam.operations.match_sessions import MOST_PAGES, match_sessions
from pam.operations.record_activity import Recorder
from pam.ports.sessions import SessionQuery
from tests.fakes.permission_sets import LENDING_SETS, PAYMENTS, REPORTS, place
from tests.fakes.story import NOON, Story

NONE = "alice had no session when these credentials were made"


@pytest.fixture
def story(monkeypatch: pytest.MonkeyPatch) -> Story:
    monkeypatch.setattr(retrying.time, "sleep", lambda _: None)
    return Story(policy=LENDING_SETS)


def act(at: datetime, signed_in_at: datetime | None = None, **changes: Any) -> Activity:
    known: dict[str, Any] = {
        "source": Source.CLOUDTRAIL,
        "activity_id": "event-1",
        "at": at,
        "place": place(),
        "session_id": "",
        "person": "alice",
        "signed_in_at": signed_in_at,
        "what": "s3:DeleteBucket",
        "principal": "arn:aws:sts::111122223333:assumed-role/x/alice",
    }
    return Activity(**known | changes)


def recorded(story: Story, *activities: Activity) -> dict[str, str]:
    """Why each is dark access, by its id."""
    recorder = Recorder(
        clock=lambda: story.now,
        store=story.store,
        resources={place(): PAYMENTS, place(REPORTS): REPORTS},
        policy_version="v",
    )
    done = recorder.record_all(activities)
    assert not done.failed
    return done.told


def details(story: Story, session: Session) -> list[tuple[str, str]]:
    records = story.store.records(session.session_id)
    return [(str(r["outcome"]), str(r["detail"])) for r in records if r["type"] == "Activity"]


def opened_later(number: int) -> str:
    """The id of a session that was asked for so many milliseconds after the first."""
    at = after(milliseconds=number + 1)
    return ids.bounds(at, at)[0]


def after(**length: float) -> datetime:
    return NOON + timedelta(**length)


@pytest.mark.guarantee("G5")
def test_what_a_person_did_with_a_lent_set_stands_in_their_sessions_trail(story: Story) -> None:
    session = story.granted(resource=PAYMENTS)
    assert recorded(story, act(after(minutes=1), after(seconds=30))) == {"event-1": ""}
    ((outcome, detail),) = details(story, session)
    assert outcome == "success"
    assert detail.startswith("cloudtrail 2026-03-01T12:01:00.250Z s3:DeleteBucket")
    assert story.store.findings == []


def test_it_is_the_session_in_which_they_signed_in_though_the_next_is_open_by_then(
    story: Story,
) -> None:
    first = story.granted(resource=PAYMENTS)
    story.later(minutes=2)
    story.end(first.session_id)
    story.later(minutes=1)
    second = story.granted(resource=PAYMENTS)
    old, new = after(minutes=1), after(minutes=4)
    told = recorded(
        story,
        act(after(minutes=5), new, activity_id="a-new"),
        act(after(minutes=5), old, activity_id="a-refused", error="AccessDenied"),
        act(after(minutes=5), old, activity_id="a-old"),
    )
    assert told["a-new"] == told["a-refused"] == ""
    assert told["a-old"].startswith("the access was over since")
    assert [outcome for outcome, _ in details(story, second)] == ["success"]
    assert sorted(outcome for outcome, _ in details(story, first)) == ["failure", "refused"]


# minutes from noon: when they signed in (None: not told) and acted -> what is told
ENDED_AT_TWO = {
    "in its time": (1, 1, ""),
    "signed in before it": (-5, 1, NONE),
    "signed in before it, and refused": (-5, 1, NONE),
    "right after the end was decided": (1, 2.5, ""),
    "long after the end": (1, 4, "the access was over since 2026-03-01T12:02:00.250Z"),
    "signed in after the end was confirmed": (3, 3, NONE),
    "not told, in its time": (None, 1, ""),
    "not told, before it": (None, -1, NONE),
    "not told, within an hour of its end": (None, 30, "the access was over since "),
    "not told, when no credentials can be left": (None, 63, NONE),
}


@pytest.mark.guarantee("G5")
@pytest.mark.parametrize("case", ENDED_AT_TWO)
def test_use_outside_a_session_is_dark_access(story: Story, case: str) -> None:
    signed_in, acted, why = ENDED_AT_TWO[case]
    session = story.granted(resource=PAYMENTS)
    story.later(minutes=2)
    story.end(session.session_id)
    story.later(hours=2)
    signed_in_at = None if signed_in is None else after(minutes=signed_in)
    refused = {"error": "AccessDenied"} if "refused" in case else {}
    told = recorded(story, act(after(minutes=acted), signed_in_at, **refused))["event-1"]
    assert told.startswith(why)
    assert bool(told) == bool(why)
    alone = [str(record["detail"]) for record in story.store.findings]
    assert len(alone) == (why == NONE)
    assert len(details(story, session)) == (why != NONE)


def test_the_second_in_which_a_session_begins_is_inside(story: Story) -> None:
    session = story.granted(resource=PAYMENTS)
    assert session.activated_at is not None
    second = session.activated_at.replace(microsecond=0)
    assert recorded(story, act(second, second)) == {"event-1": ""}
    early = second - timedelta(seconds=2)
    assert recorded(story, act(second, early, activity_id="a-2")) == {"a-2": NONE}


OTHERS = {
    "a person with a session of another set": {"place": place(REPORTS)},
    "a person without a session": {"person": "dave"},
    "a set of another account": {"place": place(account="999999999999")},
}


@pytest.mark.guarantee("G5")
@pytest.mark.parametrize("case", OTHERS)
def test_nobodys_use_of_a_set_is_a_finding_and_in_nobodys_trail(story: Story, case: str) -> None:
    session = story.granted(resource=PAYMENTS)
    used = act(after(minutes=1), after(seconds=30), **OTHERS[case])
    why = f"{used.person} had no session when these credentials were made"
    assert recorded(story, used) == {"event-1": why}
    (record,) = story.store.findings
    assert record["detail"].startswith(f"dark access: {why}: cloudtrail ")
    assert details(story, session) == []


def test_nothing_is_a_sessions_that_never_began(story: Story) -> None:
    waiting = story.request(resource=PAYMENTS)
    assert waiting.activated_at is None
    assert recorded(story, act(after(minutes=1), after(seconds=30))) == {"event-1": NONE}


def test_what_could_be_done_before_a_session_was_active_is_a_finding_in_its_trail(
    story: Story,
) -> None:
    session = story.granted(resource=PAYMENTS)
    begun = replace(session, status=Status.ACTIVATING, activated_at=None, expires_at=None)
    story.store.sessions[session.session_id] = begun
    assert recorded(story, act(after(minutes=1))) == {"event-1": "the session was never active"}
    assert len(details(story, session)) == 1


def test_what_a_set_may_do_no_lease_denies_and_what_it_opens_is_told(story: Story) -> None:
    session = story.granted(resource=PAYMENTS)
    made = Opening(reason="makes a login, a key or a token that is no lease", fence=Fence.EVERY)
    assert recorded(story, act(after(minutes=1), opening=made)) == {"event-1": ""}
    ((outcome, detail),) = details(story, session)
    assert outcome == "failure"
    assert detail.startswith("opened: makes a login, a key or a token that is no lease: ")


def test_many_acts_of_many_people_take_one_look_at_each_persons_sessions(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    for who in ("alice", "dave"):
        story.granted(who, PAYMENTS)
    asked: list[SessionQuery] = []
    find = story.store.find

    def counted(query: SessionQuery) -> Any:
        asked.append(query)
        return find(query)

    monkeypatch.setattr(story.store, "find", counted)
    some = [
        act(after(minutes=1, seconds=number), person=who, activity_id=f"{who}-{number}")
        for number in range(20)
        for who in ("alice", "dave")
    ]
    assert set(recorded(story, *some).values()) == {""}
    assert [query.requester_name for query in asked] == ["alice", "dave"]


def test_a_person_with_more_sessions_than_are_looked_at_hides_nothing_by_it(story: Story) -> None:
    session = story.granted(resource=PAYMENTS)
    most = MOST_PAGES * 50
    for number in range(most):
        newer = opened_later(number)
        story.store.sessions[newer] = replace(
            session, session_id=newer, activated_at=None, activating_at=None
        )
    (found,) = match_sessions([act(after(minutes=1))], story.store)
    assert (found.session_id, found.finding) == ("", NONE)
    del story.store.sessions[newer]
    (found,) = match_sessions([act(after(minutes=1))], story.store)
    assert found.session_id == session.session_id


def test_sessions_from_long_before_are_not_looked_at(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = story.granted(resource=PAYMENTS)
    for number in range(60):
        newer = opened_later(number)
        story.store.sessions[newer] = replace(session, session_id=newer)
    asked: list[SessionQuery] = []
    find = story.store.find
    monkeypatch.setattr(story.store, "find", lambda query: asked.append(query) or find(query))
    match_sessions([act(after(days=3))], story.store)
    assert len(asked) == 1


def test_what_names_a_session_or_is_a_finding_stays_as_it_is(story: Story) -> None:
    story.granted(resource=PAYMENTS)
    as_they_are = [
        act(after(minutes=1), session_id="01JD8XGZ6Q3M4V5N6P7R8S9T0A"),
        act(after(minutes=1), person="", finding="the event names two users"),
    ]
    assert match_sessions(as_they_are, story.store) == as_they_are


def test_a_store_that_cannot_be_asked_keeps_back_only_what_needs_it(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = story.granted(resource=PAYMENTS)

    def down(_: SessionQuery) -> Any:
        raise ConnectionError

    monkeypatch.setattr(story.store, "find", down)
    recorder = Recorder(
        clock=lambda: story.now, store=story.store, resources={}, policy_version="v"
    )
    named = act(after(minutes=1), person="", session_id=session.session_id, activity_id="named")
    done = recorder.record_all([act(after(minutes=1)), named])
    assert list(done.failed) == ["event-1"]
    assert done.told == {"named": ""}
