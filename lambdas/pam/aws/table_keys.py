"""The layout of the session table: which item lives under which key, and in which index."""

from datetime import datetime
from typing import Any

from pam.aws import session_codec
from pam.domain import timestamps
from pam.domain.audit_record import Record, canonical_json
from pam.domain.session import Session

RECORD = "RECORD"
"""`kind` of the items that the stream carries to the auditor."""
OPEN = "OPEN"
"""The one partition of the deadline index: sessions that somebody must look at again."""
ALL = "SESSION"
"""The one partition of the index of all sessions."""


def session_key(session_id: str) -> dict[str, str]:
    return {"pk": f"SESSION#{session_id}", "sk": "SESSION"}


def record_key(session_id: str, sequence: int) -> dict[str, str]:
    return {"pk": f"SESSION#{session_id}", "sk": f"RECORD#{sequence:08d}"}


def delivered_key(session_id: str) -> dict[str, str]:
    return {"pk": f"SESSION#{session_id}", "sk": "DELIVERED"}


def token_key(session_id: str) -> dict[str, str]:
    return {"pk": f"SESSION#{session_id}", "sk": "TASK_TOKEN"}


def grant_key(person: str, resource: str, session_id: str) -> dict[str, str]:
    return {"pk": f"GRANT#{person}#{resource}", "sk": session_id}


def checkout_key(what: str) -> dict[str, str]:
    return {"pk": f"CHECKOUT#{what}", "sk": "CHECKOUT"}


def checkout_receipt_key(session_id: str, what: str) -> dict[str, str]:
    return {"pk": f"SESSION#{session_id}", "sk": f"CHECKOUT#{what}"}


def idempotency_key(person: str, key: str) -> dict[str, str]:
    return {"pk": f"IDEMPOTENCY#{person}", "sk": key}


def once_key(key: str) -> dict[str, str]:
    return {"pk": f"ACTIVITY#{key}", "sk": "ACTIVITY"}


def session_item(session: Session) -> dict[str, Any]:
    """The item of a session: its document, and the attributes that indexes are made of."""
    item: dict[str, Any] = {
        **session_key(session.session_id),
        "kind": "SESSION",
        "session_id": session.session_id,
        "status": session.status.value,
        "sequence": session.sequence,
        "requester_person": session.requester_name,
        "resource": session.resource,
        "listing": ALL,
        "document": session_codec.encode(session),
    }
    if session.due_at is not None:
        item |= {"open": OPEN, "due_at": timestamps.render(session.due_at)}
    return item


def record_item(record: Record) -> dict[str, Any]:
    """The text is the canonical JSON, so that what was hashed is what is kept."""
    session_id = record["session_id"]
    owner = session_id or f"NONE#{record['event_id']}"
    item = {
        **record_key(owner, record["sequence"]),
        "kind": RECORD,
        "record": canonical_json(record),
    }
    # A refusal outside any session has none: an index key may not be empty.
    return item | {"session_id": session_id} if session_id else item


def epoch(instant: datetime) -> int:
    return int(instant.timestamp())
