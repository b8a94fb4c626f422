"""The session store on DynamoDB. Every write is one conditional transaction, over the tables that
it concerns: sessions with their records, grants, blocks.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from pam.aws import block_items, person_items, session_codec, table_keys
from pam.domain import timestamps
from pam.domain.apart import Act
from pam.domain.audit_record import Record
from pam.domain.block import Block, Blocklist
from pam.domain.errors import StaleSession
from pam.domain.lifecycle import CLOSED, Status
from pam.domain.limits import OpenNow, open_as
from pam.domain.session import Session
from pam.names import Index, Tables
from pam.ports.sessions import IdempotencyKey, Once, Page, SessionQuery

_KEYS_LIVE = timedelta(hours=24)
"""How long a repeated Idempotency-Key still finds its first request."""
_TOKENS_LIVE = timedelta(days=2)

_ALL_OWED: dict[str, Any] = {"FilterExpression": "attribute_not_exists(done)"}
_NO_VALUES: dict[str, str] = {}
_LOST_RACE = {"ConditionalCheckFailed", "TransactionConflict"}

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


def to_item(plain: dict[str, Any]) -> dict[str, Any]:
    return {name: _serialize(value) for name, value in plain.items()}


def from_item(item: dict[str, Any]) -> dict[str, Any]:
    return {name: _deserialize(value) for name, value in item.items()}


class DynamoDbSessions:
    """Implements `ports.sessions.SessionStore`."""

    def __init__(self, client: Any, tables: Tables) -> None:
        self._client = client
        self._tables = tables
        self._table = tables.sessions

    def get(self, session_id: str) -> Session | None:
        item = self._get(table_keys.session_key(session_id))
        return None if item is None else session_codec.decode(item["document"])

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
        self._transact(writes)

    def save(
        self,
        before: Session,
        after: Session,
        records: Sequence[Record],
        once: Once | None = None,
        held: OpenNow | None = None,
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
        self._transact(writes)

    def is_done(self, once: Once) -> bool:
        return self._get(table_keys.once_key(once.key)) is not None

    def find_by_key(self, key: IdempotencyKey) -> tuple[str, str] | None:
        item = self._get(table_keys.idempotency_key(key.person, key.key))
        return None if item is None else (item["opened"], item["fingerprint"])

    def records(self, session_id: str) -> list[Record]:
        return self.records_after(session_id, 0)

    def records_after(self, session_id: str, sequence: int, most: int = 0) -> list[Record]:
        """The records with a higher sequence, in order: at most so many, 0 for all."""
        after = table_keys.record_key(session_id, sequence)
        items = self._query(
            most=most,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :from AND :to",
            ExpressionAttributeValues=to_item(
                {
                    ":pk": after["pk"],
                    ":from": table_keys.record_key(session_id, sequence + 1)["sk"],
                    ":to": table_keys.record_key(session_id, 99_999_999)["sk"],
                }
            ),
            ConsistentRead=True,
        )
        return [json.loads(item["record"]) for item in items]

    def record(self, owner: str, sequence: int) -> Record | None:
        item = self._get(table_keys.record_key(owner, sequence))
        if item is None:
            return None
        try:
            record: Record = json.loads(item["record"])
        except (LookupError, ValueError):
            return {}
        return record

    def add_refusal(self, record: Record) -> None:
        self._transact([self._new(table_keys.record_item(record))])

    def add_finding(self, record: Record, once: Once) -> None:
        self._transact([self._new(table_keys.record_item(record)), *self._doing(once)])

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
                ("requester_person", query.requester),
                ("resource", query.resource),
            )
            if wanted is not None and name != attribute
        ]
        names = {"#key": attribute} | {f"#f{i}": name for i, (name, _) in enumerate(filters)}
        values = {":key": value} | {f":f{i}": wanted for i, (_, wanted) in enumerate(filters)}
        arguments: dict[str, Any] = {
            "IndexName": index.value,
            "KeyConditionExpression": "#key = :key",
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": to_item(values),
            "ScanIndexForward": False,
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
        return Page(
            sessions=tuple(
                session_codec.decode(from_item(item)["document"]) for item in answer["Items"]
            ),
            after=None if last is None else from_item(last)["session_id"],
        )

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
        return [
            session_codec.decode(item["document"])
            for item in self._query(
                IndexName=Index.BY_DEADLINE.value,
                KeyConditionExpression="#open = :open",
                ExpressionAttributeNames={"#open": "open"},
                ExpressionAttributeValues=to_item(values | {":open": partition}),
                **filters,
            )
        ]

    def open_now(self, person: str) -> OpenNow:
        items = self._query(
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=to_item({":pk": person_items.open_key(person)["pk"]}),
            ConsistentRead=True,
        )
        counted = map(person_items.open_session, items)
        return OpenNow(
            version=person_items.version_of(items),
            sessions=tuple(each for each in counted if each is not None),
            unreviewed=tuple(self._owed_reviews(person)),
        )

    def recount(self, session: Session) -> None:
        # What is closed never opens again, so a close that came in between is not undone.
        still_counted = {"ConditionExpression": "attribute_not_exists(done)"}
        put = self._put(person_items.open_item(session))["Put"] | still_counted
        try:
            self._client.put_item(**put)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise

    def acts_of(self, person: str) -> list[Act]:
        items = self._query(
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=to_item({":pk": person_items.act_key(person)["pk"]}),
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
                {":pk": block_items.PARTITION, ":person": block_items.prefix(person)}
            ),
            ConsistentRead=True,
        )
        return [block_items.block_of(item) for item in items]

    def blocklist(self) -> Blocklist:
        items = self._query(
            self._tables.blocks,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=to_item({":pk": block_items.PARTITION}),
            ConsistentRead=True,
        )
        # The head sorts first: whatever changes while later pages are read makes it another.
        return Blocklist(
            version=next((int(item["version"]) for item in items if "version" in item), 0),
            blocks=tuple(block_items.block_of(item) for item in items if "version" not in item),
        )

    def put_block(self, before: Blocklist, block: Block, record: Record) -> None:
        nobody_changed_since = "attribute_not_exists(pk) OR #version = :version"
        if before.version:
            nobody_changed_since = "#version = :version"
        head = {**block_items.HEAD_KEY, "kind": "BLOCKS", "version": before.version + 1}
        self._transact(
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
            ]
        )

    def due(
        self, now: datetime, limit: int, unreadable: Callable[[str], None] | None = None
    ) -> list[Session]:
        found: list[Session] = []
        for partition in (table_keys.AT_STAKE, table_keys.WAITING, table_keys.ENDED):
            answer = self._client.query(
                TableName=self._table,
                IndexName=Index.BY_DEADLINE.value,
                KeyConditionExpression="#open = :open AND due_at <= :now",
                ExpressionAttributeNames={"#open": "open"},
                ExpressionAttributeValues=to_item(
                    {":open": partition, ":now": timestamps.render(now)}
                ),
                Limit=limit,
            )
            for item in map(from_item, answer["Items"]):
                try:
                    found.append(session_codec.decode(item["document"]))
                except (LookupError, TypeError, ValueError):
                    if unreadable is None:
                        raise
                    unreadable(item["session_id"])
        return found

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
        self._transact([self._replacing(session, replace(session, traces_until=None))])

    def note_try(self, session: Session, now: datetime) -> None:
        tried = replace(session, tries=session.tries + 1, tried_at=now)
        self._transact([self._replacing(session, tried)])

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
        nobody_added_since = "attribute_not_exists(pk)" if not held.version else "version = :before"
        put = self._put(person_items.open_head(person, held.version + 1))
        put["Put"] |= {"ConditionExpression": nobody_added_since}
        if held.version:
            put["Put"] |= {"ExpressionAttributeValues": to_item({":before": held.version})}
        return [put]

    def _doing(self, once: Once | None) -> list[dict[str, Any]]:
        if once is None:
            return []
        kept = {"kind": "ACTIVITY", "ttl": table_keys.epoch(once.until)}
        return [self._new({**table_keys.once_key(once.key), **kept})]

    def _replacing(self, before: Session, after: Session) -> dict[str, Any]:
        # The sequence moves with every step, so an equal one means: nobody acted since the read.
        nobody_acted_since = "#sequence = :sequence AND #status = :status"
        # A notice adds no record; without this a vote decided on an earlier reading would undo it,
        # and two ticks could both send it. Sessions of earlier versions have told nobody.
        nobody_told_since = "(attribute_not_exists(notices) OR notices = :notices)"
        return {
            "Put": {
                "TableName": self._table,
                "Item": to_item(table_keys.session_item(after)),
                "ConditionExpression": f"{nobody_acted_since} AND {nobody_told_since}",
                "ExpressionAttributeNames": {"#status": "status", "#sequence": "sequence"},
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

    def _transact(self, writes: Sequence[dict[str, Any]]) -> None:
        try:
            self._client.transact_write_items(TransactItems=writes)
        except ClientError as error:
            reasons = error.response.get("CancellationReasons") or []
            codes = {reason.get("Code") for reason in reasons}
            conflict = error.response["Error"]["Code"] == "TransactionConflictException"
            if conflict or codes & _LOST_RACE:
                raise StaleSession(str(codes)) from None
            raise

    def _get(self, key: dict[str, str]) -> dict[str, Any] | None:
        answer = self._client.get_item(
            TableName=self._table, Key=to_item(dict(key)), ConsistentRead=True
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


def _narrowest(query: SessionQuery) -> tuple[Index, str, str]:
    """The index that leaves the least to filter. A person has fewer sessions than a resource."""
    if query.status is not None and query.status not in CLOSED:
        # Few sessions are open at a time, all people together.
        return Index.BY_STATUS, "status", query.status.value
    if query.requester is not None:
        return Index.BY_REQUESTER, "requester_person", query.requester
    if query.resource is not None:
        return Index.BY_RESOURCE, "resource", query.resource
    if query.status is not None:
        return Index.BY_STATUS, "status", query.status.value
    return Index.BY_TIME, "listing", table_keys.ALL
