"""Audit records and the hash chain that joins those of one session.

A record is a flat JSON object with the fields that `docs/interface.md` promises. Its `hash` is
SHA-256 over the canonical JSON (RFC 8785) of all its other fields, among them `previous_hash`:
change, remove or reorder one record and every later hash is wrong.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from pam.domain import timestamps
from pam.domain.errors import Code
from pam.domain.free_text import commitment, cut
from pam.domain.people import Actor
from pam.domain.session import Session

SCHEMA_VERSION = 1
FIRST_PREVIOUS_HASH = "0" * 64
LARGEST_RECORD = 16 * 1024
"""Bytes of a record's canonical JSON, its hash included."""
_LARGEST_EVER = 8 * LARGEST_RECORD
"""Of any version of PAM; the log group takes twice as much."""
_POLICY_VERSION = re.compile("([0-9a-f]{64})?")
ACTIVE_UNTIL = "until "
"""How the detail of an Activated record begins; the end of the window follows."""
VOTE_STRUCK = "unproven: the vote of "
"""How the detail of a Drift record begins that takes a vote out of a session; a name follows."""

Record = Mapping[str, Any]
"""One audit record, as `docs/interface.md` has it. Values: str, int, bool, None, list, object."""


class RecordType(StrEnum):
    REQUESTED = "Requested"
    VOTED = "Voted"
    APPROVED = "Approved"
    DENIED = "Denied"
    ACTIVATING = "Activating"
    ACTIVATED = "Activated"
    LEASED = "Leased"
    REVOKING = "Revoking"
    REVOKED = "Revoked"
    EXPIRED = "Expired"
    ENDED = "Ended"
    FAILED = "Failed"
    UNANSWERED = "Unanswered"
    WITHDRAWN = "Withdrawn"
    BREAK_GLASS = "BreakGlass"
    REFUSED = "Refused"
    ACTIVITY = "Activity"
    DARK_CALL = "DarkCall"
    DRIFT = "Drift"
    ERASED = "Erased"
    BLOCKED = "Blocked"
    UNBLOCKED = "Unblocked"
    LINKED = "Linked"
    UNLINKED = "Unlinked"
    CONFIRMED = "Confirmed"
    REVIEWED = "Reviewed"
    REVIEW_OVERDUE = "ReviewOverdue"


ENDS = frozenset(
    {
        RecordType.DENIED,
        RecordType.REVOKING,
        RecordType.REVOKED,
        RecordType.EXPIRED,
        RecordType.ENDED,
        RecordType.FAILED,
        RecordType.UNANSWERED,
        RecordType.WITHDRAWN,
    }
)
"""After one of these a session has no way back, whatever its status says."""


class Outcome(StrEnum):
    SUCCESS = "success"
    REFUSED = "refused"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyTrace:
    """Which policies decided, what they wanted and what there was."""

    policy_ids: tuple[str, ...] = ()
    required: int = 0
    received: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What an operation wants recorded; the session supplies the rest."""

    type: RecordType
    actor: Actor
    detail: str = ""
    """Of PAM's own making."""
    comment: str = ""
    """Written by a person; the record has a commitment to it."""
    outcome: Outcome = Outcome.SUCCESS
    trace: PolicyTrace = field(default_factory=PolicyTrace)
    policy_version: str = ""
    request_id: str = ""
    lease_id: str = ""
    access_key_id: str = ""


_CANONICAL = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
)


def canonical_json(value: Any) -> str:
    """RFC 8785 for what records hold: no floats, ASCII keys.

    `json` with sorted keys, no spaces and raw non-ASCII then is exactly that form.
    """
    return _CANONICAL.encode(value)


def hash_of(record: Record) -> str:
    """SHA-256 of the canonical JSON of all fields but `hash`, in hex."""
    rest = {name: value for name, value in record.items() if name != "hash"}
    return hashlib.sha256(canonical_json(rest).encode()).hexdigest()


def is_whole(record: Record) -> bool:
    """Whether it is one as they are made here, as far as one can see from it alone; whatever is
    given.
    """
    texts = ("event_id", "session_id", "type", "recorded_at", "policy_version", "hash")
    try:
        return (
            all(isinstance(record[name], str) for name in texts)
            and type(record["sequence"]) is int
            and record["type"] in set(RecordType)
            and timestamps.render(timestamps.parse(record["recorded_at"])) == record["recorded_at"]
            and _POLICY_VERSION.fullmatch(record["policy_version"]) is not None
            and len(canonical_json(record).encode()) <= _LARGEST_EVER
            and record["hash"] == hash_of(record)
        )
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
        return False


def bounded(record: dict[str, Any]) -> dict[str, Any]:
    """The record, or as much of it as fits: what is longest is cut first, and nothing fails.

    A step must not be refused because somebody wrote too much, nor go unrecorded.
    """
    hash_to_come = len('"hash":"",') + 64
    while len(canonical_json(record).encode()) + hash_to_come > LARGEST_RECORD:
        record = _without_the_longest(record)
    return record


