"""The session store on DynamoDB. Every write is one conditional transaction, over the tables that
it concerns: sessions with their records, grants, blocks.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pam.aws import person_items, table_keys
from pam.aws.attribute_values import to_item
from pam.aws.session_lists import SessionLists, readable, session_in
from pam.aws.stored_blocks import StoredBlocks
from pam.aws.stored_people import StoredPeople
from pam.aws.stored_records import StoredRecords
from pam.aws.transactions import transact
from pam.domain import echo
from pam.domain.audit_record import Record
from pam.domain.echo import Expected
from pam.domain.errors import StaleSession
from pam.domain.lifecycle import Status
from pam.domain.limits import OpenNow, open_as
from pam.domain.session import Session
from pam.ports.sessions import IdempotencyKey, Once

_KEYS_LIVE = timedelta(hours=24)
"""How long a repeated Idempotency-Key still finds its first request."""
_TOKENS_LIVE = timedelta(days=2)


class DynamoDbSessions(StoredRecords, StoredPeople, StoredBlocks, SessionLists):
    """Implements `ports.sessions.SessionStore`."""

    def get(self, session_id: str) -> Session | None:
        item = self._get(table_keys.session_key(session_id))
        return None if item is None else session_in(item)

    def several(self, session_ids: Sequence[str]) -> list[Session]:
        # DynamoDB takes no key twice.
        keys = [to_item(table_keys.session_key(each)) for each in dict.fromkeys(session_ids)]
        return list(readable(self._items(keys, consistent=True)))

    def get_whole(self, session_id: str) -> tuple[Session, bool] | None:
        """The same, for whoever checks what is stored: with whether its item says beside the
        document what PAM would write there. An index finds it by that.
        """
        item = self._get(table_keys.session_key(session_id))
        if item is None:
            return None
        session = session_in(item)
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

    def forget_traces(self, session: Session) -> None:
        transact(self._client, [self._replacing(session, replace(session, traces_until=None))])

    def note_try(self, session: Session, now: datetime) -> None:
        tried = replace(session, tries=session.tries + 1, tried_at=now)
        transact(self._client, [self._replacing(session, tried)])

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

    def find_by_key(self, key: IdempotencyKey) -> tuple[str, str] | None:
        item = self._get(table_keys.idempotency_key(key.person, key.key))
        return None if item is None else (item["opened"], item["fingerprint"])

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
