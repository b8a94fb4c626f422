"""Checkpoints: at fixed intervals, one signed line of the whole log as it stands.

A checkpoint is a note as c2sp.org/tlog-checkpoint has it: the log's name, its size and its Merkle
root (RFC 6962), here followed by a number, a time, the hash of the checkpoint before and the
interval at which they come. So an interval in which nothing happened is on record too, and a reader
knows from what is signed when the next one was due. The leaves of the tree are the hashes of audit
records with their places in their sessions.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from pam.domain import timestamps
from pam.domain.audit_record import FIRST_PREVIOUS_HASH, Record, canonical_json
from pam.domain.merkle import Frontier, Growth, leaf_hash
from pam.domain.signed_note import Malformed, decoded, encoded, split_note

UNSAID_INTERVAL = timedelta(minutes=5)
"""Of a note that does not say it: the strictest that could be configured before notes said it."""
LONGEST_INTERVAL = timedelta(hours=1)
_A_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One audit record's place in the log. `session_id` is empty, and `sequence` 0, for one that
    belongs to no session.
    """

    session_id: str
    sequence: int
    event_id: str
    record_hash: str

    @classmethod
    def of(cls, record: Record) -> Self:
        return cls(
            session_id=str(record["session_id"]),
            sequence=int(record["sequence"]),
            event_id=str(record["event_id"]),
            record_hash=str(record["hash"]),
        )

    @classmethod
    def listed(cls, session_id: object, sequence: object, event_id: object, digest: object) -> Self:
        """As an interval has it. Raises TypeError for a part of another kind."""
        match session_id, sequence, event_id, digest:
            case str() as owner, int() as place, str() as event, str() as hashed:
                return cls(session_id=owner, sequence=place, event_id=event, record_hash=hashed)
        message = "not a leaf of the log"
        raise TypeError(message)

    def hashed(self) -> bytes:
        """What stands for it in the tree. The place is in it, so that a list of places proves by
        itself which records a session has, without the records of others.
        """
        parts = (self.session_id, str(self.sequence), self.event_id, self.record_hash)
        return leaf_hash("/".join(parts).encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    origin: str
    number: int
    size: int
    root: bytes
    at: datetime
    previous: str
    """SHA-256, hex, of the text of the checkpoint before; zeros for the first."""
    interval: timedelta | None = None
    """After which the next one is due, in whole seconds; None in notes that do not say it."""

    def __post_init__(self) -> None:
        said = self.interval
        if said is not None and not timedelta(0) < said <= LONGEST_INTERVAL:
            message = "checkpoints come at least once an hour"
            raise ValueError(message)

    @property
    def begins(self) -> datetime:
        """Since when a log whose first checkpoint this is may be said to have kept its interval."""
        return self.at - 2 * (self.interval or UNSAID_INTERVAL)

    def overdue(self, at: datetime) -> bool:
        """Whether a log whose newest checkpoint this is has not kept its interval by then: one may
        be missed, and the next be on its way.
        """
        return at - self.at > 2 * (self.interval or UNSAID_INTERVAL)

    def text(self) -> str:
        """What is signed: the lines of the note without its signatures."""
        lines = [
            self.origin,
            str(self.size),
            encoded(self.root),
            f"number {self.number}",
            f"time {timestamps.render(self.at)}",
            f"previous {self.previous}",
        ]
        if self.interval is not None:
            lines.append(f"interval {int(self.interval.total_seconds())}")
        return "".join(f"{line}\n" for line in lines)

    def hashed(self) -> str:
        return hashlib.sha256(self.text().encode()).hexdigest()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises Malformed for anything that `text` would not render in exactly this way."""
        try:
            origin, size, root, *rest = text.removesuffix("\n").split("\n")
            fields = dict(line.split(" ", 1) for line in rest)
            found = cls(
                origin=origin,
                number=int(fields["number"]),
                size=int(size),
                root=decoded(root),
                at=timestamps.parse(fields["time"]),
                previous=fields["previous"],
                interval=_seconds(fields["interval"]) if "interval" in fields else None,
            )
        except (ArithmeticError, ValueError, KeyError) as error:
            message = "not a checkpoint"
            raise Malformed(message) from error
        if found.text() != text:
            message = "not a checkpoint in its one form"
            raise Malformed(message)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The log as it was last sealed: what the next checkpoint is made from."""

    number: int = 0
    frontier: Frontier = Frontier()  # noqa: RUF009 - immutable
    at: datetime | None = None
    hashed: str = FIRST_PREVIOUS_HASH


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """What one checkpoint sealed: the leaves that came since the one before, and how they fit."""

    note: str
    before: Frontier
    leaves: tuple[Leaf, ...]
    consistency: tuple[bytes, ...]

    @property
    def checkpoint(self) -> Checkpoint:
        return Checkpoint.parse(split_note(self.note)[0])

    @property
    def head(self) -> Head:
        """The log with this interval sealed."""
        checkpoint = self.checkpoint
        return Head(
            number=checkpoint.number,
            frontier=self.before.grown(leaf.hashed() for leaf in self.leaves),
            at=checkpoint.at,
            hashed=checkpoint.hashed(),
        )

    def follows(self, head: Head) -> bool:
        """Whether this is what came right after `head`, with nothing changed in between."""
        checkpoint, after = self.checkpoint, self.head.frontier
        return (
            self.before == head.frontier
            and checkpoint.number == head.number + 1
            and checkpoint.previous == head.hashed
            and (checkpoint.size, checkpoint.root) == (after.size, after.root())
        )

    def encode(self) -> str:
        """One line of canonical JSON."""
        return canonical_json(
            {
                "note": self.note,
                "before": {
                    "size": self.before.size,
                    "peaks": [encoded(peak) for peak in self.before.peaks],
                },
                "leaves": [
                    [leaf.session_id, leaf.sequence, leaf.event_id, leaf.record_hash]
                    for leaf in self.leaves
                ],
                "consistency": [encoded(node) for node in self.consistency],
            }
        )

    @classmethod
    def decode(cls, text: str) -> Self:
        """Raises Malformed."""
        try:
            raw: dict[str, Any] = json.loads(text)
            peaks = tuple(decoded(peak) for peak in raw["before"]["peaks"])
            found = cls(
                note=str(raw["note"]),
                before=Frontier(int(raw["before"]["size"]), peaks),
                leaves=tuple(Leaf.listed(*each) for each in raw["leaves"]),
                consistency=tuple(decoded(node) for node in raw["consistency"]),
            )
            encoded = found.encode()
        except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
            message = "not an interval of the log"
            raise Malformed(message) from error
        if encoded != text.removesuffix("\n"):
            message = "not an interval of the log in its one form"
            raise Malformed(message)
        return found


def drawn_up(
    head: Head,
    leaves: Sequence[Leaf],
    *,
    origin: str,
    now: datetime,
    interval: timedelta | None = None,
) -> tuple[Checkpoint, Growth]:
    """The next checkpoint, unsigned, and the tree's growth. Its time is later than the last's,
    whatever the clock says.
    """
    growth = Growth(head.frontier, [leaf.hashed() for leaf in leaves])
    after = head.frontier.grown(growth.leaves)
    checkpoint = Checkpoint(
        origin=origin,
        number=head.number + 1,
        size=after.size,
        root=after.root(),
        at=now if head.at is None else max(now, head.at + _A_MILLISECOND),
        previous=head.hashed,
        interval=interval,
    )
    return checkpoint, growth


def _seconds(text: str) -> timedelta:
    return timedelta(seconds=int(text))
