"""A report from the stores: what checkpoints sealed in a time, each session read once.

The leaves that signed checkpoints seal say which sessions there are, so that nobody who can write
the table decides who is in the report. For one person or resource the table is asked which sessions
those are, and only they are read; the head then says that none may be missing unseen.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Protocol

from cli.problems import Failure
from cli.trail.chain import faults_of
from cli.trail.checkpoints import Disproof, Shown, Trusted, check_reach, check_witness
from cli.trail.files import Unreadable
from cli.trail.law import PolicyText
from cli.trail.layout import fingerprint
from cli.trail.live import ON_ITS_WAY
from cli.trail.records import is_record
from cli.trail.report import Asked, Head, Lines, judged
from cli.trail.report_line import lies_in, line_of
from cli.trail.report_walk import Walk
from cli.trail.seen import Owner, Place, Seen, Sighting
from cli.trail.source import Source, checkpoints_between, interval_of
from pam.domain import ids, timestamps
from pam.domain.audit_record import Record, hash_of
from pam.domain.free_text import ERASED, opened
from pam.domain.principals import folded
from pam.domain.session import Session

LOOKED_BACK = timedelta(hours=48)
"""A session waits for its votes 24 hours at most and lasts 4: one that was open at the beginning of
a time, and recorded nothing in it, began within these.
"""
_AT_ONCE = 16
_POLICY_SETS_AT_HAND = 32
_CHOSEN_BY_TABLE = (
    "the table's list of sessions said which are theirs: each line is proven, and not that none is "
    "missing; without --who and --resource, or of an exported trail, that is proven too"
)


class ReportSource(Source, Protocol):
    @property
    def origin(self) -> str: ...

    def sessions_since(
        self, first_id: str, last_id: str, *, person: str = "", resource: str = ""
    ) -> Iterator[str]: ...

    def table_records(self, session_id: str) -> list[Record]: ...

    def lone_record(self, event_id: str) -> Record | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Report:
    source: ReportSource
    asked: Asked
    head: Head
    lines: Lines
    policy_text: PolicyText


def report_stores(
    source: ReportSource, asked: Asked, trusted: Trusted, lines: Lines, *, now: datetime
) -> Head:
    """Fills `lines`, by session id, and gives their head. Raises Failure where there is no log of
    that time at all.
    """
    # A record of the last moment is sealed by the checkpoint after.
    span = checkpoints_between(source.archive, asked.since - LOOKED_BACK, asked.until + ON_ITS_WAY)
    begins = interval_of(source.archive, 1).checkpoint.begins
    if begins >= asked.until:
        message = f"the log begins at {timestamps.render(begins)}: nothing of this time is covered"
        raise Failure(message)
    head = Head(asked=asked, source="stores", origin=source.origin, anchored=True)
    head.log_begins = timestamps.render(begins)
    policy_text = lru_cache(maxsize=_POLICY_SETS_AT_HAND)(source.archive.policy_set)
    report = _Report(source=source, asked=asked, head=head, lines=lines, policy_text=policy_text)
    chosen = _chosen(report)
    with closing(Seen()) as seen:
        _seal_up(report, seen, trusted, span, now)
        _tell_all(report, seen, chosen)
    return head


def _chosen(report: _Report) -> frozenset[str] | None:
    """The sessions to read; None for all. An index knows people by name: for a principal, all are
    read.
    """
    asked = report.asked
    if ":" in asked.who or not (asked.who or asked.resource):
        return None
    report.head.complete, report.head.why_incomplete = False, _CHOSEN_BY_TABLE
    # From the first session on: an old one may be reviewed, or erased, in this time.
    last_id = ids.bounds(asked.until, asked.until)[1]
    names = {"person": folded(asked.who), "resource": asked.resource}
    return frozenset(report.source.sessions_since("0" * 26, last_id, **names))


def _seal_up(
    report: _Report, seen: Seen, trusted: Trusted, span: tuple[int, int], now: datetime
) -> None:
    """Takes down what was sealed in that time, each checkpoint proven before it is believed."""
    source, asked, head, shown = report.source, report.asked, report.head, Shown()
    public_key = source.public_key()
    head.key_fingerprint = fingerprint(public_key)
    head.key_by = "--key" if trusted.log_fingerprint else "KMS"
    if trusted.log_fingerprint not in {"", head.key_fingerprint}:
        head.add("the log's key in KMS is not the key that you trust")
    walk = Walk(
        source=source.archive,
        origin=source.origin,
        public_key=public_key,
        witness_key=trusted.witness_key,
        shown=shown,
    )
    try:
        for interval in walk.sealing(*span):
            for leaf in interval.leaves:
                owner = Owner(leaf.session_id, "" if leaf.session_id else leaf.event_id)
                seen.note(
                    owner,
                    Sighting(Place.CHECKPOINT, leaf.event_id, leaf.sequence, leaf.record_hash),
                )
        check_reach(shown, since=asked.since, until=asked.until)
        if trusted.witness_key:
            check_witness(shown, now)
    except Disproof as wrong:
        head.add(str(wrong))
    _tell_checkpoints(head, shown, trusted, now)


def _tell_checkpoints(head: Head, shown: Shown, trusted: Trusted, now: datetime) -> None:
    if shown.first is not None and shown.newest is not None:
        head.first_checkpoint, head.last_checkpoint = shown.first.number, shown.newest.number
        head.sealed_since = timestamps.render(shown.first.at)
        head.sealed_until = timestamps.render(shown.newest.at)
    if trusted.witness_key:
        age = shown.age(now)
        head.cosigned, head.unwitnessed = shown.cosigned, shown.unwitnessed
        head.witness_age_seconds = None if age is None else int(age.total_seconds())


def _tell_all(report: _Report, seen: Seen, chosen: frozenset[str] | None) -> None:
    wanted = (
        (owner, seen.of(owner))
        for owner in seen.owners()
        if chosen is None or owner.session_id in chosen
    )
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        while some := list(islice(wanted, 4 * _AT_ONCE)):
            owners = [owner for owner, _ in some]
            for (owner, leaves), kept in zip(
                some, pool.map(lambda o: _kept(report.source, o), owners), strict=True
            ):
                _tell(report, owner, leaves, kept)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What the table has of an owner: its records as far as they are any, and its texts."""

    records: tuple[Record, ...]
    session: Session | None


