"""The session store on DynamoDB. Every write is one conditional transaction, over the tables that
it concerns: sessions with their records, grants, blocks.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from pam.aws import block_items, person_items, session_codec, table_keys
from pam.aws.attribute_values import from_item, to_item
from pam.aws.clients import AwsThrottled
from pam.aws.transactions import transact
from pam.domain import deadlines, echo, ids, timestamps
from pam.domain.apart import Act
from pam.domain.audit_record import Record
from pam.domain.block import EVERYTHING, Block, Blocklist
from pam.domain.echo import Expected
from pam.domain.errors import StaleSession
from pam.domain.lifecycle import CLOSED, Status
from pam.domain.limits import OpenNow, open_as
from pam.domain.session import Session
from pam.names import BLOCKS_PARTITION, Index, Tables
from pam.ports.sessions import IdempotencyKey, Once, Page, SessionQuery

_KEYS_LIVE = timedelta(hours=24)
"""How long a repeated Idempotency-Key still finds its first request."""
_TOKENS_LIVE = timedelta(days=2)
_MOST_KEYS = 100
"""Of one BatchGetItem."""
_PAUSES = (0, 0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds before each try to read what a throttled table left out."""

_ALL_OWED: dict[str, Any] = {"FilterExpression": "attribute_not_exists(done)"}
_NO_VALUES: dict[str, str] = {}


