"""The layout of the session table: which item lives under which key, and in which index."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zlib import crc32

from pam.aws import session_codec
from pam.domain import deadlines, timestamps
from pam.domain.audit_record import Record, canonical_json
from pam.domain.checkpoint import Leaf
from pam.domain.echo import REMEMBERED, Expected
from pam.domain.review import Review
from pam.domain.session import Session
from pam.names import (
    DONE_ONCE,
    LOG_PARTITION,
    NO_SESSION,
    OF_SESSION,
    RECORD,
    RECORD_PLACE,
    SESSION_PLACE,
)

ENDED_MARK, LEASED_MARK = "ended", "leased"
"""In a session's delivery mark: when a record was delivered by which it ended, or had a lease."""
AT_STAKE, WAITING, ENDED = "AT_STAKE", "WAITING", "ENDED"
"""The partitions of the deadline index, of the sessions that somebody must look at again: those
where access may exist; the others, whose number keeps nobody from looking at the first; and those
that are over, and of which something must stand at the target for now.
"""
ALL = "SESSION"
OWED_REVIEWS = "REVIEW"
"""The one partition of the index of all sessions."""

UNSEALED = "UNSEALED"
"""The records that no checkpoint has sealed yet lie in partitions whose names begin with it, so
that none of them has to bear all that is recorded. An earlier version put all into the one of just
this name.
"""
UNSEALED_PARTITIONS = tuple(f"{UNSEALED}#{number}" for number in range(16))
HEAD_KEY = {"pk": LOG_PARTITION, "sk": "HEAD"}


def session_key(session_id: str) -> dict[str, str]:
    return {"pk": f"{OF_SESSION}{session_id}", "sk": SESSION_PLACE}


def record_key(session_id: str, sequence: int) -> dict[str, str]:
    return {"pk": f"{OF_SESSION}{session_id}", "sk": f"{RECORD_PLACE}{sequence:08d}"}


def lone_record_key(event_id: str) -> dict[str, str]:
    """Of a record that belongs to no session."""
    return record_key(_alone(event_id), 0)


def delivered_key(session_id: str) -> dict[str, str]:
    return {"pk": f"{OF_SESSION}{session_id}", "sk": "DELIVERED"}


def token_key(session_id: str) -> dict[str, str]:
    return {"pk": f"{OF_SESSION}{session_id}", "sk": "TASK_TOKEN"}


def grant_key(person: str, resource: str, session_id: str) -> dict[str, str]:
    return {"pk": f"GRANT#{person}#{resource}", "sk": session_id}


def checkout_key(what: str) -> dict[str, str]:
    return {"pk": f"CHECKOUT#{what}", "sk": "CHECKOUT"}


def checkout_receipt_key(session_id: str, what: str) -> dict[str, str]:
    return {"pk": f"{OF_SESSION}{session_id}", "sk": f"CHECKOUT#{what}"}


def unsealed_key(leaf: Leaf) -> dict[str, str]:
    owner = leaf.session_id or _alone(leaf.event_id)
    # All of one session lie in one partition, in their order.
    return {"pk": spread(owner, UNSEALED_PARTITIONS), "sk": f"{owner}#{leaf.sequence:08d}"}


def unsealed_item(leaf: Leaf) -> dict[str, Any]:
    return {
        **unsealed_key(leaf),
        "kind": "UNSEALED",
        "of_session": leaf.session_id,
        "sequence": leaf.sequence,
        "event_id": leaf.event_id,
        "record_hash": leaf.record_hash,
    }


def unsealed_leaf(item: dict[str, Any]) -> Leaf:
    return Leaf(
        session_id=item["of_session"],
        sequence=int(item["sequence"]),
        event_id=item["event_id"],
        record_hash=item["record_hash"],
    )


def idempotency_key(person: str, key: str) -> dict[str, str]:
    return {"pk": f"IDEMPOTENCY#{person}", "sk": key}


def review_key(person: str, session_id: str) -> dict[str, str]:
    return {"pk": f"REVIEW#{person}", "sk": session_id}


