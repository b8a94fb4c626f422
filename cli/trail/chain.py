"""The hash chain of one session's audit records, checked from the records alone.

It proves that nothing between the first and the last record was changed, removed, added or moved.
It cannot prove that the newest records were not cut off: the archive is for that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pam.domain.audit_record import FIRST_PREVIOUS_HASH, hash_of


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with the record at `position` (0 is the first)."""

    position: int
    what: str

    def __str__(self) -> str:
        return f"record {self.position + 1}: {self.what}"


def faults_of(records: Sequence[Mapping[str, Any]], *, session_id: str) -> list[Fault]:
    """Every fault, in order; empty for a chain that holds. An empty trail is a fault too."""
    if not records:
        return [Fault(0, "there is none, though every session begins with one")]
    faults: list[Fault] = []
    previous_hash = FIRST_PREVIOUS_HASH
    for position, record in enumerate(records):
        expected = {
            "session_id": session_id,
            "sequence": position + 1,
            "previous_hash": previous_hash,
            "hash": _hash_of(record),
        }
        faults += [
            Fault(position, _MEANING[name])
            for name, value in expected.items()
            if record.get(name) != value
        ]
        # Go on from what the record claims, so that one change is reported once.
        previous_hash = str(record.get("hash"))
    return faults


_MEANING = {
    "session_id": "it belongs to another session",
    "sequence": "it is out of sequence: a record is missing, added or moved",
    "previous_hash": "it does not follow the record before it",
    "hash": "its content is not what was recorded",
}


def _hash_of(record: Mapping[str, Any]) -> str | None:
    try:
        return hash_of(record)
    except ValueError:  # a lone surrogate: no record of PAM has one
        return None
