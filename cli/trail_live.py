"""Compares the places where PAM keeps its trail with each other, as they stand now.

The same record must be in the table, in the log group and in the archive, and sealed by a
checkpoint. What was recorded in the last moments may still be on its way, and is not held against
anybody.
"""

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from cli.audit_chain import faults_of
from cli.trail_export import Source, intervals_between
from pam.domain import ids, timestamps
from pam.domain.audit_record import Record, canonical_json
from pam.domain.checkpoint import Leaf

_ON_ITS_WAY = timedelta(minutes=2)
_AT_ONCE = 16
_CLOCKS_APART = timedelta(minutes=1)


class LiveSource(Source, Protocol):
    def sessions_since(self, first_id: str, last_id: str) -> Iterator[str]: ...

    def table_records(self, session_id: str) -> list[Record]: ...

    def lone_record(self, event_id: str) -> Record | None: ...

    def logged_lines(self, since: datetime, until: datetime) -> Iterator[str]: ...


@dataclass(slots=True)
class Found:
    sessions: int = 0
    records: int = 0
    waiting: int = 0
    """Delivered, and not sealed by a checkpoint yet."""
    faults: list[str] = field(default_factory=list)


def compare_stores(source: LiveSource, *, since: datetime, until: datetime, now: datetime) -> Found:
    """Of the sessions that were opened in that time, every record, however much later it came."""
    session_ids = list(source.sessions_since(*ids.bounds(since, until)))
    logged = _logged(source, since, now, set(session_ids))
    sealed = {
        leaf
        for interval in intervals_between(source, since, now + timedelta(days=1))
        for leaf in interval.leaves
    }
    found = Found(sessions=len(session_ids))
    settled = timestamps.render(now - _ON_ITS_WAY)
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        pairs = pool.map(
            lambda one: (one, source.table_records(one), source.archived_records(one)), session_ids
        )
        for session_id, in_table, in_archive in pairs:
            found.faults += [f"{session_id}: {fault}" for fault in _chain(session_id, in_table)]
            _compare(found, in_table, in_archive, logged, sealed, settled)
    for line in logged.pop("", {}).values():
        record = json.loads(line)
        alone = source.lone_record(record["event_id"])
        there = [alone] if alone else []
        kept = source.archived_records("", record["event_id"])
        _compare(found, there, kept, {"": {record["event_id"]: line}}, sealed, settled)
        if not alone:
            found.faults.append(f"{_place(record)}: in the log group, not in the table")
    return found


def _logged(
    source: LiveSource, since: datetime, now: datetime, wanted: set[str]
) -> dict[str, dict[str, str]]:
    """`{session id: {event id: line}}`; a line that was delivered twice stands once."""
    lines: dict[str, dict[str, str]] = {}
    for line in source.logged_lines(since - _CLOCKS_APART, now + _CLOCKS_APART):
        record = json.loads(line)
        if record["session_id"] in wanted or not record["session_id"]:
            lines.setdefault(record["session_id"], {})[record["event_id"]] = line
    return lines


def _compare(
    found: Found,
    in_table: list[Record],
    in_archive: Iterable[str],
    logged: dict[str, dict[str, str]],
    sealed: set[Leaf],
    settled: str,
) -> None:
    archived = {json.loads(line)["event_id"]: line for line in in_archive if line}
    for record in in_table:
        found.records += 1
        event_id, line = record["event_id"], canonical_json(record)
        places = {
            "log group": logged.get(record["session_id"], {}).pop(event_id, None),
            "archive": archived.pop(event_id, None),
        }
        late = record["recorded_at"] > settled
        for place, there in places.items():
            if there is None and not late:
                found.faults.append(f"{_place(record)}: in the table, not in the {place}")
            elif there is not None and there != line:
                found.faults.append(f"{_place(record)}: another in the {place} than in the table")
        found.waiting += Leaf.of(record) not in sealed
    for session_id in {record["session_id"] for record in in_table}:
        for line in logged.get(session_id, {}).values():
            where = _place(json.loads(line))
            found.faults.append(f"{where}: in the log group, not in the table")
    for line in archived.values():
        found.faults.append(f"{_place(json.loads(line))}: in the archive, not in the table")


def _chain(session_id: str, records: list[Record]) -> list[str]:
    return [str(fault) for fault in faults_of(records, session_id=session_id)]


def _place(record: Record) -> str:
    return f"record {record['sequence']} of {record['session_id'] or record['event_id']}"
