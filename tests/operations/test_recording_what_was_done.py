"""What a session did stands in its own chain, once; what none may have done is a finding."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from pam.domain import audit_record, timestamps
from pam.domain.activity import Activity
from pam.domain.audit_record import Record
from pam.domain.errors import StaleSession
from pam.domain.kinds import Source
from pam.domain.lifecycle import Status
from pam.domain.openings import Opening
from pam.domain.session import Session
from pam.operations import retrying
from pam.operations.record_activity import Recorder, record_activity
from tests.fakes.story import LEDGER, NOON, Story

EVENT_ID = "5f2c0b8e-3f3f-4a57-9a53-0f5b4f9f8a10"
NOBODY = "01JD8XGZ6Q3M4V5N6P7R8S9T0A"
ROLE = "arn:aws:iam::111122223333:role/pam-target-core-ledger-admin"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Nobody waits; how long they would have."""
    waited: list[float] = []
    monkeypatch.setattr(retrying.time, "sleep", waited.append)
    return waited


@pytest.fixture
def story() -> Story:
    return Story()


def act(session: Session | None, **changes: Any) -> Activity:
    known: dict[str, Any] = {
        "source": Source.CLOUDTRAIL,
        "activity_id": EVENT_ID,
        "at": NOON + timedelta(minutes=1),
        "place": ROLE,
        "session_id": session.session_id if session else NOBODY,
        "what": "s3:DeleteBucket",
        "principal": "arn:aws:sts::111122223333:assumed-role/role/alice",
        "source_ip": "192.0.2.7",
        "user_agent": "aws-cli/2",
        "access_key_id": "ASIAEXAMPLE",
    }
    return Activity(**known | changes)


def recorded(story: Story, activity: Activity) -> str | None:
    return record_activity(
        activity,
        clock=lambda: story.now,
        store=story.store,
        resources={ROLE: LEDGER},
        policy_version="the-version",
    )


def last(story: Story, session: Session) -> Record:
    return story.store.trails[session.session_id][-1]


def has_whole_chain(story: Story, session: Session) -> bool:
    previous, number = audit_record.FIRST_PREVIOUS_HASH, 0
    for record in story.store.trails[session.session_id]:
        number += 1
        fits = record["previous_hash"] == previous and record["sequence"] == number
        if not fits or audit_record.hash_of(record) != record["hash"]:
            return False
        previous = record["hash"]
    stored = story.store.sessions[session.session_id]
    return (stored.sequence, stored.last_hash) == (number, previous)


def test_what_a_session_did_is_added_to_its_chain_and_changes_nothing_else(story: Story) -> None:
    session = story.granted()
    story.later(minutes=15)
    assert recorded(story, act(session)) == ""
    record = last(story, session)
    assert record["type"] == "Activity"
    assert record["outcome"] == "success"
    assert record["detail"] == "cloudtrail 2026-03-01T12:01:00.250Z s3:DeleteBucket"
    assert record["at"] == record["recorded_at"] == timestamps.render(story.now)
    assert record["actor"] == {
        "principal": "arn:aws:sts::111122223333:assumed-role/role/alice",
        "kind": "person",
        "surface": "",
        "auth": "",
        "source_ip": "192.0.2.7",
        "user_agent": "aws-cli/2",
    }
    assert (record["request_id"], record["access_key_id"]) == (EVENT_ID, "ASIAEXAMPLE")
    assert (record["resource"], record["policy_version"]) == (LEDGER, "the-version")
    assert has_whole_chain(story, session)
    stored = story.store.sessions[session.session_id]
    assert stored == replace(session, sequence=stored.sequence, last_hash=stored.last_hash)


def test_a_refused_call_is_recorded_as_refused(story: Story) -> None:
    session = story.granted()
    assert recorded(story, act(session, error="AccessDenied")) == ""
    assert last(story, session)["outcome"] == "refused"
    assert last(story, session)["detail"].endswith("s3:DeleteBucket: AccessDenied")


def test_a_repeated_delivery_adds_nothing(story: Story) -> None:
    session = story.granted()
    recorded(story, act(session))
    trail = story.store.records(session.session_id)
    assert recorded(story, act(session)) is None
    assert story.store.records(session.session_id) == trail


def test_a_delivery_that_came_second_in_a_race_adds_nothing(story: Story) -> None:
    session = story.granted()
    story.store.before_save = lambda _: recorded(story, act(session))
    assert recorded(story, act(session)) is None
    assert story.store.types(session.session_id).count("Activity") == 1


def test_what_was_done_before_the_end_is_recorded_after_it(story: Story) -> None:
    session = story.granted()
    story.later(minutes=5)
    story.end(session.session_id)
    assert recorded(story, act(session)) == ""
    assert story.store.sessions[session.session_id].status is Status.ENDED
    assert has_whole_chain(story, session)


def test_whoever_only_takes_note_stands_back_for_whoever_acts(
    story: Story, at_once: list[float]
) -> None:
    session = story.granted()
    done = timedelta(minutes=1)

    def first(_: Session) -> None:
        story.later(minutes=2)
        story.end(session.session_id)

    story.store.before_save = first
    assert recorded(story, act(session, at=NOON + done)) == ""
    assert story.store.types(session.session_id)[-2:] == ["Ended", "Activity"]
    assert last(story, session)["at"] == timestamps.render(story.now), "not the time of the read"
    assert has_whole_chain(story, session)
    assert len(at_once) == 1


def test_a_session_that_is_never_left_in_peace_is_tried_again_later(
    story: Story, monkeypatch: pytest.MonkeyPatch, at_once: list[float]
) -> None:
    session = story.granted()

    def lost(*_: object) -> None:
        raise StaleSession

    monkeypatch.setattr(story.store, "save", lost)
    with pytest.raises(StaleSession, match="too many at once"):
        recorded(story, act(session))
    assert len(at_once) == 30
    assert sum(at_once) < 60, "within the function's time"
    assert not story.store.done


