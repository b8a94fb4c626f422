"""What an export and the live comparison read: the archive first of all, whose checkpoints say how
far the log reaches.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from cli.problems import Failure
from pam.domain.checkpoint import Interval
from pam.domain.session import Session
from pam.domain.signed_note import Malformed


class NoCheckpoint(Failure):
    """The archive lacks a checkpoint that must be there."""


class Archive(Protocol):
    def newest_interval(self) -> int: ...

    def interval(self, number: int) -> str | None: ...

    def cosignature(self, number: int) -> str | None: ...

    def policy_set(self, digest: str) -> str | None: ...


class Source(Protocol):
    """What an export reads; `trail_stores.Stores` is one."""

    @property
    def archive(self) -> Archive: ...

    def public_key(self) -> bytes: ...

    def session_of(self, session_id: str) -> Session | None: ...

    def archived_records(self, session_id: str, event_id: str = "") -> list[str]: ...


def covered_since(archive: Archive, wanted: datetime) -> datetime:
    """As far back as the log goes: what was before its beginning it cannot speak of."""
    return max(wanted, interval_of(archive, 1).checkpoint.begins)


def checkpoints_between(archive: Archive, since: datetime, until: datetime) -> tuple[int, int]:
    """The checkpoints that sealed what was recorded in that time: from the last one before its
    beginning, whose time shows that none is left out, to the first one after its end.

    Which is the newest is asked of the archive, where nothing can be turned back. Raises
    NoCheckpoint.
    """
    newest = archive.newest_interval()
    if not newest:
        message = "there is no checkpoint yet; the first comes within minutes of the deployment"
        raise NoCheckpoint(message)

    def at(number: int) -> datetime:
        return interval_of(archive, number).checkpoint.at

    first = _first(1, newest, lambda number: at(number) > since)
    last = _first(first, newest, lambda number: at(number) >= until)
    return max(1, first - 1), min(last, newest)


def _first(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """The first number for which it holds; `high + 1` if there is none."""
    high += 1
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low


def interval_of(archive: Archive, number: int) -> Interval:
    text = archive.interval(number)
    if text is None:
        message = f"checkpoint {number} is not in the archive; `pam audit verify` says more"
        raise NoCheckpoint(message)
    try:
        return Interval.decode(text)
    except Malformed as error:
        message = f"checkpoint {number} in the archive is none; `pam audit verify` says more"
        raise NoCheckpoint(message) from error
