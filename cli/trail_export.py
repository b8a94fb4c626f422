"""Writes an exported trail: what the archive holds between two checkpoints, or of one session."""

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from cli import trail
from cli.problems import Failure
from cli.trail import Manifest
from pam.domain import timestamps
from pam.domain.checkpoint import Head, Interval, Leaf
from pam.domain.free_text import commitments_in, opened
from pam.domain.merkle import Growth
from pam.domain.session import Session

_AT_ONCE = 16


class Archive(Protocol):
    def interval(self, number: int) -> str | None: ...

    def cosignature(self, number: int) -> str | None: ...


class Source(Protocol):
    """What an export reads; `trail_stores.Stores` is one."""

    @property
    def archive(self) -> Archive: ...

    def head(self) -> Head: ...

    def public_key(self) -> bytes: ...

    def session_of(self, session_id: str) -> Session | None: ...

    def archived_records(self, session_id: str, event_id: str = "") -> list[str]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A time, or one session whenever it was."""

    since: datetime
    until: datetime
    session_id: str = ""


def export_trail(source: Source, wanted: Wanted, folder: Path, *, now: datetime) -> Manifest:
    """Fills `folder`, which must be empty or not there. Raises Failure."""
    if folder.exists() and any(folder.iterdir()):
        message = f"{folder} is not empty; an export needs a folder of its own"
        raise Failure(message)
    first, last = _range(source, wanted)
    for part in (trail.CHECKPOINTS, trail.COSIGNATURES):
        (folder / part).mkdir(parents=True, exist_ok=True)
    trail.write_text(folder / trail.PUBLIC_KEY, trail.pem(source.public_key()))
    intervals = [_copied(source, folder, number) for number in range(first, last + 1)]
    leaves = [
        leaf
        for interval in intervals
        for leaf in interval.leaves
        if wanted.session_id in {"", leaf.session_id}
    ]
    said = _write_records(source, leaves, folder)
    _write_texts(source, {leaf.session_id for leaf in leaves} - {""}, said, folder)
    if wanted.session_id:
        _write_proofs(intervals, wanted.session_id, folder)
    manifest = Manifest(
        origin=intervals[0].checkpoint.origin,
        first=first,
        last=last,
        session_id=wanted.session_id,
        since=timestamps.render(wanted.since),
        until=timestamps.render(wanted.until),
        exported_at=timestamps.render(now),
    )
    # Last: what was cut short is not taken for a whole export.
    manifest.write(folder)
    return manifest


def intervals_between(source: Source, since: datetime, until: datetime) -> Iterator[Interval]:
    """What was sealed in that time, as the archive has it. Raises Failure."""
    first, last = _range(source, Wanted(since=since, until=until))
    return (_interval(source, number) for number in range(first, last + 1))


def _range(source: Source, wanted: Wanted) -> tuple[int, int]:
    """The checkpoints that sealed what was recorded in that time, and a little more: the first one
    after its beginning, to the first one after its end.
    """
    newest = source.head().number
    if not newest:
        message = "there is no checkpoint yet; the first comes within minutes of the deployment"
        raise Failure(message)

    def at(number: int) -> datetime:
        return _interval(source, number).checkpoint.at

    first = _first(1, newest, lambda number: at(number) >= wanted.since)
    last = _first(first, newest, lambda number: at(number) >= wanted.until)
    return min(first, newest), min(last, newest)


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


def _interval(source: Source, number: int) -> Interval:
    text = source.archive.interval(number)
    if text is None:
        message = f"checkpoint {number} is not in the archive; `pam audit verify` says more"
        raise Failure(message)
    return Interval.decode(text)


def _copied(source: Source, folder: Path, number: int) -> Interval:
    interval = _interval(source, number)
    trail.write_text(trail.checkpoint_path(folder, number), interval.encode() + "\n")
    cosignature = source.archive.cosignature(number)
    if cosignature is not None:
        trail.write_text(trail.cosignature_path(folder, number), cosignature)
    return interval


def _write_records(source: Source, leaves: list[Leaf], folder: Path) -> set[str]:
    """In the order of the leaves; returns the commitments to texts that stand in them. A record
    that the archive does not have is left out: checking the trail names it.
    """
    said: set[str] = set()
    owners = {(leaf.session_id, "" if leaf.session_id else leaf.event_id) for leaf in leaves}
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        found = pool.map(lambda owner: source.archived_records(*owner), sorted(owners))
        by_hash = {str(json.loads(line)["hash"]): line for lines in found for line in lines if line}
    with (folder / trail.RECORDS).open("wb") as output:
        for leaf in leaves:
            line = by_hash.get(leaf.record_hash)
            if line is not None:
                output.write(f"{line}\n".encode())
                record = json.loads(line)
                said.update(commitments_in(record["reason"], record["detail"]))
    return said


def _write_texts(source: Source, session_ids: Iterable[str], said: set[str], folder: Path) -> None:
    """Those that the exported records commit to: the session may have gone on since."""
    texts: dict[str, Any] = {}
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        for session in pool.map(source.session_of, sorted(session_ids)):
            if session is not None and session.text_key:
                known = opened(session.text_key, session.texts)
                written = sorted(known[one] for one in known.keys() & said)
                texts[session.session_id] = {"key": session.text_key, "texts": written}
    document = json.dumps(texts, ensure_ascii=False, indent=1)
    trail.write_text(folder / trail.TEXTS, document + "\n")


def _write_proofs(intervals: list[Interval], session_id: str, folder: Path) -> None:
    lines = [json.dumps(proof) for each in intervals for proof in _proofs(each, session_id)]
    trail.write_text(folder / trail.PROOFS, "".join(f"{line}\n" for line in lines))


def _proofs(interval: Interval, session_id: str) -> Iterator[dict[str, Any]]:
    growth = Growth(interval.before, [leaf.hashed() for leaf in interval.leaves])
    for position, leaf in enumerate(interval.leaves, start=interval.before.size):
        if leaf.session_id == session_id:
            yield {
                "session_id": leaf.session_id,
                "sequence": leaf.sequence,
                "event_id": leaf.event_id,
                "record_hash": leaf.record_hash,
                "checkpoint": interval.checkpoint.number,
                "index": position,
                "path": [base64.b64encode(node).decode() for node in growth.inclusion(position)],
            }
