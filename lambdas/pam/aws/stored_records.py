"""Audit records as they lie in the tables, how far they are delivered, and what is done once."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from pam.aws import table_keys
from pam.aws.attribute_values import to_item
from pam.aws.dynamodb_items import DynamoDbItems
from pam.aws.transactions import transact
from pam.domain import timestamps
from pam.domain.audit_record import Record
from pam.ports.sessions import Once


class StoredRecords(DynamoDbItems):
    """The part of `ports.sessions.SessionStore` that is about records."""

    def records(self, session_id: str) -> list[Record]:
        return self.records_after(session_id, 0)

    def records_after(self, session_id: str, sequence: int, most: int = 0) -> list[Record]:
        """The records with a higher sequence, in order: at most so many, 0 for all."""
        items = self._query(
            most=most,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :from AND :to",
            ExpressionAttributeValues=to_item(_records_from(session_id, sequence + 1)),
            ConsistentRead=True,
        )
        return [_record_in(item) for item in items]

    def record(self, owner: str, sequence: int) -> Record | None:
        item = self._get(table_keys.record_key(owner, sequence))
        if item is None:
            return None
        return _record_in(item)

    def placed_records(self, owner: str, first: int) -> Iterator[tuple[int, Record]]:
        """From a sequence on, in order, each with the one that its place has."""
        items = self._query(
            KeyConditionExpression="pk = :pk AND sk BETWEEN :from AND :to",
            ExpressionAttributeValues=to_item(_records_from(owner, first)),
            ConsistentRead=True,
        )
        for item in items:
            place = table_keys.place_of(item["sk"])
            if place is not None:
                yield place, _record_in(item)

    def sequence_of(self, owner: str) -> int:
        """Of the last step that a session took; 0 for what is no session."""
        item = self._get(table_keys.session_key(owner)) or {}
        sequence = item.get("document", {}).get("sequence", 0)
        return int(sequence) if isinstance(sequence, Decimal) else 0

    def end_delivered_at(self, session_id: str) -> datetime | None:
        return self._delivered(session_id, table_keys.ENDED_MARK)

    def lease_delivered_at(self, session_id: str) -> datetime | None:
        return self._delivered(session_id, table_keys.LEASED_MARK)

    def _delivered(self, session_id: str, what: str) -> datetime | None:
        mark = self._get(table_keys.delivered_key(session_id), self._tables.delivered) or {}
        return None if mark.get(what) is None else timestamps.parse(mark[what])

    def last_in_the_way(self, session_id: str, first: int, room: int) -> int | None:
        last = first - 1
        for taken in self._sequences_from(session_id, first):
            if taken - last > room:
                break
            last = taken
        return None if last < first else last

    def _sequences_from(self, session_id: str, first: int) -> Iterator[int]:
        """Of whatever lies where records do, in order; read no further than it is asked for."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :from AND :to",
            ExpressionAttributeValues=to_item(_records_from(session_id, first)),
            ProjectionExpression="sk",
            ConsistentRead=True,
        )
        for page in pages:
            for item in page["Items"]:
                place = table_keys.place_of(item["sk"]["S"])
                if place is not None:
                    yield place

    def add_refusal(self, record: Record) -> None:
        transact(self._client, [self._new(table_keys.record_item(record))])

    def add_finding(self, record: Record, once: Once) -> None:
        transact(self._client, [self._new(table_keys.record_item(record)), *self._doing(once)])

    def is_done(self, once: Once) -> bool:
        return self._get(table_keys.once_key(once.key)) is not None

    def note(self, once: Once) -> None:
        self._client.put_item(
            TableName=self._table, Item=to_item(table_keys.once_item(once.key, once.until))
        )

    def _doing(self, once: Once | tuple[Once, ...] | None) -> list[dict[str, Any]]:
        done = (once,) if isinstance(once, Once) else once or ()
        return [self._new(table_keys.once_item(each.key, each.until)) for each in done]


def _record_in(item: Mapping[str, Any]) -> Record:
    """One without fields for what is none."""
    try:
        record = json.loads(item["record"])
    except (LookupError, RecursionError, TypeError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _records_from(session_id: str, sequence: int) -> dict[str, str]:
    first = table_keys.record_key(session_id, sequence)
    last = table_keys.record_key(session_id, 99_999_999)
    return {":pk": first["pk"], ":from": first["sk"], ":to": last["sk"]}
