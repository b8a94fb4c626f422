"""Checkpoints of a long time, without reading those that sealed nothing.

A quarter has 26,000 checkpoints, and most of a quiet log's sealed no record. Two signed ones of the
same size and root have none between them, so that these need not be read: halving finds the others.
What is yielded is proven as `proven_intervals` has it; of what was passed over nothing is claimed
but that it holds no record.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from cli.trail.checkpoints import (
    Checkpoints,
    Disproof,
    Shown,
    check_growth,
    check_witnessed_before,
    count_witness,
    named,
    read_interval,
    signed,
)
from pam.domain.checkpoint import Checkpoint, Head, Interval


@dataclass(slots=True, kw_only=True)
class Walk:
    """`read` counts the checkpoints that were looked at."""

    source: Checkpoints
    origin: str
    public_key: bytes
    witness_key: bytes
    shown: Shown
    read: int = 0

    def sealing(self, first: int, last: int) -> Iterator[Interval]:
        """Those from `first` to `last` that sealed something, in order. Raises Disproof."""
        interval, sealed = self._at(first)
        head = Head()
        if first > 1:
            # The first one shown: its signed root says what came before.
            head = Head(number=first - 1, frontier=interval.before, hashed=sealed.previous)
        yield from self._accepted(interval, sealed, head)
        head = interval.head
        # The last but one is always looked at: what the witness owes the last is held against it.
        for number in sorted({max(first, last - 1), last} - {first}):
            interval, sealed = self._at(number)
            yield from self._between(head, interval, sealed)
            head = interval.head

    def _between(self, low: Head, interval: Interval, sealed: Checkpoint) -> Iterator[Interval]:
        """What was sealed after `low`, up to this one."""
        silent = (sealed.size, sealed.root) == (low.frontier.size, low.frontier.root())
        if silent and sealed.number > low.number + 1:
            self._check_silence(low, interval, sealed)
            self._note(sealed)
        elif sealed.number == low.number + 1:
            yield from self._accepted(interval, sealed, low)
        else:
            middle, at_middle = self._at((low.number + sealed.number) // 2)
            yield from self._between(low, middle, at_middle)
            yield from self._between(middle.head, interval, sealed)

    def _accepted(self, interval: Interval, sealed: Checkpoint, before: Head) -> Iterator[Interval]:
        check_growth(named(sealed.number), interval, sealed, before)
        self._note(sealed)
        if interval.leaves:
            yield interval

    def _check_silence(self, low: Head, interval: Interval, sealed: Checkpoint) -> None:
        where = named(sealed.number)
        if interval.leaves or interval.before != low.frontier:
            raise Disproof(where, "its root is not that of its leaves after the one before")
        if low.at is not None and sealed.at <= low.at:
            raise Disproof(where, "its time is not after that of the one before")

    def _note(self, sealed: Checkpoint) -> None:
        """Each that was read, once and in order."""
        shown, where = self.shown, named(sealed.number)
        check_witnessed_before(shown)
        if self.witness_key:
            count_witness(self.source, where, sealed, self.witness_key, shown)
        shown.first = shown.first or sealed
        shown.newest = sealed

    def _at(self, number: int) -> tuple[Interval, Checkpoint]:
        self.read += 1
        where = named(number)
        interval = read_interval(self.source, number)
        sealed = signed(where, interval, self.origin, self.public_key)
        if sealed.number != number:
            raise Disproof(where, f"it is checkpoint {sealed.number}")
        return interval, sealed
