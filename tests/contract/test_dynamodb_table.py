"""What only the real table has: keys, times to live, cursors, transactions and their refusals."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pam.aws import table_keys
from pam.aws.attribute_values import to_item
from pam.aws.dynamodb_sessions import DynamoDbSessions
from pam.aws.session_codec import Unreadable
from pam.domain import audit_record, new_records
from pam.domain.approval import Ballot
from pam.domain.audit_record import Entry, Record, RecordType
from pam.domain.errors import StaleSession
from pam.domain.lifecycle import Status
from pam.domain.session import Session
from pam.ids import new_id
from pam.names import RECORD
from pam.ports.sessions import IdempotencyKey, Once, SessionQuery
from tests.contract.conftest import TABLE, TABLES
from tests.fakes.log import BOB, a_refusal
from tests.fakes.story import LEDGER, NOON, SANDBOX, Story

VOTED = Entry(type=RecordType.VOTED, actor=BOB)


def step(session: Session, **changes: Any) -> tuple[Session, tuple[Record, ...]]:
    return new_records.chain(replace(session, **changes), (VOTED,), now=NOON, new_id=new_id)


@pytest.mark.guarantee("G9")
def test_a_lost_race_leaves_nothing_half_written(
    story: Story, store: DynamoDbSessions, items: Callable[[str], list[dict[str, Any]]]
) -> None:
    active = story.granted()
    leased, lease_records = step(active, leases=1)
    store.save(active, leased, lease_records)
    kept = store.records(active.session_id)
    ended, end_records = step(active.advance(Status.REVOKING))
    with pytest.raises(StaleSession):
        store.save(active, ended, end_records)
    assert store.get(active.session_id) == leased
    assert store.records(active.session_id) == kept
    assert len(items("GRANT")) == 1


@pytest.mark.guarantee("G7")
def test_no_record_is_ever_written_over(story: Story, store: DynamoDbSessions) -> None:
    before = story.request()
    kept = store.records(before.session_id)
    _, (forged,) = step(replace(before, sequence=0, last_hash=""))
    with pytest.raises(StaleSession):
        store.save(before, replace(before, reason="forged"), [forged])
    assert store.records(before.session_id) == kept
    stored = store.get(before.session_id)
    assert stored == before


@pytest.mark.guarantee("G7")
def test_a_refusal_is_written_once_beside_every_session_and_the_stream_finds_it(
    store: DynamoDbSessions, items: Callable[[str], list[dict[str, Any]]]
) -> None:
    first, second = a_refusal("first"), a_refusal("second")
    store.add_refusal(first)
    store.add_refusal(second)
    with pytest.raises(StaleSession):
        store.add_refusal(first)
    kept = items(RECORD)
    assert {item["record"] for item in kept} == {
        audit_record.canonical_json(record) for record in (first, second)
    }
    assert all("session_id" not in item for item in kept), "an index key may not be empty"
    assert store.find(SessionQuery()).sessions == ()


def test_records_are_told_from_a_sequence_on_however_many_pages_they_fill(
    story: Story, store: DynamoDbSessions, table: Any
) -> None:
    session_id = story.request().session_id
    for sequence in range(2, 12):
        record = {"session_id": session_id, "sequence": sequence, "reason": "x" * 300_000}
        table.put_item(TableName=TABLE, Item=to_item(table_keys.record_item(record)))
    every = [record["sequence"] for record in store.records(session_id)]
    assert every == list(range(1, 12))
    assert [r["sequence"] for r in store.records_after(session_id, 9)] == [10, 11]
    assert store.records_after(session_id, 11) == []


def test_what_may_go_says_when_to_the_second_and_what_must_stay_does_not(
    story: Story, items: Callable[[str], list[dict[str, Any]]]
) -> None:
    session = story.request("alice", SANDBOX, key="k", seconds=60)
    story.store.put_task_token(session.session_id, "token", NOON)
    active = story.activate(session.session_id)
    assert active.expires_at is not None
    lives = {
        "GRANT": active.expires_at,
        "IDEMPOTENCY": NOON + timedelta(hours=24),
        "TASK_TOKEN": NOON + timedelta(days=2),
    }
    for kind, until in lives.items():
        (item,) = items(kind)
        assert item["ttl"] == int(until.timestamp()), kind
    for kind in ("SESSION", RECORD):
        assert all("ttl" not in item for item in items(kind)), kind


@pytest.mark.guarantee("G5")
def test_two_sessions_of_one_person_on_one_resource_hold_grants_of_their_own(
    story: Story, store: DynamoDbSessions
) -> None:
    kept, ended = (story.granted().session_id for _ in range(2))
    assert set(store.grants("alice", LEDGER)) == {kept, ended}
    story.end(ended)
    assert store.grants("alice", LEDGER) == [kept]


def due(store: DynamoDbSessions, now: datetime, limit: int) -> list[str]:
    return [session.session_id for session in store.due(now, limit)]


def test_the_longest_overdue_comes_first(story: Story, store: DynamoDbSessions) -> None:
    lengths = {seconds: story.granted(seconds=seconds) for seconds in (90, 30, 60)}
    over = [lengths[seconds].session_id for seconds in (30, 60, 90)]
    assert due(store, story.now + timedelta(seconds=29), 10) == []
    assert due(store, story.now + timedelta(seconds=61), 10) == over[:2]
    assert due(store, story.now + timedelta(hours=1), 10) == over


@pytest.mark.parametrize(
    "outcome", ["denied", "withdrawn", "ended without a lease", "failed to start"]
)
def test_what_is_closed_and_left_nothing_behind_is_never_due(
    story: Story, store: DynamoDbSessions, outcome: str
) -> None:
    if outcome == "ended without a lease":
        story.end(story.granted().session_id)
    elif outcome == "failed to start":
        story.workflow.down = True
        with pytest.raises(Exception, match="could not be started"):
            story.request()
    elif outcome == "withdrawn":
        story.end(story.request().session_id)
    else:
        story.vote("bob", story.request().session_id, Ballot.DENY)
    assert due(store, story.now + timedelta(days=365), 10) == []


def test_traces_are_forgotten_without_a_step_and_only_of_the_session_as_it_stands(
    story: Story, store: DynamoDbSessions
) -> None:
    session_id = story.granted().session_id
    story.lease(session_id)
    closed = story.end(session_id)
    assert closed.traces_until is not None
    moved_on, records = step(closed)
    store.save(closed, moved_on, records)
    with pytest.raises(StaleSession):
        store.forget_traces(closed)
    store.forget_traces(moved_on)
    assert store.get(session_id) == replace(moved_on, traces_until=None)


@pytest.mark.guarantee("G10")
def test_the_place_of_one_walk_opens_no_other_one(story: Story, store: DynamoDbSessions) -> None:
    of_alice = story.request("alice", LEDGER)
    story.later(seconds=1)
    story.request("dave", LEDGER)
    story.later(seconds=1)
    story.request("dave", LEDGER)
    everybody = store.find(SessionQuery(limit=1)).after
    page = store.find(SessionQuery(requester_name="alice", after=everybody))
    assert [session.session_id for session in page.sessions] == [of_alice.session_id]


def cancelled(*codes: str) -> ClientError:
    reasons = [{"Code": code} for code in codes]
    error = {"Code": "TransactionCanceledException", "Message": "x"}
    return ClientError({"Error": error, "CancellationReasons": reasons}, "TransactWriteItems")


def plain(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "x"}}, "TransactWriteItems")


RACES = {
    "a condition": cancelled("None", "ConditionalCheckFailed"),
    "a transaction in the way": cancelled("TransactionConflict", "None"),
    "a transaction in the way of one item": plain("TransactionConflictException"),
}
FAULTS = {
    "too much at once": cancelled("ThrottlingError", "None"),
    "an item that is not right": cancelled("ValidationError", "None"),
    "no right to write": plain("AccessDeniedException"),
}


class Refusing:
    def __init__(self, error: ClientError) -> None:
        self._error = error

    def transact_write_items(self, **_: Any) -> None:
        raise self._error


@pytest.mark.parametrize("case", RACES)
def test_a_lost_race_is_told_as_one(case: str) -> None:
    with pytest.raises(StaleSession):
        DynamoDbSessions(Refusing(RACES[case]), TABLES).add_refusal(a_refusal())


@pytest.mark.parametrize("case", FAULTS)
def test_any_other_fault_of_the_table_is_not_taken_for_a_lost_race(case: str) -> None:
    with pytest.raises(ClientError):
        DynamoDbSessions(Refusing(FAULTS[case]), TABLES).add_refusal(a_refusal())


def test_one_key_belongs_to_one_person(story: Story, store: DynamoDbSessions) -> None:
    first, second = story.request("alice", key="k"), story.request("dave", key="k")
    assert first.session_id != second.session_id
    for who, session in (("alice", first), ("dave", second)):
        found = store.find_by_key(IdempotencyKey(person=who, key="k", fingerprint=""))
        assert found is not None
        assert found[0] == session.session_id


def test_what_was_done_once_is_kept_apart_from_the_trail_and_forgotten_in_time(
    story: Story, store: DynamoDbSessions, items: Callable[[str], list[dict[str, Any]]]
) -> None:
    before = story.request()
    after, records = step(before)
    until = NOON + timedelta(days=7)
    store.save(before, after, records, Once(key="event-1", until=until))
    (item,) = items("ACTIVITY")
    assert item == {
        "pk": "ACTIVITY#event-1",
        "sk": "ACTIVITY",
        "kind": "ACTIVITY",
        "ttl": int(until.timestamp()),
    }
    assert all("ttl" not in record for record in items(RECORD))


def test_a_finding_of_no_session_is_a_record_of_its_own(
    store: DynamoDbSessions, items: Callable[[str], list[dict[str, Any]]]
) -> None:
    entry = Entry(type=RecordType.ACTIVITY, actor=BOB)
    record = new_records.finding(entry=entry, resource=LEDGER, now=NOON, new_id=new_id)
    store.add_finding(record, Once(key="event-1", until=NOON))
    (item,) = items(RECORD)
    assert item["pk"] == f"SESSION#NONE#{record['event_id']}"
    assert "session_id" not in item, "an index key may not be empty"


@pytest.mark.guarantee("G6")
def test_a_session_that_is_not_understood_keeps_no_other_from_being_found(
    store: DynamoDbSessions, story: Story, table: Any
) -> None:
    spoilt, sound = story.request().session_id, story.request("dave").session_id
    table.update_item(
        TableName=TABLE,
        Key=to_item(table_keys.session_key(spoilt)),
        UpdateExpression="REMOVE document.needed",
    )
    later, unreadable = story.later(days=2), list[str]()
    assert [each.session_id for each in store.due(later, 10, unreadable.append)] == [sound]
    assert unreadable == [spoilt]
    with pytest.raises(Unreadable):
        store.due(later, 10)
