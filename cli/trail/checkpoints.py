"""The signed part of a trail: checkpoints one after the other, each proven to be the log's.

The same checks for an exported trail and for the archive itself; nobody's word is taken but that of
the keys which the auditor brings along.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from cli.trail import layout
from cli.trail.files import Folder, Unreadable
from pam.domain import merkle, signed_note, timestamps
from pam.domain.checkpoint import Checkpoint, Head, Interval
from pam.domain.signed_note import Malformed
from pam.names import witness_name

_MOST_OF_A_COSIGNATURE = 65_536


class Disproof(Exception):
    """What is wrong, and where: the first thing that does not hold."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where = where
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusted:
    """What the auditor brings along. Without a fingerprint nothing is anchored: a forger of a
    trail may have made its key as well.
    """

    log_fingerprint: str = ""
    witness_key: bytes = b""


class Checkpoints(Protocol):
    """Where checkpoints lie by number; the archive is one."""

    def interval(self, number: int) -> str | None: ...

    def cosignature(self, number: int) -> str | None: ...


@dataclass(frozen=True, slots=True)
class ExportedCheckpoints:
    """Those of an exported trail. Raises Unreadable."""

    folder: Folder

    def interval(self, number: int) -> str | None:
        name = layout.checkpoint_name(number)
        if not self.folder.has(name):
            return None
        text = self.folder.text(name)
        if not text.endswith("\n"):
            raise Unreadable(name, "not an interval of the log in its one form")
        return text

    def cosignature(self, number: int) -> str | None:
        name = layout.cosignature_name(number)
        return self.folder.text(name, _MOST_OF_A_COSIGNATURE) if self.folder.has(name) else None


@dataclass(slots=True, kw_only=True)
class Shown:
    """What the checkpoints that were walked through have shown."""

    first: Checkpoint | None = None
    newest: Checkpoint | None = None
    cosigned: int = 0
    newest_cosigned: Checkpoint | None = None
    unwitnessed: int = 0
    """Of the newest, which the witness may not have been asked about yet: none or one."""

    def age(self, at: datetime) -> timedelta | None:
        """Of the newest cosigned checkpoint, at that time."""
        return (
            None
            if self.newest_cosigned is None
            else max(timedelta(0), at - self.newest_cosigned.at)
        )


def proven_intervals(
    source: Checkpoints,
    numbers: range,
    *,
    origin: str,
    public_key: bytes,
    witness_key: bytes,
    shown: Shown,
) -> Iterator[Interval]:
    """Each interval, once it is proven to be the log's and to follow the one before. With the
    witness's key, each must be cosigned, but for the last one. Raises Disproof, Unreadable.
    """
    head: Head | None = Head() if numbers.start == 1 else None
    for number in numbers:
        where = named(number)
        interval = read_interval(source, number)
        sealed = signed(where, interval, origin, public_key)
        if sealed.number != number:
            raise Disproof(where, f"it is checkpoint {sealed.number}")
        if head is None:
            # The first one shown: its signed root says what came before.
            head = Head(number=number - 1, frontier=interval.before, hashed=sealed.previous)
        check_growth(where, interval, sealed, head)
        check_witnessed_before(shown)
        if witness_key:
            count_witness(source, where, sealed, witness_key, shown)
        head = interval.head
        shown.first = shown.first or sealed
        shown.newest = sealed
        yield interval


def check_reach(shown: Shown, *, since: datetime, until: datetime) -> None:
    """That the log covers this time: what was recorded in it had to be sealed by what was shown.

    Raises Disproof.
    """
    if since >= until:
        why = f"nothing is covered: {_time(since)} is not before {_time(until)}"
        raise Disproof(layout.MANIFEST, why)
    first, newest = shown.first, shown.newest
    if first is None or newest is None:
        raise Disproof(layout.CHECKPOINTS, "there is none, so nothing is proven")
    begins = first.begins if first.number == 1 else first.at
    if begins > since:
        said = "the log begins only then" if first.number == 1 else "the trail begins only then"
        why = f"what was recorded between {_time(since)} and {_time(begins)} is not covered: {said}"
        if begins < until:
            why += f"; --from {_time(begins)} leaves that out"
        raise Disproof(named(first.number), why)
    if newest.overdue(until):
        why = (
            f"the newest one, of {_time(newest.at)}, is more than two intervals older than "
            f"{_time(until)}: what was recorded in between is not covered"
        )
        raise Disproof(named(newest.number), why)


