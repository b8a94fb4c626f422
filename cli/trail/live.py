"""Compares the places where PAM keeps its trail with each other, as they stand now.

What there is to compare is asked of what cannot be turned back: the log group, the archive, and the
leaves that signed checkpoints seal. Each session and each record found there is looked up in the
table. The table is asked as well, but never alone, because somebody who removed a session from it
would otherwise decide what is looked for. What was recorded in the last moments may still be on
its way, and is not held against anybody.
"""

import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Protocol

from cli.trail.checkpoints import (
    Disproof,
    Shown,
    Trusted,
    check_reach,
    check_witness,
    proven_intervals,
)
from cli.trail.compare import Found, Kept, Window, compare
from cli.trail.files import Unreadable
from cli.trail.law import Law
from cli.trail.layout import fingerprint
from cli.trail.records import is_record
from cli.trail.seen import Owner, Place, Seen, Sighting
from cli.trail.source import NoCheckpoint, Source, checkpoints_between
from pam.domain import ids, timestamps
from pam.domain.audit_record import Record
from pam.domain.checkpoint import Head, Interval
from pam.domain.session import Session
from pam.domain.signed_note import Malformed

__all__ = ["Found", "LiveSource", "compare_stores"]

ON_ITS_WAY = timedelta(minutes=2)
_AT_ONCE = 16
_CLOCKS_APART = timedelta(minutes=1)
_POLICY_SETS_AT_HAND = 32
_AT_MOST_UNDER_WAY = 3
"""Checkpoints that one run makes."""


class LiveSource(Source, Protocol):
    @property
    def origin(self) -> str:
        """The log's name in its checkpoints."""

    def head(self) -> Head: ...

    def sessions_since(self, first_id: str, last_id: str) -> Iterator[str]: ...

    def archived_owners(self, first_id: str, last_id: str) -> Iterator[tuple[str, str]]: ...

    def whole_session(self, session_id: str) -> tuple[Session, bool] | None:
        """With whether its item says beside its document what PAM would write there."""

    def table_records(self, session_id: str) -> list[Record]: ...

    def lone_record(self, event_id: str) -> Record | None: ...

    def logged_lines(self, since: datetime, until: datetime) -> Iterator[str]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    source: LiveSource
    since: datetime
    until: datetime
    now: datetime
    found: Found = field(default_factory=Found)
    shown: Shown = field(default_factory=Shown)


def compare_stores(
    source: LiveSource,
    *,
    since: datetime,
    until: datetime,
    now: datetime,
    trusted: Trusted | None = None,
) -> Found:
    """Every record of that time in every place, and of each session that it belongs to all others
    too, however much earlier or later they came. Raises Failure.
    """
    search = _Search(source=source, since=since, until=until, now=now)
    with closing(Seen()) as seen:
        sealed_until = _seal_up(search, seen, trusted or Trusted())
        _read_log(search, seen)
        first_id, last_id = ids.bounds(since, until)
        for session_id, event_id in source.archived_owners(first_id, last_id):
            seen.note_owner(Owner(session_id, event_id))
        for session_id in source.sessions_since(first_id, last_id):
            seen.note_owner(Owner(session_id))
        window = Window(
            since=timestamps.render(since),
            logged_until=timestamps.render(min(until, now - ON_ITS_WAY)),
            settled=timestamps.render(now - ON_ITS_WAY),
            sealed_until=sealed_until,
        )
        _compare_all(search, seen, window)
    return search.found


