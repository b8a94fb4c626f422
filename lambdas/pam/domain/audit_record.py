"""Audit records and the hash chain that joins those of one session.

A record is a flat JSON object with the fields that `docs/interface.md` promises. Its `hash` is
SHA-256 over the canonical JSON (RFC 8785) of all its other fields, among them `previous_hash`:
change, remove or reorder one record and every later hash is wrong.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pam.domain import timestamps
from pam.domain.people import Actor

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