def review_item(session: Session, review: Review) -> dict[str, Any]:
    """What a person owes others a look at; once they have looked it goes by its TTL."""
    item = {
        **review_key(session.requester_name, session.session_id),
        "kind": "REVIEW",
        "review_due_at": timestamps.render(review.due_at),
    }
    if review.open:
        return item | {"listing": OWED_REVIEWS, "session_id": session.session_id}
    return item | {"done": True, "ttl": epoch(review.due_at)}


def once_key(key: str) -> dict[str, str]:
    return {"pk": f"{DONE_ONCE}{key}", "sk": "ACTIVITY"}


def once_item(key: str, until: datetime) -> dict[str, Any]:
    return {**once_key(key), "kind": "ACTIVITY", "ttl": epoch(until)}


def expected_item(expected: Expected) -> dict[str, Any]:
    """By the hour, so that a search finds it and no partition grows."""
    at = timestamps.render(expected.at)
    return {
        "pk": _expected_in(expected.at),
        "sk": f"{at}#{expected.lease_id}",
        "kind": "EXPECTED",
        "of_session": expected.session_id,
        "access_key_id": expected.access_key_id,
        "ttl": epoch(expected.at + REMEMBERED),
    }


def expected_in(item: dict[str, Any]) -> Expected:
    at, _, lease_id = item["sk"].partition("#")
    return Expected(
        lease_id=lease_id,
        session_id=item["of_session"],
        access_key_id=item["access_key_id"],
        at=timestamps.parse(at),
    )


def expected_between(hour: datetime, begin: datetime, end: datetime) -> dict[str, str]:
    first, last = timestamps.render(begin), timestamps.render(end)
    return {":pk": _expected_in(hour), ":begin": first, ":end": f"{last}#~"}


def _expected_in(hour: datetime) -> str:
    return f"ECHO#{timestamps.render(hour)[:13]}"


def session_item(session: Session) -> dict[str, Any]:
    """The item of a session: its document, and the attributes that indexes are made of."""
    item: dict[str, Any] = {
        **session_key(session.session_id),
        "kind": "SESSION",
        "session_id": session.session_id,
        "status": session.status.value,
        "sequence": session.sequence,
        "notices": session.notices,
        "requester_person": session.requester_name,
        "resource": session.resource,
        "listing": ALL,
        "document": session_codec.encode(session),
    }
    due_at = deadlines.due_at(session)
    if due_at is not None:
        item |= {"open": _open_as(session), "due_at": timestamps.render(due_at)}
    return item


def _open_as(session: Session) -> str:
    if session.access_may_exist:
        return AT_STAKE
    return WAITING if session.traces_until is None else ENDED


def record_item(record: Record) -> dict[str, Any]:
    """The text is the canonical JSON, so that what was hashed is what is kept."""
    session_id = record["session_id"]
    owner = session_id or _alone(record["event_id"])
    item = {
        **record_key(owner, record["sequence"]),
        "kind": RECORD,
        "record": canonical_json(record),
    }
    # A refusal outside any session has none: an index key may not be empty.
    return item | {"session_id": session_id} if session_id else item


def place_of(sort_key: str) -> int | None:
    """The sequence of the record that belongs there; None where no record does."""
    number = sort_key.removeprefix(RECORD_PLACE)
    return int(number) if number.isascii() and number.isdecimal() else None


def is_place_of(record: Record, owner: str, place: int) -> bool:
    own = record["session_id"] or _alone(record["event_id"])
    return (own, record["sequence"]) == (owner, place)


def owner_of(key: str) -> str:
    """Whose record lies under this partition key: a session's, or one that belongs to none."""
    return key.removeprefix(OF_SESSION)


def _alone(event_id: str) -> str:
    return f"{NO_SESSION}{event_id}"


def spread(name: str, partitions: Sequence[str]) -> str:
    """The partition in which what is so named lies, always the same one."""
    return partitions[crc32(name.encode()) % len(partitions)]


def epoch(instant: datetime) -> int:
    return int(instant.timestamp())