def _seal_up(search: _Search, seen: Seen, trusted: Trusted) -> str:
    """Takes down what the checkpoints of that time seal, each proven before it is believed. Until
    when all that was recorded must have been sealed: empty if that cannot be said.
    """
    source, found, shown = search.source, search.found, search.shown
    public_key = source.public_key()
    found.key_fingerprint = fingerprint(public_key)
    if trusted.log_fingerprint not in {"", found.key_fingerprint}:
        found.add("the log's key in KMS is not the key that you trust")
    _check_head(search)
    # A record of the last moment is sealed by the checkpoint after.
    later = search.until + ON_ITS_WAY
    try:
        first, last = checkpoints_between(source.archive, search.since, later)
        for interval in proven_intervals(
            source.archive,
            range(first, last + 1),
            origin=source.origin,
            public_key=public_key,
            witness_key=trusted.witness_key,
            shown=shown,
        ):
            for leaf in interval.leaves:
                owner = Owner(leaf.session_id, "" if leaf.session_id else leaf.event_id)
                sighting = Sighting(
                    Place.CHECKPOINT, leaf.event_id, leaf.sequence, leaf.record_hash
                )
                seen.note(owner, sighting)
        check_reach(shown, since=search.since, until=search.until)
        if trusted.witness_key:
            check_witness(shown, search.now)
    except (Disproof, NoCheckpoint) as wrong:
        found.add(str(wrong))
        return ""
    finally:
        _tell(search)
    newest = shown.newest
    return timestamps.render(newest.at - ON_ITS_WAY) if newest else ""


def _check_head(search: _Search) -> None:
    """The table's own word of how far the log has come, against the archive's. A run that is under
    way may have archived a few that the table does not have yet.
    """
    head, archive = search.source.head(), search.source.archive
    newest = archive.newest_interval()
    text = archive.interval(head.number) if head.number else None
    try:
        same = text is not None and Interval.decode(text).head.hashed == head.hashed
    except Malformed:
        same = False
    if newest and not (same and head.number >= newest - _AT_MOST_UNDER_WAY):
        search.found.add(f"checkpoint {head.number}: the table's head is not what the archive has")


def _tell(search: _Search) -> None:
    found, shown = search.found, search.shown
    age = shown.age(search.now)
    found.cosigned, found.unwitnessed = shown.cosigned, shown.unwitnessed
    found.sealed_until = timestamps.render(shown.newest.at) if shown.newest else ""
    found.witness_age_seconds = None if age is None else int(age.total_seconds())


def _read_log(search: _Search, seen: Seen) -> None:
    lines = search.source.logged_lines(search.since - _CLOCKS_APART, search.until + _CLOCKS_APART)
    for line in lines:
        try:
            record = json.loads(line)
        except (RecursionError, ValueError):
            record = None
        if not is_record(record):
            search.found.add(f"the log group has a line that is no audit record: {line[:60]}")
            continue
        session_id, event_id = record["session_id"], record["event_id"]
        digest = hashlib.sha256(line.encode("utf-8", "surrogatepass")).hexdigest()
        sighting = Sighting(Place.LOG_GROUP, event_id, record["sequence"], digest)
        seen.note(Owner(session_id, "" if session_id else event_id), sighting)


def _compare_all(search: _Search, seen: Seen, window: Window) -> None:
    policy_text = lru_cache(maxsize=_POLICY_SETS_AT_HAND)(search.source.archive.policy_set)
    owners = seen.owners()
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        while some := list(islice(owners, 4 * _AT_ONCE)):
            for owner, kept in zip(some, pool.map(lambda o: _kept(search, o), some), strict=True):
                compare(search.found, owner, kept, seen.of(owner), window, Law(policy_text))


def _kept(search: _Search, owner: Owner) -> Kept:
    source = search.source
    in_archive = source.archived_records(owner.session_id, owner.event_id)
    try:
        if not owner.session_id:
            alone = source.lone_record(owner.event_id)
            return Kept(session=None, in_table=[alone] if alone else [], in_archive=in_archive)
        # The session before its records: these may only have become more since.
        session, whole = source.whole_session(owner.session_id) or (None, True)
        in_table = source.table_records(owner.session_id)
    except Unreadable as error:
        return Kept(session=None, in_table=[], in_archive=in_archive, unreadable=error.why)
    odd = "" if whole else "its item in the table says something else beside its document"
    return Kept(session=session, in_table=in_table, in_archive=in_archive, unreadable=odd)