def _kept(source: ReportSource, owner: Owner) -> _Kept:
    try:
        if not owner.session_id:
            alone = source.lone_record(owner.event_id)
            return _Kept(records=(alone,) if is_record(alone) and alone else (), session=None)
        records = tuple(r for r in source.table_records(owner.session_id) if is_record(r))
    except Unreadable:
        records = ()
    try:
        session = source.session_of(owner.session_id) if owner.session_id else None
    except Unreadable:
        session = None
    return _Kept(records=records, session=session)


def _tell(report: _Report, owner: Owner, leaves: Sequence[Sighting], kept: _Kept) -> None:
    asked, head = report.asked, report.head
    last = max(leaf.sequence for leaf in leaves)
    records = [record for record in kept.records if record["sequence"] <= last]
    fault = _fault(owner, records, leaves)
    if fault:
        # The table is the nearer copy; what was sealed may still be whole in the archive.
        archived = _archived(report.source, owner, last)
        if not _fault(owner, archived, leaves):
            records, fault = archived, ""
    if fault:
        head.add(fault)
    if not records:
        return
    if not owner.session_id:
        head.records += 1
        head.count_alone(records[0])
        return
    if not lies_in(records, asked.since, asked.until):
        return
    told, unlawful = judged(records, report.policy_text)
    texts = _texts(kept.session)
    erased = kept.session is not None and kept.session.reason == ERASED
    line = line_of(records, texts, told, erased=erased, fault=fault or unlawful)
    if not asked.concerns(line):
        return
    if unlawful and not fault:
        head.add(unlawful)
    head.records += len(records)
    head.count(line, records)
    report.lines.add(line)


def _fault(owner: Owner, records: Sequence[Record], leaves: Sequence[Sighting]) -> str:
    """What speaks against these being what was sealed, and all of it; empty for nothing."""
    by_place = {record["sequence"]: record for record in records}
    for leaf in leaves:
        place, record = f"record {leaf.sequence} of {owner}", by_place.get(leaf.sequence)
        if record is None:
            return f"{place}: missing, though a checkpoint sealed it"
        if (record["event_id"], record["hash"]) != (leaf.event_id, leaf.digest):
            return f"{place}: not the one that was sealed"
    if owner.session_id:
        faults = faults_of(records, session_id=owner.session_id)
        return f"{owner}: {faults[0]}" if faults else ""
    return "" if all(map(_holds, records)) else f"record 0 of {owner}: was changed"


def _holds(record: Record) -> bool:
    """Whether it has the content that its hash is of."""
    try:
        return bool(hash_of(record) == record["hash"])
    except ValueError:  # a lone surrogate: no record of PAM has one
        return False


def _archived(source: ReportSource, owner: Owner, last: int) -> list[Record]:
    """The archive's copies, in order. Of two under one place the first is taken: the leaf tells."""
    found: dict[int, Record] = {}
    for line in source.archived_records(owner.session_id, owner.event_id):
        try:
            record = json.loads(line)
        except (RecursionError, ValueError):
            continue
        if is_record(record) and record["sequence"] <= last:
            found.setdefault(record["sequence"], record)
    return [found[sequence] for sequence in sorted(found)]


def _texts(session: Session | None) -> Mapping[str, str]:
    return opened(session.text_key, session.texts) if session else {}
