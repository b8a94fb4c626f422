"""Whoever may write the table may put records there, and keeps none of PAM's from the log by it."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from pam.aws import table_keys
from pam.aws.attribute_values import to_item
from pam.aws.audit_outbox import DynamoDbOutbox
from pam.aws.stored_records import StoredRecords
from pam.domain import audit_record, timestamps
from pam.domain.audit_record import Record
from pam.domain.errors import Unproven
from tests.contract.conftest import TABLES
from tests.fakes.story import NOON, Story

ELSE = "01JD8XGZ6Q3M4V5N6P7R8S9T0A"


def put(table: Any, session_id: str, place: int, text: str) -> None:
    item = {**table_keys.record_key(session_id, place), "kind": "RECORD", "record": text}
    table.put_item(TableName=TABLES.sessions, Item=to_item(item))


def made(like: Record, **changed: Any) -> str:
    """Well formed but for the changes."""
    record = {**like, **changed}
    return audit_record.canonical_json(record | {"hash": audit_record.hash_of(record)})


def carried(outbox: DynamoDbOutbox, session_id: str) -> list[int]:
    claimed = outbox.claim(session_id, NOON)
    assert claimed is not None
    records = outbox.undelivered(session_id, claimed)
    if records:
        outbox.settle(session_id, claimed.delivered, records, NOON)
    else:
        outbox.release(session_id)
    return [record["sequence"] for record in records]


@pytest.mark.guarantee("G7")
@pytest.mark.parametrize("says", [99, 2, 10**12], ids=["its own", "the next", "beyond all"])
def test_a_record_far_ahead_takes_the_mark_past_none_that_is_to_come(
    story: Story, table: Any, says: int
) -> None:
    session = story.request()
    (first,) = story.store.records(session.session_id)
    put(table, session.session_id, 99, made(first, sequence=says))
    outbox = DynamoDbOutbox(table, TABLES)
    assert carried(outbox, session.session_id) == [1]
    story.vote("bob", session.session_id)
    assert carried(outbox, session.session_id) == [2]


NONE: dict[str, Any] = {
    "text": lambda _: "{",
    "deep": lambda _: "[" * 100_000,
    "no fields": lambda _: "{}",
    "no kind of PAM's": lambda r: made(r, type="Nothing"),
    "no time": lambda r: made(r, recorded_at="yesterday"),
    "no policy set": lambda r: made(r, policy_version="x"),
    "no event": lambda r: made(r, event_id=None),
    "another place": lambda r: made(r, sequence=1),
    "another place, far ahead": lambda r: made(r, sequence=10**9),
    "another session": lambda r: made(r, session_id=ELSE),
    "too much": lambda r: made(r, detail="x" * 200_000),
    "another hash": lambda r: audit_record.canonical_json({**r, "hash": "0" * 64}),
}


@pytest.mark.guarantee("G7")
@pytest.mark.parametrize("case", NONE)
def test_what_is_no_record_is_passed_over_and_those_behind_it_are_carried(
    story: Story, table: Any, case: str
) -> None:
    session = story.request()
    (first,) = story.store.records(session.session_id)
    outbox = DynamoDbOutbox(table, TABLES)
    assert carried(outbox, session.session_id) == [1]
    put(table, session.session_id, 2, NONE[case](dict(first) | {"sequence": 2}))
    assert carried(outbox, session.session_id) == []
    story.vote("bob", session.session_id)
    assert carried(outbox, session.session_id) == [3, 4]


def test_a_record_that_follows_on_the_last_step_is_carried_like_any_other(
    story: Story, table: Any
) -> None:
    session = story.request()
    (first,) = story.store.records(session.session_id)
    put(table, session.session_id, 2, made(first, sequence=2))
    assert carried(DynamoDbOutbox(table, TABLES), session.session_id) == [1, 2]


WAYS_BACK: dict[str, Callable[[Story, str], object]] = {
    "revoked before it began": lambda story, which: story.revoke(which),
    "withdrawn": lambda story, which: story.end(which),
    "ended": lambda story, which: (story.activate(which), story.end(which)),
}


@pytest.mark.guarantee("G5")
@pytest.mark.parametrize("case", WAYS_BACK)
@pytest.mark.parametrize("way", ["overwritten", "removed"])
def test_a_session_that_ended_has_no_way_back_though_its_trail_is_rewritten(
    story: Story, table: Any, case: str, way: str
) -> None:
    session_id = story.request().session_id
    for approver in ("bob", "carol"):
        story.vote(approver, session_id)
    approved = story.store.get(session_id)
    assert approved is not None
    WAYS_BACK[case](story, session_id)
    carried(DynamoDbOutbox(table, TABLES), session_id)
    for record in story.store.records(session_id)[approved.sequence :]:
        if way == "overwritten":
            put(table, session_id, record["sequence"], made(record, type="Refused"))
        else:
            key = to_item(dict(table_keys.record_key(session_id, record["sequence"])))
            table.delete_item(TableName=TABLES.sessions, Key=key)
    table.put_item(TableName=TABLES.sessions, Item=to_item(table_keys.session_item(approved)))
    story.issuer.held.clear()
    with pytest.raises(Unproven, match="has ended"):
        story.activate(session_id)
    assert story.issuer.held == set()


def test_the_mark_says_when_a_lease_and_when_an_end_was_carried(story: Story, table: Any) -> None:
    session_id = story.granted().session_id
    outbox = DynamoDbOutbox(table, TABLES)

    def told() -> tuple[object, object]:
        carried(outbox, session_id)
        return story.store.lease_delivered_at(session_id), story.store.end_delivered_at(session_id)

    carried_at = timestamps.truncate(NOON)
    assert told() == (None, None)
    story.lease(session_id)
    assert told() == (carried_at, None)
    story.revoke(session_id)
    assert told() == (carried_at, carried_at)


def test_a_claim_whose_session_could_not_be_read_keeps_no_other_call_waiting(
    story: Story, table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id = story.request().session_id
    outbox = DynamoDbOutbox(table, TABLES)

    def fails(*_: object) -> int:
        raise ConnectionError

    with monkeypatch.context() as broken:
        broken.setattr(StoredRecords, "sequence_of", fails)
        with pytest.raises(ConnectionError):
            outbox.claim(session_id, NOON)
    assert carried(outbox, session_id) == [1], "a lease waits for no claim of a call that died"


def test_a_claim_that_another_call_has_stays_that_calls_whatever_fails(
    story: Story, table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id = story.request().session_id
    outbox = DynamoDbOutbox(table, TABLES)
    assert outbox.claim(session_id, NOON) is not None

    def fails(*_: object) -> int:
        raise ConnectionError

    with monkeypatch.context() as broken, suppress(ConnectionError):
        broken.setattr(StoredRecords, "sequence_of", fails)
        outbox.claim(session_id, NOON)
    assert outbox.claim(session_id, NOON) is None