def check_witnessed_before(shown: Shown) -> None:
    """That the newest so far, which is not the newest any more, is cosigned. Raises Disproof."""
    if shown.unwitnessed and shown.newest is not None:
        why = "not cosigned by the witness, and it is not the newest checkpoint"
        raise Disproof(named(shown.newest.number), why)


def check_witness(shown: Shown, looked_at: datetime) -> None:
    """That the witness has seen this log, up to the newest checkpoint or the one before.

    Raises Disproof.
    """
    newest, cosigned = shown.newest, shown.newest_cosigned
    if newest is None or cosigned is None:
        raise Disproof(layout.COSIGNATURES, "none is there: the witness has seen nothing of this")
    if not shown.unwitnessed:
        return
    # What one says of its time and interval is believed once it is cosigned: else one alone, made
    # by whoever has the log's key, could stand for a month.
    if cosigned.overdue(newest.at):
        why = (
            "not cosigned by the witness, and more than two intervals later than the one before; "
            "if the log paused, try again in a minute"
        )
        raise Disproof(named(newest.number), why)
    if replace(newest, interval=cosigned.interval).overdue(looked_at):
        why = "not cosigned by the witness, though it is more than two intervals old"
        raise Disproof(named(newest.number), why)


def read_interval(source: Checkpoints, number: int) -> Interval:
    where = named(number)
    try:
        text = source.interval(number)
        if text is None:
            raise Disproof(where, "missing")
        return Interval.decode(text)
    except Malformed as error:
        raise Disproof(where, str(error)) from error
    except Unreadable as error:
        raise Disproof(where, error.why) from error


def signed(where: str, interval: Interval, origin: str, public_key: bytes) -> Checkpoint:
    from pam.signatures import log_signed

    try:
        sealed = interval.checkpoint
        text, lines = signed_note.split_note(interval.note)
    except Malformed as error:
        raise Disproof(where, str(error)) from error
    if sealed.origin != origin:
        raise Disproof(where, f"of another log: {sealed.origin}")
    key_id = signed_note.log_key_id(public_key)
    signatures = signed_note.signatures_by(sealed.origin, key_id, lines)
    if len(lines) != 1 or not any(log_signed(public_key, text, one) for one in signatures):
        raise Disproof(where, "not signed by the log's key")
    return sealed


def check_growth(where: str, interval: Interval, sealed: Checkpoint, head: Head) -> None:
    if not interval.follows(head):
        raise Disproof(where, "its root is not that of its leaves after the one before")
    if head.at is not None and sealed.at <= head.at:
        raise Disproof(where, "its time is not after that of the one before")
    if not merkle.extends(
        interval.before.size,
        interval.before.root(),
        sealed.size,
        sealed.root,
        interval.consistency,
    ):
        raise Disproof(where, "its consistency proof does not hold")


def count_witness(
    source: Checkpoints, where: str, sealed: Checkpoint, witness_key: bytes, shown: Shown
) -> None:
    from pam.signatures import witness_signed

    line = source.cosignature(sealed.number)
    if line is None:
        shown.unwitnessed += 1
        return
    name = witness_name(sealed.origin.rpartition("/")[2])
    key_id = signed_note.cosigner_key_id(name, witness_key)
    for blob in signed_note.signatures_by(name, key_id, [line]):
        seconds, signature = int.from_bytes(blob[:8], "big"), blob[8:]
        message = signed_note.cosigned_message(sealed.text(), seconds)
        if witness_signed(witness_key, message, signature):
            shown.cosigned += 1
            shown.newest_cosigned = sealed
            return
    raise Disproof(where, "not cosigned by the witness's key")


def named(number: int) -> str:
    return f"checkpoint {number}"


def _time(instant: datetime) -> str:
    return timestamps.render(instant)
