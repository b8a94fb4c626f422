"""Writes an exported trail: what the archive holds between two checkpoints, or of one session."""

import base64
import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from cli.problems import Failure
from cli.trail import layout
from cli.trail.files import (
    MOST_OF_A_FILE,
    Unreadable,
    create_private,
    make_private_folder,
    pem,
    write_private,
)
from cli.trail.layout import Manifest
from cli.trail.records import is_record
from cli.trail.source import Source, checkpoints_between, covered_since, interval_of
from pam.domain import timestamps
from pam.domain.audit_record import FIRST_PREVIOUS_HASH
from pam.domain.checkpoint import Interval, Leaf
from pam.domain.free_text import commitments_in, opened
from pam.domain.merkle import Growth
from pam.domain.session import Session

_AT_ONCE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A time, or one session whenever it was."""

    since: datetime
    until: datetime
    session_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written, and the fingerprint of the log's key as KMS gave it: to be kept apart from
    the trail, which cannot vouch for its own key. Nothing recorded after `sealed_until` is in it.
    """

    manifest: Manifest
    key_fingerprint: str
    records: int
    sealed_until: datetime


def export_trail(source: Source, wanted: Wanted, folder: Path, *, now: datetime) -> Exported:
    """Fills `folder`, which must be empty or not there, for its owner alone. Raises Failure."""
    if folder.exists() and not folder.is_dir():
        message = f"{folder} is no folder; an export needs one of its own"
        raise Failure(message)
    if folder.exists() and any(folder.iterdir()):
        message = f"{folder} is not empty; an export needs a folder of its own"
        raise Failure(message)
    first, last = checkpoints_between(source.archive, wanted.since, wanted.until)
    since = covered_since(source.archive, wanted.since)
    if since >= wanted.until:
        message = f"the log begins at {timestamps.render(since)}: nothing of this time is covered"
        raise Failure(message)
    intervals = [interval_of(source.archive, number) for number in range(first, last + 1)]
    leaves = [
        leaf
        for interval in intervals
        for leaf in interval.leaves
        if wanted.session_id in {"", leaf.session_id}
    ]
    if wanted.session_id and not leaves:
        message = (
            f"no checkpoint of this time has sealed a record of {wanted.session_id}; what was "
            "recorded just now is sealed by the next one, within minutes"
        )
        raise Failure(message)
    for part in ("", layout.CHECKPOINTS, layout.COSIGNATURES, layout.POLICIES):
        make_private_folder(folder / part)
    public_key = source.public_key()
    write_private(folder / layout.PUBLIC_KEY, pem(public_key))
    for interval in intervals:
        _copy(source, interval, folder)
    said = _write_records(source, leaves, folder, from_the_beginning=first == 1)
    _write_texts(source, {leaf.session_id for leaf in leaves} - {""}, said.commitments, folder)
    _write_policies(source, said.policy_versions, folder)
    if wanted.session_id:
        _write_proofs(intervals, wanted.session_id, folder)
    manifest = Manifest(
        origin=intervals[0].checkpoint.origin,
        first=first,
        last=last,
        session_id=wanted.session_id,
        since=timestamps.render(since),
        until=timestamps.render(wanted.until),
        exported_at=timestamps.render(now),
    )
    # Last: what was cut short is not taken for a whole export.
    manifest.write(folder)
    return Exported(
        manifest=manifest,
        key_fingerprint=layout.fingerprint(public_key),
        records=said.records,
        sealed_until=intervals[-1].checkpoint.at,
    )


def beginning_of(source: Source, session_id: str, supposed: datetime | None) -> datetime:
    """When the first record of a session was written. An id may have been chosen, so the time in it
    (`supposed`, None if it is none) is believed only if it is earlier. Raises Failure.
    """
    times = [_recorded_at(line) for line in source.archived_records(session_id) if _hash_in(line)]
    if not times:
        message = f"the archive has no record of {session_id}"
        raise Failure(message)
    return min(times) if supposed is None else min(*times, supposed)


def _recorded_at(line: str) -> datetime:
    return timestamps.parse(json.loads(line)["recorded_at"])


