"""Blocks in the store that operations are tested with and in the one that is deployed."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from pam.aws import block_items, dynamodb_items
from pam.aws.attribute_values import to_item
from pam.aws.dynamodb_sessions import DynamoDbSessions
from pam.domain import new_records
from pam.domain.audit_record import Entry, Record, RecordType
from pam.domain.block import Block, Blocklist
from pam.domain.errors import StaleSession, TryAgain
from pam.ids import new_id
from pam.names import BLOCKS_PARTITION, THROTTLED
from pam.ports.sessions import SessionStore
from tests.contract.both_stores import store
from tests.contract.conftest import TABLES, everything_in
from tests.fakes.story import LEDGER, NOON, SANDBOX, Story, arn, caller

__all__ = ["store"]

BLOCK = Block(
    person="alice",
    principal=arn("alice"),
    since=NOON,
    until=NOON + timedelta(hours=1),
    reason="laptop stolen",
    by=arn("sam"),
)
LIFTED = replace(BLOCK, lifted_at=NOON, lifted_by=arn("sam"), lift_reason="laptop found")


def record() -> Record:
    entry = Entry(type=RecordType.BLOCKED, actor=caller("sam").actor, detail="alice is blocked")
    return new_records.about_person(
        entry=entry, requester=arn("alice"), resource="", now=NOON, new_id=new_id
    )


def put(store: SessionStore, *blocks: Block) -> None:
    for block in blocks:
        store.put_block(store.blocklist(), block, record())


def test_a_block_is_read_as_it_was_written(store: SessionStore) -> None:
    assert store.blocklist() == Blocklist()
    endless = replace(BLOCK, resource=LEDGER, until=None)
    put(store, BLOCK, endless)
    assert store.blocks_of("alice") == [BLOCK, endless]
    put(store, LIFTED)
    assert store.blocks_of("alice") == [LIFTED, endless]


def test_blocks_of_a_person_are_those_of_that_very_name(store: SessionStore) -> None:
    others = [replace(BLOCK, person=name) for name in ("alic", "alice2", "alice.smith", "bob")]
    put(store, *others)
    assert store.blocks_of("alice") == []
    put(store, BLOCK)
    assert store.blocks_of("alice") == [BLOCK]
    assert {found.person for found in store.blocklist().blocks} == {
        "alic", "alice", "alice2", "alice.smith", "bob",
    }  # fmt: skip


@pytest.mark.guarantee("G9")
def test_of_two_changes_from_one_reading_the_second_is_refused(store: SessionStore) -> None:
    for _ in range(2):
        before = store.blocklist()
        put(store, BLOCK)
        with pytest.raises(StaleSession):
            store.put_block(before, replace(BLOCK, person="bob"), record())
    assert store.blocks_of("bob") == []


def test_open_sessions_are_those_that_are_not_over_a_persons_or_all(store: Any) -> None:
    story = Story(store=store)
    active = story.granted().session_id
    over = story.request().session_id
    story.end(over)
    of_dave = story.granted("dave").session_id
    pending = story.request(resource=SANDBOX).session_id
    found = {session.session_id for session in store.open_sessions("alice")}
    assert found == {active, pending}
    assert {session.session_id for session in store.open_sessions()} == found | {of_dave}


@pytest.mark.guarantee("G7")
def test_a_block_is_written_with_its_record_or_not_at_all(table: Any) -> None:
    store = DynamoDbSessions(table, TABLES)
    twice = record()
    store.put_block(store.blocklist(), BLOCK, twice)
    (kept,) = store.records_after(f"NONE#{twice['event_id']}", -1)
    assert kept == twice
    with pytest.raises(StaleSession):
        store.put_block(store.blocklist(), replace(BLOCK, person="bob"), twice)
    assert store.blocks_of("bob") == []
    assert store.blocklist().version == 1


def test_a_block_that_is_over_goes_by_itself_in_time_and_no_other(table: Any) -> None:
    store = DynamoDbSessions(table, TABLES)
    put(store, BLOCK, replace(LIFTED, person="bob"), replace(BLOCK, person="dave", until=None))
    items = {item["person"]: item for item in everything_in(table) if item["kind"] == "BLOCK"}
    kept = int(block_items.KEPT.total_seconds())
    assert items["alice"]["ttl"] == int(NOON.timestamp()) + 3600 + kept
    assert items["bob"]["ttl"] == int(NOON.timestamp()) + kept
    assert "ttl" not in items["dave"]


@pytest.mark.guarantee("G14")
def test_what_lies_where_blocks_do_keeps_nobody_from_being_blocked(table: Any) -> None:
    store = DynamoDbSessions(table, TABLES)
    put(store, BLOCK)
    spoilt: list[dict[str, Any]] = [
        {"pk": BLOCKS_PARTITION, "sk": "kim#"},
        {"pk": BLOCKS_PARTITION, "sk": "lou#", "since": "never", "version": 9},
        block_items.block_item(BLOCK, "e") | {"version": 7},
    ]
    for item in spoilt:
        table.put_item(TableName=TABLES.blocks, Item=to_item(item))
    assert store.blocklist() == Blocklist(version=1, blocks=(BLOCK,))
    put(store, replace(BLOCK, person="dave", principal=arn("dave")))
    assert [block.person for block in store.blocklist().blocks] == ["alice", "dave"]
    with pytest.raises(KeyError):
        store.blocks_of("kim")


def test_blocks_that_a_throttled_table_leaves_out_are_told_by_the_name_that_workflows_retry(
    table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left out is never taken for nobody blocked."""
    monkeypatch.setattr(dynamodb_items, "_PAUSES", (0, 0))
    store = DynamoDbSessions(table, TABLES)
    put(store, BLOCK)

    def left_out(RequestItems: Any) -> Any:  # noqa: N803 - DynamoDB's name
        return {"Responses": {}, "UnprocessedKeys": RequestItems}

    monkeypatch.setattr(table, "batch_get_item", left_out)
    with pytest.raises(TryAgain) as throttled:
        store.blocks_on(LEDGER, ["alice"])
    assert type(throttled.value).__name__ == THROTTLED
