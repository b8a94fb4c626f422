"""The records of an exported trail, one after the other: each the one that was sealed, in its one
form, and each the next of its session.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from cli.trail import layout
from cli.trail.checkpoints import Disproof
from cli.trail.files import Folder, Unreadable
from pam.domain import timestamps
from pam.domain.audit_record import FIRST_PREVIOUS_HASH, Record, canonical_json, hash_of
from pam.domain.checkpoint import Leaf
from pam.domain.free_text import commitment, commitments_in

Lines = Iterator[tuple[int, bytes]]

_TEXTS = (
    "event_id",
    "session_id",
    "type",
    "at",
    "recorded_at",
    "requester",
    "resource",
    "environment",
    "domain",
    "reason",
    "detail",
    "outcome",
    "policy_version",
    "previous_hash",
    "hash",
)


def is_record(raw: object) -> bool:
    """Whether it has what is looked at, each of its type. Of the rest its hash speaks."""
    if not isinstance(raw, dict) or not all(isinstance(raw.get(name), str) for name in _TEXTS):
        return False
    if not (raw["session_id"].isascii() and raw["event_id"].isascii()):
        return False
    actor, target, approvers = raw.get("actor"), raw.get("target"), raw.get("approvers")
    try:
        for at in {raw["at"], raw["recorded_at"]}:
            timestamps.parse(at)
    except ValueError:
        return False
    return (
        type(raw.get("sequence")) is int
        and type(raw.get("break_glass")) is bool
        and isinstance(actor, dict)
        and all(isinstance(actor.get(name), str) for name in ("principal", "kind"))
        and (target is None or isinstance(target, dict))
        and isinstance(approvers, list)
        and all(isinstance(approver, str) for approver in approvers)
    )


def place_of(leaf: Leaf) -> str:
    return f"record {leaf.sequence} of {leaf.session_id or leaf.event_id}"


def sealed_record(lines: Lines, leaf: Leaf) -> dict[str, Any]:
    """The next record, which must be this leaf's. Raises Disproof, Unreadable."""
    place = place_of(leaf)
    where, record = _next(lines, layout.RECORDS, place, "missing, though a checkpoint sealed it")
    shown = Leaf.of(record)
    if (shown.session_id, shown.sequence, shown.event_id) != (
        leaf.session_id,
        leaf.sequence,
        leaf.event_id,
    ):
        raise Disproof(where, f"{place} should stand here, not {place_of(shown)}")
    if shown.record_hash != leaf.record_hash:
        raise Disproof(where, f"{place} is not the one that was sealed")
    return record


def check_end(lines: Lines, name: str, why: str) -> None:
    """That nothing is left. Raises Disproof."""
    for number, line in lines:
        where = f"{name} line {number}"
        raise Disproof(where, "a blank line was added at the end" if not line.strip() else why)


def _next(lines: Lines, name: str, place: str, missing: str) -> tuple[str, dict[str, Any]]:
    """Where the next record stands, and the record, whose content has its hash."""
    number, line = next(lines, (0, b""))
    if not number:
        raise Disproof(place, missing)
    where = f"{name} line {number}"
    if not line.strip():
        raise Disproof(where, f"a blank line was added; {place} should stand here")
    if not line.endswith(b"\n"):
        raise Disproof(where, "its line end is missing: the file was cut off here")
    try:
        text = line.decode("utf-8")
        record: dict[str, Any] = json.loads(text)
        told, digest = place_of(Leaf.of(record)), hash_of(record)
        rendered = f"{canonical_json(record)}\n"
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise Disproof(where, f"not an audit record; {place} should stand here") from error
    if digest != record["hash"]:
        why = "was changed: its content does not have its hash"
        raise Disproof(where, f"{place} {why}" if told == place else f"{place} should stand here")
    if rendered != text:
        raise Disproof(where, f"{place} is not written in its one form")
    if not is_record(record):
        raise Disproof(where, f"not an audit record, though {place} should stand here")
    return where, record


@dataclass(slots=True)
class Chains:
    """Where each session's chain has come to. Records that stand before the first one sealed here
    are in a file of their own, in the order in which they are needed.
    """

    folder: Folder
    from_the_beginning: bool
    ends: dict[str, tuple[int, str]] = field(default_factory=dict)
    _earlier: Lines | None = None

    def preceding(self, leaf: Leaf) -> Iterator[dict[str, Any]]:
        """Of the session's first record here: those before it, each following the one before."""
        if self.from_the_beginning or not leaf.session_id or leaf.session_id in self.ends:
            return
        for sequence in range(1, leaf.sequence):
            place = f"record {sequence} of {leaf.session_id}"
            if self._earlier is None and not self.folder.has(layout.EARLIER):
                raise Disproof(place, "law not proven: it is missing, and later ones follow it")
            self._earlier = self._earlier or self.folder.lines(layout.EARLIER)
            missing = "law not proven: it is missing, and later ones follow it"
            where, record = _next(self._earlier, layout.EARLIER, place, missing)
            if (record["session_id"], record["sequence"]) != (leaf.session_id, sequence):
                raise Disproof(where, f"{place} should stand here")
            self.follow(where, record)
            yield record

    def follow(self, where: str, record: Record) -> None:
        """That it is the next of its session. Raises Disproof."""
        leaf, previous_hash = Leaf.of(record), record["previous_hash"]
        if not leaf.session_id:
            if (leaf.sequence, previous_hash) != (0, FIRST_PREVIOUS_HASH):
                raise Disproof(where, "a record of no session, with a place in one")
            return
        sequence, last_hash = self.ends.get(leaf.session_id, (0, FIRST_PREVIOUS_HASH))
        if leaf.sequence != sequence + 1:
            raise Disproof(where, f"out of sequence: record {sequence + 1} should stand here")
        if previous_hash != last_hash:
            raise Disproof(where, "it does not follow the record before it in its session")
        self.ends[leaf.session_id] = (leaf.sequence, leaf.record_hash)

    def check_end(self) -> None:
        if self._earlier is None and self.folder.has(layout.EARLIER):
            self._earlier = self.folder.lines(layout.EARLIER)
        check_end(self._earlier or iter(()), layout.EARLIER, "a record that none here follows")


class Texts:
    """The texts that people wrote, against the commitments of the records."""

    def __init__(self, folder: Folder) -> None:
        """Raises Unreadable."""
        raw = folder.json(layout.TEXTS) if folder.has(layout.TEXTS) else {}
        try:
            self._known = {
                (session_id, commitment(entry["key"], text))
                for session_id, entry in raw.items()
                for text in entry["texts"]
            }
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise Unreadable(layout.TEXTS, "not the texts of an exported trail") from error
        self._seen: set[tuple[str, str]] = set()

    def see(self, record: Record) -> None:
        for found in commitments_in(record["reason"], record["detail"]):
            self._seen.add((record["session_id"], found))

    def check(self) -> int:
        for session_id, _ in sorted(self._known - self._seen):
            raise Disproof(layout.TEXTS, f"a text of {session_id} that no record commits to")
        return len(self._known)