DARK = {
    "before the session": {"at": NOON - timedelta(minutes=1)},
    "after its time": {"at": NOON + timedelta(hours=1)},
    "with another role": {"place": f"{ROLE}-another"},
}


@pytest.mark.parametrize("case", DARK)
def test_dark_access_of_a_known_session_is_a_finding_in_its_chain(story: Story, case: str) -> None:
    session = story.granted()
    why = recorded(story, act(session, **DARK[case]))
    assert why
    record = last(story, session)
    assert (record["type"], record["outcome"]) == ("Activity", "failure")
    assert record["detail"].startswith(f"dark access: {why}: cloudtrail 2026-")
    assert has_whole_chain(story, session)


def test_access_after_an_early_end_is_a_finding_if_it_succeeded(story: Story) -> None:
    session = story.granted()
    story.later(minutes=2)
    story.revoke(session.session_id)
    after = {"at": NOON + timedelta(minutes=3)}
    assert recorded(story, act(session, activity_id="a-1", error="AccessDenied", **after)) == ""
    assert recorded(story, act(session, activity_id="a-2", **after))
    outcomes = [r["outcome"] for r in story.store.records(session.session_id)[-2:]]
    assert outcomes == ["refused", "failure"]


@pytest.mark.guarantee("G16")
def test_what_was_opened_is_a_finding_in_the_chain_of_a_session_that_goes_on(story: Story) -> None:
    session = story.granted()
    opens = Opening(reason="lets others in")
    assert recorded(story, act(session, opening=opens, what="s3:PutBucketPolicy")) == ""
    record = last(story, session)
    assert (record["type"], record["outcome"]) == ("Activity", "failure")
    assert record["detail"].startswith("opened: lets others in: cloudtrail 2026-")
    assert story.store.sessions[session.session_id].status is Status.ACTIVE
    assert (
        recorded(story, act(session, activity_id="a-2", opening=opens, error="AccessDenied")) == ""
    )
    assert last(story, session)["outcome"] == "refused"


def test_what_was_opened_after_the_end_is_dark_access(story: Story) -> None:
    session = story.granted()
    late = {"at": NOON + timedelta(hours=1), "opening": Opening(reason="lets others in")}
    assert recorded(story, act(session, **late)).startswith("the access was over")
    assert last(story, session)["detail"].startswith("dark access: the access was over")


def test_what_was_done_before_aws_obeyed_an_early_end_is_recorded_as_that(story: Story) -> None:
    session = story.granted()
    decided_at = story.later(minutes=1)
    story.end(session.session_id)
    soon = {"at": decided_at + timedelta(seconds=5)}

    assert recorded(story, act(session, **soon)) == ""
    record = last(story, session)
    assert (record["type"], record["outcome"]) == ("Activity", "success")
    assert record["detail"].startswith("after the end was decided: cloudtrail 2026-")

    opens = Opening(reason="lets others in")
    assert recorded(story, act(session, activity_id="a-2", opening=opens, **soon)) == ""
    record = last(story, session)
    assert record["outcome"] == "failure"
    assert record["detail"].startswith("opened: lets others in: after the end was decided: ")

    late = {"at": decided_at + timedelta(seconds=61), "activity_id": "a-3"}
    assert recorded(story, act(session, **late)).startswith("the access was over")
    assert last(story, session)["detail"].startswith("dark access: ")


OUTSIDE = {
    "no source identity": {"session_id": "", "finding": "it has no source identity"},
    "a session that is unknown": {},
    "the role was assumed by another": {"session_id": "", "finding": "assumed by another"},
}


@pytest.mark.parametrize("case", OUTSIDE)
def test_dark_access_of_no_session_is_a_finding_on_its_own_and_once(
    story: Story, case: str
) -> None:
    why = recorded(story, act(None, **OUTSIDE[case]))
    assert recorded(story, act(None, **OUTSIDE[case])) is None
    (record,) = story.store.findings
    assert (record["session_id"], record["sequence"]) == ("", 0)
    assert (record["type"], record["outcome"]) == ("Activity", "failure")
    assert record["detail"].startswith(f"dark access: {why}: cloudtrail ")
    assert record["resource"] == LEDGER
    assert record["hash"] == audit_record.hash_of(record)


def test_dark_access_of_a_place_that_is_no_longer_lent_names_no_resource(story: Story) -> None:
    recorded(story, act(None, place="arn:aws:iam::111122223333:role/gone"))
    assert story.store.findings[0]["resource"] == ""


@pytest.mark.parametrize("of_a_session", [True, False])
def test_what_was_written_is_told_though_the_answer_was_lost(
    story: Story, monkeypatch: pytest.MonkeyPatch, of_a_session: bool
) -> None:
    """A retry finds nothing new: the alarm would never hear of it."""
    session = story.granted()
    name = "save" if of_a_session else "add_finding"
    write = getattr(story.store, name)

    def without_an_answer(*arguments: Any) -> None:
        write(*arguments)
        monkeypatch.setattr(story.store, name, write)
        raise ConnectionError

    monkeypatch.setattr(story.store, name, without_an_answer)
    recorder = Recorder(
        clock=lambda: story.now, store=story.store, resources={}, policy_version="v"
    )
    long_after = story.now + timedelta(days=1)
    done = recorder.record_all(
        [
            act(session if of_a_session else None, activity_id=f"a-{number}", at=long_after)
            for number in range(3)
        ]
    )
    assert all(done.told.get(f"a-{number}") for number in range(3))