def _copy(source: Source, interval: Interval, folder: Path) -> None:
    number = interval.checkpoint.number
    write_private(folder / layout.checkpoint_name(number), interval.encode() + "\n")
    cosignature = source.archive.cosignature(number)
    if cosignature is not None:
        write_private(folder / layout.cosignature_name(number), cosignature)


@dataclass(slots=True)
class _Said:
    """What the exported records speak of."""

    commitments: set[str] = field(default_factory=set)
    policy_versions: set[str] = field(default_factory=set)
    records: int = 0

    def write(self, line: str, output: BinaryIO) -> None:
        output.write(f"{line}\n".encode())
        record = json.loads(line)
        self.commitments.update(commitments_in(record["reason"], record["detail"]))
        self.policy_versions.add(record["policy_version"])


def _write_records(
    source: Source, leaves: list[Leaf], folder: Path, *, from_the_beginning: bool
) -> _Said:
    """In the order of the leaves, and beside them those that stand before a session's first one. A
    record that the archive does not have is left out: checking the trail names it.
    """
    said, begun = _Said(), set[str]()
    owners = {(leaf.session_id, "" if leaf.session_id else leaf.event_id) for leaf in leaves}
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        found = pool.map(lambda owner: source.archived_records(*owner), sorted(owners))
        by_hash = {_hash_in(line): line for lines in found for line in lines}
    with (
        create_private(folder / layout.RECORDS) as output,
        create_private(folder / layout.EARLIER) as before,
    ):
        for leaf in leaves:
            line = by_hash.get(leaf.record_hash)
            if line is None:
                continue
            if not from_the_beginning and leaf.session_id not in begun:
                for earlier in _leading_to(line, by_hash):
                    said.write(earlier, before)
            begun.add(leaf.session_id)
            said.write(line, output)
            said.records += 1
    return said


def _hash_in(line: str) -> str:
    """Empty for a line that is no record: no leaf asks for that."""
    try:
        raw = json.loads(line)
    except (RecursionError, ValueError):
        return ""
    return str(raw["hash"]) if is_record(raw) else ""


def _leading_to(line: str, by_hash: dict[str, str]) -> list[str]:
    """The records of its chain before this one, from the first on, as far as they are there."""
    found: list[str] = []
    previous = str(json.loads(line)["previous_hash"])
    while previous != FIRST_PREVIOUS_HASH and previous in by_hash:
        found.append(by_hash[previous])
        previous = str(json.loads(by_hash[previous])["previous_hash"])
    return found[::-1]


def _write_policies(source: Source, digests: set[str], folder: Path) -> None:
    """A set that the archive does not have is left out: checking the trail names it."""
    for digest in sorted(digests):
        text = source.archive.policy_set(digest) if layout.is_digest(digest) else None
        if text is not None:
            write_private(folder / layout.policy_name(digest), text)


def _write_texts(source: Source, session_ids: Iterable[str], said: set[str], folder: Path) -> None:
    """Those that the exported records commit to: the session may have gone on since."""
    texts: dict[str, Any] = {}
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        for session in pool.map(lambda one: _readable(source, one), sorted(session_ids)):
            if session is not None and session.text_key:
                known = opened(session.text_key, session.texts)
                written = sorted(known[one] for one in known.keys() & said)
                texts[session.session_id] = {"key": session.text_key, "texts": written}
    document = json.dumps(texts, ensure_ascii=False, indent=1)
    if len(document.encode()) >= MOST_OF_A_FILE:
        message = "more texts than one export holds; choose a shorter time"
        raise Failure(message)
    write_private(folder / layout.TEXTS, document + "\n")


def _readable(source: Source, session_id: str) -> Session | None:
    """None as well for one that is not as PAM writes it: its records are exported all the same."""
    try:
        return source.session_of(session_id)
    except Unreadable:
        return None


def _write_proofs(intervals: list[Interval], session_id: str, folder: Path) -> None:
    lines = [json.dumps(proof) for each in intervals for proof in _proofs(each, session_id)]
    write_private(folder / layout.PROOFS, "".join(f"{line}\n" for line in lines))


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
