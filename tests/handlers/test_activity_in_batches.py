"""A flood of one borrower's calls: few writes, each call once and in order, nothing lost."""

import json
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from pam import wiring
from pam.domain import timestamps
from pam.domain.session import Session
from pam.operations import retrying
from tests.contract.conftest import TABLES
from tests.fakes.cloudtrail import event, identity
from tests.fakes.story import NOON, Story
from tests.handlers.conftest import Function

Load = Callable[[str], Function]
BATCH = 100
"""As the mapping has it; a test of the stacks holds that."""


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying.time, "sleep", lambda _: None)


@pytest.fixture
def recorder(function: Load) -> Function:
    return function("record_activity")


def call(session: Session, number: int, **changes: Any) -> dict[str, Any]:
    at = NOON + timedelta(minutes=1, seconds=number // 100)
    told = {
        "userIdentity": identity(session.target.arn, session.session_id),
        "eventID": f"event-{number}",
        "eventTime": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return event(**told | changes)


def messages(*events: Any) -> dict[str, Any]:
    """As the queue hands them over."""
    bodies = [each if isinstance(each, str) else json.dumps(each) for each in events]
    return {
        "Records": [
            {"messageId": f"message-{number}", "body": body, "eventSource": "aws:sqs"}
            for number, body in enumerate(bodies)
        ]
    }


def again(answer: Any) -> list[str]:
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


def activities(story: Story, session: Session) -> list[str]:
    records = story.store.records(session.session_id)
    return [record["request_id"] for record in records if record["type"] == "Activity"]


def writes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many records each write has that comes."""
    store = wiring.sessions(TABLES)
    save, made = store.save, list[int]()

    def counted(before: Any, after: Any, records: Any, *more: Any) -> None:
        save(before, after, records, *more)
        made.append(len(records))

    monkeypatch.setattr(store, "save", counted)
    return made


def test_ten_thousand_calls_would_be_a_hundred_batches_and_three_writes_each(
    recorder: Function, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two of the batches; the other ninety-eight are the same."""
    session = story.granted(seconds=14400)
    made = writes(monkeypatch)
    flood = [call(session, number) for number in range(2 * BATCH)]
    for first in (0, BATCH):
        answer = recorder(messages(*flood[first : first + BATCH]))
        assert answer == {"recorded": BATCH, "batchItemFailures": []}
    assert made == [45, 45, 10] * 2
    assert activities(story, session) == [f"event-{number}" for number in range(2 * BATCH)]


def test_each_is_recorded_once_however_it_is_repeated(recorder: Function, story: Story) -> None:
    session = story.granted()
    twice = [call(session, number) for number in (0, 1, 1, 0, 2)]
    assert recorder(messages(*twice)) == {"recorded": 3, "batchItemFailures": []}
    assert recorder(messages(*twice)) == {"recorded": 0, "batchItemFailures": []}
    assert recorder(messages(call(session, 2), call(session, 3)))["recorded"] == 1
    assert activities(story, session) == [f"event-{number}" for number in range(4)]


def test_they_stand_in_the_order_in_which_they_happened_in_one_chain(
    recorder: Function, story: Story
) -> None:
    session = story.granted()
    mixed = [call(session, number) for number in (300, 100, 200, 0)]
    recorder(messages(*mixed))
    assert activities(story, session) == ["event-0", "event-100", "event-200", "event-300"]
    records = story.store.records(session.session_id)
    assert [r["sequence"] for r in records] == list(range(1, len(records) + 1))
    assert all(a["hash"] == b["previous_hash"] for a, b in pairwise(records))


BROKEN = {
    "no JSON": "no JSON",
    "no event": "[]",
    "no id": json.dumps(event(eventID=None)),
    "no time": json.dumps(event(eventTime="soon")),
}


@pytest.mark.parametrize("case", BROKEN)
def test_one_that_cannot_be_read_comes_again_alone(
    recorder: Function, story: Story, case: str
) -> None:
    session = story.granted()
    broken = BROKEN[case].replace("01JD8XGZ6Q3M4V5N6P7R8S9T0A", session.session_id)
    answer = recorder(messages(call(session, 0), broken, call(session, 1)))
    assert again(answer) == ["message-1"]
    assert activities(story, session) == ["event-0", "event-1"]


def test_one_that_cannot_be_written_comes_again_alone_in_all_its_copies(
    recorder: Function, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = story.granted()
    store = wiring.sessions(TABLES)
    save = store.save

    def failing(before: Any, after: Any, records: Any, *more: Any) -> None:
        if any(record["request_id"] == "event-1" for record in records):
            message = "no answer"
            raise ConnectionError(message)
        save(before, after, records, *more)

    monkeypatch.setattr(store, "save", failing)
    answer = recorder(messages(*(call(session, number) for number in (0, 1, 2, 1))))
    assert again(answer) == ["message-1", "message-3"]
    assert activities(story, session) == ["event-0", "event-2"]


def test_sessions_that_cannot_be_written_keep_back_no_other(
    recorder: Function, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    flooded, other = story.granted(seconds=3600), story.granted("dave", seconds=3600)
    store = wiring.sessions(TABLES)
    save = store.save

    def failing(before: Any, after: Any, records: Any, *more: Any) -> None:
        if before.session_id == flooded.session_id:
            message = "no answer"
            raise ConnectionError(message)
        save(before, after, records, *more)

    monkeypatch.setattr(store, "save", failing)
    mixed = [call(flooded, 0), call(other, 1), call(flooded, 2), call(other, 3)]
    assert again(recorder(messages(*mixed))) == ["message-0", "message-2"]
    assert activities(story, other) == ["event-1", "event-3"]


def test_an_end_in_the_middle_of_a_flood_is_written_and_the_flood_after_it(
    recorder: Function, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = story.granted(seconds=3600)
    store = wiring.sessions(TABLES)
    save, ended = store.save, list[str]()

    def overtaken(before: Any, after: Any, records: Any, *more: Any) -> None:
        if not ended:
            ended.append(session.session_id)
            story.end(session.session_id)
        save(before, after, records, *more)

    monkeypatch.setattr(store, "save", overtaken)
    answer = recorder(messages(*(call(session, number) for number in range(30))))
    assert answer == {"recorded": 30, "batchItemFailures": []}
    kinds = [record["type"] for record in story.store.records(session.session_id)]
    assert kinds[-30:] == ["Activity"] * 30
    assert "Ended" in kinds[:-30]


def test_what_there_is_no_time_for_comes_again(
    recorder: Function, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = story.granted()
    monkeypatch.setattr("record_activity._TIME_FOR_A_SESSION_MS", 70_000)
    answer = recorder(messages(call(session, 0), call(session, 1)))
    assert again(answer) == ["message-0", "message-1"]
    assert activities(story, session) == []


def test_dark_access_in_a_batch_is_counted_each_time_and_once(
    recorder: Function, story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    session = story.granted()
    story.later(hours=2)
    late = timestamps.render(story.now)[:19] + "Z"
    batch = [call(session, number, eventTime=late) for number in range(3)]
    nobody = call(session, 3, userIdentity=identity(session.target.arn, "mallory"))
    unknown = [
        call(session, number, userIdentity=identity(session.target.arn)) for number in (4, 5)
    ]
    for _ in range(2):
        recorder(messages(*batch, nobody, *unknown))
    lines = [line for line in capsys.readouterr().out.splitlines() if "DarkAccess" in line]
    assert len([line for line in lines if line.startswith("{")]) == 6