class DynamoDbSessions:
    """Implements `ports.sessions.SessionStore`."""

    def __init__(self, client: Any, tables: Tables) -> None:
        self._client = client
        self._tables = tables
        self._table = tables.sessions

    def get(self, session_id: str) -> Session | None:
        item = self._get(table_keys.session_key(session_id))
        return None if item is None else _session_in(item)

    def several(self, session_ids: Sequence[str]) -> list[Session]:
        # DynamoDB takes no key twice.
        keys = [to_item(table_keys.session_key(each)) for each in dict.fromkeys(session_ids)]
        return list(_readable(self._items(keys, consistent=True)))

    def get_whole(self, session_id: str) -> tuple[Session, bool] | None:
        """The same, for whoever checks what is stored: with whether its item says beside the
        document what PAM would write there. An index finds it by that.
        """
        item = self._get(table_keys.session_key(session_id))
        if item is None:
            return None
        session = _session_in(item)
        return session, item == table_keys.session_item(session)

    def create(
        self,
        session: Session,
        records: Sequence[Record],
        key: IdempotencyKey | None,
        held: OpenNow | None = None,
    ) -> None:
        writes = [self._new(table_keys.session_item(session))]
        writes.append(self._put(person_items.open_item(session)))
        writes += self._adding(session.requester_name, held)
        writes += [self._new(table_keys.record_item(record)) for record in records]
        if session.review is not None:
            writes.append(self._new(table_keys.review_item(session, session.review)))
        if key is not None:
            # Two calls with one key at once: the second finds the item, and the first's answer.
            writes.append(
                self._new(
                    {
                        **table_keys.idempotency_key(key.person, key.key),
                        "kind": "IDEMPOTENCY",
                        "fingerprint": key.fingerprint,
                        "opened": session.session_id,
                        "ttl": table_keys.epoch(session.created_at + _KEYS_LIVE),
                    }
                )
            )
        transact(self._client, writes)

    def save(
        self,
        before: Session,
        after: Session,
        records: Sequence[Record],
        once: Once | tuple[Once, ...] | None = None,
        held: OpenNow | None = None,
        expected: Expected | None = None,
    ) -> None:
        writes = [self._replacing(before, after)]
        # A record's key is its sequence: even a writer that skipped the check above cannot fork
        # the chain.
        writes += [self._new(table_keys.record_item(record)) for record in records]
        writes += self._grant_change(before, after)
        writes += self._review_change(before, after)
        if open_as(before) != open_as(after):
            writes.append(self._put(person_items.open_item(after)))
        writes += self._adding(after.requester_name, held)
        writes += self._doing(once)
        if expected is not None:
            writes.append(self._new(table_keys.expected_item(expected)))
        transact(self._client, writes)

    def is_done(self, once: Once) -> bool:
        return self._get(table_keys.once_key(once.key)) is not None

    def note(self, once: Once) -> None:
        self._client.put_item(
            TableName=self._table, Item=to_item(table_keys.once_item(once.key, once.until))
        )

    def expected(self, begin: datetime, end: datetime) -> list[Expected]:
        return [
            table_keys.expected_in(item)
            for hour in echo.hours(begin, end)
            for item in self._query(
                KeyConditionExpression="pk = :pk AND sk BETWEEN :begin AND :end",
                ExpressionAttributeValues=to_item(table_keys.expected_between(hour, begin, end)),
                ConsistentRead=True,
            )
        ]

    def find_by_key(self, key: IdempotencyKey) -> tuple[str, str] | None:
        item = self._get(table_keys.idempotency_key(key.person, key.key))
        return None if item is None else (item["opened"], item["fingerprint"])

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

    def grants(self, person: str, resource: str) -> list[str]:
        items = self._query(
            self._tables.grants,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=to_item(
                {":pk": table_keys.grant_key(person, resource, "")["pk"]}
            ),
            ConsistentRead=True,
        )
        return [item["sk"] for item in items]

    def find(self, query: SessionQuery) -> Page:
        index, attribute, value = _narrowest(query)
        filters = [
            (name, wanted)
            for name, wanted in (
                ("status", query.status and query.status.value),
                ("requester_person", query.requester_name),
                ("resource", query.resource),
            )
            if wanted is not None and name != attribute
        ]
        oldest, newest = ids.bounds(query.since, query.until)
        names = {"#key": attribute} | {f"#f{i}": name for i, (name, _) in enumerate(filters)}
        values = {":key": value, ":oldest": oldest, ":newest": newest} | {
            f":f{i}": wanted for i, (_, wanted) in enumerate(filters)
        }
        arguments: dict[str, Any] = {
            "IndexName": index.value,
            # Every index that is listed by has the id second in its key.
            "KeyConditionExpression": "#key = :key AND session_id BETWEEN :oldest AND :newest",
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": to_item(values),
            "ScanIndexForward": query.oldest_first,
            "Limit": query.limit,
        }
        if filters:
            arguments["FilterExpression"] = " AND ".join(
                f"#f{i} = :f{i}" for i in range(len(filters))
            )
        if query.after is not None:
            # The place of a session in any index follows from its id, whatever it is by now.
            start = table_keys.session_key(query.after) | {attribute: value}
            arguments["ExclusiveStartKey"] = to_item(start | {"session_id": query.after})
        answer = self._client.query(TableName=self._table, **arguments)
        last = answer.get("LastEvaluatedKey")
        listed = self._items([{"pk": item["pk"], "sk": item["sk"]} for item in answer["Items"]])
        return Page(
            # The index lags behind the sessions, which may be something else by now.
            sessions=tuple(each for each in _readable(listed) if _matches(each, query)),
            after=None if last is None else from_item(last)["session_id"],
        )

    def opened_since(self, since: datetime, most: int) -> list[str]:
        items = self._query(
            most=most,
            IndexName=Index.BY_TIME.value,
            KeyConditionExpression="listing = :all AND session_id >= :since",
            ExpressionAttributeValues=to_item(
                {":all": table_keys.ALL, ":since": ids.bounds(since, since)[0]}
            ),
            ScanIndexForward=False,
        )
        return [item["session_id"] for item in items]

    def _items(
        self, keys: list[dict[str, Any]], table: str = "", *, consistent: bool = False
    ) -> list[dict[str, Any]]:
        """In this order; without those that are not there. Raises AwsThrottled."""
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for first in range(0, len(keys), _MOST_KEYS):
            some = {"Keys": keys[first : first + _MOST_KEYS], "ConsistentRead": consistent}
            for item in self._batch(table or self._table, some):
                found[item["pk"], item["sk"]] = item
        places = [(key["pk"]["S"], key["sk"]["S"]) for key in keys]
        return [found[place] for place in places if place in found]

    def _batch(self, table: str, keys: dict[str, Any]) -> Iterator[dict[str, Any]]:
        wanted = {table: keys}
        for pause in _PAUSES:
            time.sleep(pause)
            answer = self._client.batch_get_item(RequestItems=wanted)
            yield from map(from_item, answer["Responses"].get(table, []))
            wanted = answer.get("UnprocessedKeys") or {}
            if not wanted:
                return
        said = {"Code": "ThrottlingException", "Message": "keys were left out; try again"}
        raise AwsThrottled({"Error": said}, "BatchGetItem")

    def open_sessions(self, person: str | None = None) -> list[Session]:
        of_person: dict[str, Any] = {}
        values: dict[str, str] = {}
        if person is not None:
            of_person = {"FilterExpression": "requester_person = :person"}
            values = {":person": person}
        return [
            session
            for partition in (table_keys.AT_STAKE, table_keys.WAITING)
            for session in self._kept_open(partition, values, **of_person)
        ]

    def ends_that_stand(self) -> list[Session]:
        return self._kept_open(table_keys.ENDED, {})

    def _kept_open(self, partition: str, values: dict[str, str], **filters: Any) -> list[Session]:
        items = self._query(
            IndexName=Index.BY_DEADLINE.value,
            KeyConditionExpression="#open = :open",
            ExpressionAttributeNames={"#open": "open"},
            ExpressionAttributeValues=to_item(values | {":open": partition}),
            **filters,
        )
        return list(_readable(items))

    def open_now(self, person: str) -> OpenNow:
        # One after the other: what is owed is not older than the version, so whatever was added
        # since either counts or makes the count void.
        items = self._open_items(person)
        owed = self._owed_reviews(person)
        counted = map(person_items.open_session, items)
        return OpenNow(
            version=person_items.version_of(items),
            sessions=tuple(each for each in counted if each is not None),
            unreviewed=tuple(owed),
        )

    def unconfirmed(self, person: str) -> list[str]:
        counted = map(person_items.open_session, self._open_items(person))
        return [each.session_id for each in counted if each is not None and not each.confirmed]

    def _open_items(self, person: str) -> list[dict[str, Any]]:
        return self._query(
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=to_item({":pk": person_items.open_key(person)["pk"]}),
            ConsistentRead=True,
        )

    def recount(self, session: Session) -> None:
        # The session is put as it was read: if it has gone on since, its own writes have counted.
        writes = [
            self._replacing(session, session),
            self._put(person_items.open_item(session)),
        ]
        if session.review is not None:
            writes.append(self._put(table_keys.review_item(session, session.review)))
        with suppress(StaleSession):
            transact(self._client, writes)

    def uncount(self, person: str, session_id: str) -> None:
        for key, kind in (
            (person_items.open_key(person, session_id), "OPEN"),
            (table_keys.review_key(person, session_id), "REVIEW"),
        ):
            self._put_over({**key, "kind": kind, "done": True})

    def _put_over(self, plain: dict[str, Any]) -> None:
        """In place of an item that is there."""
        put = self._put(plain)["Put"] | {"ConditionExpression": "attribute_exists(pk)"}
        try:
            self._client.put_item(**put)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise

    def acts_of(self, person: str) -> list[Act]:
        items = self._query(
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=to_item({":pk": person_items.acts_key(person)["pk"]}),
            ConsistentRead=True,
        )
        return [person_items.act_of(person, item) for item in items]

    def note_act(self, act: Act) -> None:
        self._client.put_item(TableName=self._table, Item=to_item(person_items.act_item(act)))

    def blocks_of(self, person: str) -> list[Block]:
        items = self._query(
            self._tables.blocks,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :person)",
            ExpressionAttributeValues=to_item(
                {":pk": BLOCKS_PARTITION, ":person": block_items.prefix(person)}
            ),
            ConsistentRead=True,
        )
        return [block_items.block_of(item) for item in items]

    def blocks_on(self, resource: str, people: Sequence[str]) -> dict[str, list[Block]]:
        # The key says whom a block keeps from what, so that it is found without a search.
        places = {
            (person, on): {"pk": BLOCKS_PARTITION, "sk": block_items.prefix(person) + on}
            for person in people
            for on in {EVERYTHING, resource}
        }
        keys = [to_item(place) for place in places.values()]
        items = self._items(keys, self._tables.blocks, consistent=True)
        found = {item["sk"]: item for item in items}
        return {
            person: [
                block_items.block_of(found[place["sk"]])
                for (whose, _), place in places.items()
                if whose == person and place["sk"] in found
            ]
            for person in people
        }

    def blocklist(self) -> Blocklist:
        items = self._query(
            self._tables.blocks,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=to_item({":pk": BLOCKS_PARTITION}),
            ConsistentRead=True,
        )
        # The head sorts first: whatever changes while later pages are read makes it another. It is
        # known by its place; a block that only says to be the head is none the less a block.
        head = next((item for item in items if item["sk"] == block_items.HEAD_KEY["sk"]), None)
        blocks = (item for item in items if item is not head)
        return Blocklist(
            version=int(head["version"]) if head else 0,
            blocks=tuple(_readable_blocks(blocks)),
        )

    def put_block(self, before: Blocklist, block: Block, record: Record) -> None:
        nobody_changed_since = "attribute_not_exists(pk) OR #version = :version"
        if before.version:
            nobody_changed_since = "#version = :version"
        head = block_items.head_item(before.version + 1)
        transact(
            self._client,
            [
                {
                    "Put": {
                        "TableName": self._tables.blocks,
                        "Item": to_item(head),
                        "ConditionExpression": nobody_changed_since,
                        "ExpressionAttributeNames": {"#version": "version"},
                        "ExpressionAttributeValues": to_item({":version": before.version}),
                    }
                },
                self._put(block_items.block_item(block, record["event_id"]), self._tables.blocks),
                self._new(table_keys.record_item(record)),
            ],
        )

    def due(
        self, now: datetime, limit: int, unreadable: Callable[[str], None] | None = None
    ) -> list[Session]:
        return [
            session
            for partition in (table_keys.AT_STAKE, table_keys.WAITING, table_keys.ENDED)
            for session in islice(self._due_in(partition, now, limit, unreadable), limit)
        ]

    def _due_in(
        self,
        partition: str,
        now: datetime,
        at_once: int,
        unreadable: Callable[[str], None] | None,
    ) -> Iterator[Session]:
        """Read on until as many are found as are wanted: what is none, or only says that it is due,
        takes no turn from another.
        """
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName=Index.BY_DEADLINE.value,
            KeyConditionExpression="#open = :open AND due_at <= :now",
            ExpressionAttributeNames={"#open": "open"},
            ExpressionAttributeValues=to_item({":open": partition, ":now": timestamps.render(now)}),
            PaginationConfig={"PageSize": at_once},
        )
        for item in (from_item(item) for page in pages for item in page["Items"]):
            try:
                session = _session_in(item)
            except session_codec.Unreadable:
                if unreadable is None:
                    raise
                unreadable(str(item.get("session_id", item["pk"])))
                continue
            if deadlines.duties_due(session, now):
                yield session

    def open_reviews(self, most: int) -> list[str]:
        items = self._query(
            most=most,
            IndexName=Index.BY_TIME.value,
            KeyConditionExpression="listing = :owed",
            ExpressionAttributeValues=to_item({":owed": table_keys.OWED_REVIEWS}),
        )
        return [item["sk"] for item in items]

    def overdue_reviews(self, person: str, now: datetime) -> list[str]:
        overdue = {"FilterExpression": "review_due_at <= :now AND attribute_not_exists(done)"}
        return self._owed_reviews(person, overdue, {":now": timestamps.render(now)})

    def _owed_reviews(
        self,
        person: str,
        which: dict[str, Any] = _ALL_OWED,
        values: dict[str, str] = _NO_VALUES,
    ) -> list[str]:
        items = self._query(
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=to_item(
                {":pk": table_keys.review_key(person, "")["pk"]} | values
            ),
            ConsistentRead=True,
            **which,
        )
        return [item["sk"] for item in items]

    def forget_traces(self, session: Session) -> None:
        transact(self._client, [self._replacing(session, replace(session, traces_until=None))])

    def note_try(self, session: Session, now: datetime) -> None:
        tried = replace(session, tries=session.tries + 1, tried_at=now)
        transact(self._client, [self._replacing(session, tried)])

    def put_task_token(self, session_id: str, token: str, now: datetime) -> None:
        self._client.put_item(
            TableName=self._table,
            Item=to_item(
                {
                    **table_keys.token_key(session_id),
                    "kind": "TASK_TOKEN",
                    "token": token,
                    "ttl": table_keys.epoch(now + _TOKENS_LIVE),
                }
            ),
        )

    def task_token(self, session_id: str) -> str | None:
        item = self._get(table_keys.token_key(session_id))
        return None if item is None else str(item["token"])

    def _grant_change(self, before: Session, after: Session) -> list[dict[str, Any]]:
        """The grant item stands exactly while the session is ACTIVE; its TTL is the last belt."""
        key = table_keys.grant_key(after.requester_name, after.resource, after.session_id)
        if after.status is Status.ACTIVE and before.status is not Status.ACTIVE:
            assert after.expires_at is not None  # noqa: S101 - set with ACTIVE, for the type checker
            grant = {**key, "kind": "GRANT", "ttl": table_keys.epoch(after.expires_at)}
            return [self._new(grant, self._tables.grants)]
        if before.status is Status.ACTIVE and after.status is not Status.ACTIVE:
            return [{"Delete": {"TableName": self._tables.grants, "Key": to_item(dict(key))}}]
        return []

    def _review_change(self, before: Session, after: Session) -> list[dict[str, Any]]:
        """What is owed counts from the very write that makes it owed to that which settles it."""
        owed_before = before.review is not None and before.review.open
        owed_after = after.review is not None and after.review.open
        if after.review is None or owed_before == owed_after:
            return []
        return [self._put(table_keys.review_item(after, after.review))]

    def _adding(self, person: str, held: OpenNow | None) -> list[dict[str, Any]]:
        """Two additions decided on one reading: the second finds another version, and counts anew.

        Nothing that only takes away looks at the version, so an end is held up by no request.
        """
        if held is None:
            return []
        put = self._put(person_items.open_head(person, held.version + 1))
        values: dict[str, Any] = {":before": held.version}
        if held.version:
            nobody_added_since = "version = :before"
        else:
            # Or somebody wrote over it.
            nobody_added_since = "attribute_not_exists(pk) OR NOT attribute_type(version, :number)"
            values = {":number": "N"}
        put["Put"] |= {
            "ConditionExpression": nobody_added_since,
            "ExpressionAttributeValues": to_item(values),
        }
        return [put]

    def _doing(self, once: Once | tuple[Once, ...] | None) -> list[dict[str, Any]]:
        done = (once,) if isinstance(once, Once) else once or ()
        return [self._new(table_keys.once_item(each.key, each.until)) for each in done]

    def _replacing(self, before: Session, after: Session) -> dict[str, Any]:
        # The sequence moves with every step, so an equal one means: nobody acted since the read.
        # Asked of the document, which is what was read: beside it there are copies for indexes.
        nobody_acted_since = "#read.#sequence = :sequence AND #read.#status = :status"
        # A notice adds no record; without this a vote decided on an earlier reading would undo it,
        # and two ticks could both send it. Sessions of earlier versions have told nobody.
        nobody_told_since = "(attribute_not_exists(#read.notices) OR #read.notices = :notices)"
        return {
            "Put": {
                "TableName": self._table,
                "Item": to_item(table_keys.session_item(after)),
                "ConditionExpression": f"{nobody_acted_since} AND {nobody_told_since}",
                "ExpressionAttributeNames": {
                    "#read": "document",
                    "#status": "status",
                    "#sequence": "sequence",
                },
                "ExpressionAttributeValues": to_item(
                    {
                        ":sequence": before.sequence,
                        ":status": before.status.value,
                        ":notices": before.notices,
                    }
                ),
            }
        }

    def _put(self, plain: dict[str, Any], table: str = "") -> dict[str, Any]:
        """`table`: that of sessions, unless another is named."""
        return {"Put": {"TableName": table or self._table, "Item": to_item(plain)}}

    def _new(self, plain: dict[str, Any], table: str = "") -> dict[str, Any]:
        return {
            "Put": {
                "TableName": table or self._table,
                "Item": to_item(plain),
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        }

    def _get(self, key: dict[str, str], table: str = "") -> dict[str, Any] | None:
        answer = self._client.get_item(
            TableName=table or self._table, Key=to_item(dict(key)), ConsistentRead=True
        )
        item = answer.get("Item")
        return None if item is None else from_item(item)

    def _query(self, table: str = "", *, most: int = 0, **arguments: Any) -> list[dict[str, Any]]:
        pages = self._client.get_paginator("query").paginate(
            TableName=table or self._table,
            **arguments,
            PaginationConfig={"MaxItems": most or None},
        )
        return [from_item(item) for page in pages for item in page["Items"]]


def _record_in(item: Mapping[str, Any]) -> Record:
    """One without fields for what is none."""
    try:
        record = json.loads(item["record"])
    except (LookupError, RecursionError, TypeError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _session_in(item: Mapping[str, Any]) -> Session:
    """Raises Unreadable."""
    return session_codec.decode(item.get("document"))


def _readable(items: Iterable[Mapping[str, Any]]) -> Iterator[Session]:
    """What is none hides no other. The tick names it every minute, and the watch has told of it."""
    for item in items:
        with suppress(session_codec.Unreadable):
            yield _session_in(item)


def _readable_blocks(items: Iterable[Mapping[str, Any]]) -> Iterator[Block]:
    """What is none keeps nobody from being blocked. It keeps its own person from what its key
    names, as long as it lies there: `blocks_on` raises.
    """
    for item in items:
        with suppress(LookupError, TypeError, ValueError):
            yield block_items.block_of(item)


def _matches(session: Session, query: SessionQuery) -> bool:
    return (
        query.status in {None, session.status}
        and query.requester_name in {None, session.requester_name}
        and query.resource in {None, session.resource}
    )


def _records_from(session_id: str, sequence: int) -> dict[str, str]:
    first = table_keys.record_key(session_id, sequence)
    last = table_keys.record_key(session_id, 99_999_999)
    return {":pk": first["pk"], ":from": first["sk"], ":to": last["sk"]}


def _narrowest(query: SessionQuery) -> tuple[Index, str, str]:
    """The index that leaves the least to filter. A person has fewer sessions than a resource."""
    if query.status is not None and query.status not in CLOSED:
        # Few sessions are open at a time, all people together.
        return Index.BY_STATUS, "status", query.status.value
    if query.requester_name is not None:
        return Index.BY_REQUESTER, "requester_person", query.requester_name
    if query.resource is not None:
        return Index.BY_RESOURCE, "resource", query.resource
    if query.status is not None:
        return Index.BY_STATUS, "status", query.status.value
    return Index.BY_TIME, "listing", table_keys.ALL