def _without_the_longest(record: dict[str, Any]) -> dict[str, Any]:
    """With the largest value at half its length; of an object, the largest value in it."""
    name = max(record, key=lambda each: len(canonical_json(record[each]).encode()))
    value = record[name]
    match value:
        case str():
            smaller: Any = cut(value, len(value.encode()) // 2)
        case list():
            smaller = value[: len(value) // 2]
        case _:
            smaller = _without_the_longest(value)
    return record | {name: smaller}


def chain(
    session: Session,
    entries: tuple[Entry, ...],
    *,
    now: datetime,
    new_id: Callable[[datetime], str],
) -> tuple[Session, tuple[Record, ...]]:
    """The records of `entries` linked to the session's chain, and the session that has them."""
    records: list[Record] = []
    sequence, last_hash = session.sequence, session.last_hash or FIRST_PREVIOUS_HASH
    for entry in entries:
        sequence += 1
        whole = _record(session, entry, now=now, event_id=new_id(now))
        record = bounded(whole | {"sequence": sequence, "previous_hash": last_hash})
        last_hash = hash_of(record)
        records.append(record | {"hash": last_hash})
    return replace(session, sequence=sequence, last_hash=last_hash), tuple(records)


def refusal(
    *,
    entry: Entry,
    code: Code,
    resource: str,
    requester: str,
    now: datetime,
    new_id: Callable[[datetime], str],
) -> Record:
    """A refusal that belongs to no session: sequence 0, a chain of its own, one link long.

    Without the reason that was given: there is no session to keep the text apart in.
    """
    coded = replace(entry, detail=f"{code}: {entry.detail}")
    about = {"resource": resource, "requester": requester}
    return _alone(coded, about, now=now, event_id=new_id(now))


def finding(
    *, entry: Entry, resource: str, now: datetime, new_id: Callable[[datetime], str]
) -> Record:
    """A use of lent access that belongs to no session; its chain is as short as a refusal's."""
    return _alone(entry, {"resource": resource}, now=now, event_id=new_id(now))


def about_person(
    *,
    entry: Entry,
    requester: str,
    resource: str,
    now: datetime,
    new_id: Callable[[datetime], str],
) -> Record:
    """What was done about a person as such, in no session; its chain is as short."""
    about = {"resource": resource, "requester": requester}
    return _alone(entry, about, now=now, event_id=new_id(now))


def _alone(entry: Entry, about: Record, *, now: datetime, event_id: str) -> Record:
    whole = _blank(entry, now=now, event_id=event_id) | {
        **about,
        "sequence": 0,
        "previous_hash": FIRST_PREVIOUS_HASH,
    }
    record = bounded(whole)
    return record | {"hash": hash_of(record)}


def _record(session: Session, entry: Entry, *, now: datetime, event_id: str) -> dict[str, Any]:
    asked, whole = session.circumstances, _blank(entry, now=now, event_id=event_id)
    # Whoever replays the decision needs what the sources said at the time.
    signals = {"signals": dict(asked.signals)} if asked.signals else {}
    return whole | {
        "session_id": session.session_id,
        "requester": session.requester,
        "resource": session.resource,
        "environment": session.environment.value,
        "domain": session.domain,
        "reason": commitment(session.text_key, session.reason),
        "detail": _said(entry, session.text_key),
        "ticket": asked.ticket,
        "break_glass": asked.break_glass,
        "approvers": list(session.approvers),
        "decision": whole["decision"] | signals,
        "target": dict(session.target.names),
    }


def _said(entry: Entry, key: str) -> str:
    return ": ".join(part for part in (entry.detail, commitment(key, entry.comment)) if part)


def _actor(actor: Actor) -> dict[str, Any]:
    """With the link by which the principal was a person's: no file of who is who has it."""
    link = actor.link
    linked = (
        {
            "person": link.person,
            "accepted_by": link.accepted_by,
            "linked_at": timestamps.render(link.linked_at),
        }
        if link
        else {}
    )
    return {
        "principal": actor.principal,
        "kind": actor.kind.value,
        "surface": actor.surface.value if actor.surface else "",
        "auth": actor.auth.value if actor.auth else "",
        "source_ip": actor.source_ip,
        "user_agent": actor.user_agent,
        **({"link": linked} if linked else {}),
    }


def _blank(entry: Entry, *, now: datetime, event_id: str) -> dict[str, Any]:
    at = timestamps.render(now)
    return {
        "event_id": event_id,
        "session_id": "",
        "type": entry.type.value,
        "at": at,
        "actor": _actor(entry.actor),
        "requester": "",
        "resource": "",
        "environment": "",
        "domain": "",
        "reason": "",
        "ticket": "",
        "break_glass": False,
        "approvers": [],
        "outcome": entry.outcome.value,
        "detail": entry.detail,
        "target": None,
        "lease_id": entry.lease_id,
        "access_key_id": entry.access_key_id,
        "decision": {
            "policy_ids": list(entry.trace.policy_ids),
            "required": entry.trace.required,
            "received": entry.trace.received,
        },
        "policy_version": entry.policy_version,
        "request_id": entry.request_id,
        "recorded_at": at,
        "schema_version": SCHEMA_VERSION,
    }
