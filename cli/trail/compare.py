"""One session, or one record of none, in all places: each difference, named with its record."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from cli.trail.chain import faults_of
from cli.trail.checkpoints import Disproof
from cli.trail.law import Law
from cli.trail.records import is_record
from cli.trail.seen import Owner, Place, Sighting
from pam.domain.audit_record import Record, canonical_json, hash_of
from pam.domain.resource import Target
from pam.domain.session import Session

_MOST_TOLD = 1000
_TOLD = (
    "status",
    "requester",
    "resource",
    "circumstances",
    "approvers",
)
"""What a session's item says as its records do."""


@dataclass(slots=True)
class Found:
    sessions: int = 0
    records: int = 0
    waiting: int = 0
    """Delivered, and not sealed by a checkpoint yet."""
    faults: list[str] = field(default_factory=list)
    untold: int = 0
    """Faults beyond the first thousand."""
    key_fingerprint: str = ""
    sealed_until: str = ""
    cosigned: int = 0
    unwitnessed: int = 0
    witness_age_seconds: int | None = None

    def add(self, fault: str) -> None:
        if len(self.faults) < _MOST_TOLD:
            self.faults.append(fault)
        else:
            self.untold += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What table and archive have of an owner."""

    session: Session | None
    in_table: list[Record]
    in_archive: list[str]
    unreadable: str = ""
    """What is wrong with its items in the table, if they could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Of which records more is expected than that the places agree; instants as records have them.
    `sealed_until` is empty if nothing can be said about sealing.
    """

    since: str
    logged_until: str
    settled: str
    sealed_until: str


def compare(
    found: Found,
    owner: Owner,
    kept: Kept,
    sightings: Sequence[Sighting],
    window: Window,
    law: Law,
) -> None:
    """Adds what is wrong to `found`."""
    if owner.session_id:
        found.sessions += 1
    archived = _archived(found, owner, kept.in_archive)
    logged = _by_event(sightings, Place.LOG_GROUP)
    sealed = _by_event(sightings, Place.CHECKPOINT)
    if kept.unreadable:
        found.add(f"{owner}: {kept.unreadable}")
    for record in kept.in_table:
        found.records += 1
        if not is_record(record):
            found.add(f"{owner}: the table has a record of it that is no audit record")
            continue
        event_id = str(record["event_id"])
        _compare_record(
            found,
            record,
            archived=archived.pop(event_id, set()),
            logged={each.digest for each in logged.pop(event_id, [])},
            sealed={each.digest for each in sealed.pop(event_id, [])},
            window=window,
        )
    _tell_rest(found, owner, archived, logged, sealed)
    if owner.session_id:
        _compare_session(found, owner, kept, law)


def _tell_rest(
    found: Found,
    owner: Owner,
    archived: dict[str, set[str]],
    logged: dict[str, list[Sighting]],
    sealed: dict[str, list[Sighting]],
) -> None:
    """What no record of the table accounts for."""
    for line in (one for ones in archived.values() for one in ones):
        found.add(f"{_place(json.loads(line))}: in the archive, not in the table")
    for place, said in ((logged, "in the log group"), (sealed, "sealed by a checkpoint")):
        for each in (one for ones in place.values() for one in ones):
            found.add(f"record {each.sequence} of {owner}: {said}, not in the table")
            if place is sealed and each.event_id not in archived:
                found.add(f"record {each.sequence} of {owner}: {said}, not in the archive")


def _compare_record(
    found: Found,
    record: Record,
    *,
    archived: set[str],
    logged: set[str],
    sealed: set[str],
    window: Window,
) -> None:
    place, at = _place(record), str(record["recorded_at"])
    try:
        line = canonical_json(record)
        digest, told = hashlib.sha256(line.encode()).hexdigest(), hash_of(record)
    except ValueError:
        found.add(f"{place}: not an audit record")
        return
    if not archived and at <= window.settled:
        found.add(f"{place}: in the table, not in the archive")
    if archived - {line}:
        found.add(f"{place}: another in the archive than in the table")
    if not logged and window.since <= at <= window.logged_until:
        found.add(f"{place}: in the table, not in the log group")
    if logged - {digest}:
        found.add(f"{place}: another in the log group than in the table")
    if sealed - {told}:
        found.add(f"{place}: another was sealed by a checkpoint than is in the table")
    if not sealed and at >= window.since:
        found.waiting += 1
        if at <= window.sealed_until:
            found.add(f"{place}: sealed by no checkpoint, though later ones were made")


def _compare_session(found: Found, owner: Owner, kept: Kept, law: Law) -> None:
    records = kept.in_table or sorted(_parsed(kept.in_archive), key=lambda each: each["sequence"])
    if not all(is_record(record) for record in records):
        return
    if records:
        for fault in faults_of(records, session_id=owner.session_id):
            found.add(f"{owner}: {fault}")
    else:
        found.add(f"{owner}: table and archive have no record of it")
    told = None
    try:
        for record in records:
            law.see(record)
        told = law.session_of(owner.session_id)
    except Disproof as unlawful:
        found.add(str(unlawful))
    if kept.session is None:
        found.add(f"{owner}: the session itself is not in the table")
    else:
        _compare_item(found, kept.session, records, told)


def _compare_item(
    found: Found, session: Session, records: Sequence[Record], told: Session | None
) -> None:
    """The session's item is what functions act by; its records say what it may claim. `told` is
    what they tell, None if they are not lawful.
    """
    owner, count = session.session_id, session.sequence
    if not 0 < count <= len(records) or records[count - 1]["hash"] != session.last_hash:
        found.add(f"{owner}: the session in the table does not go with its records")
        return
    if count != len(records) or told is None:
        return
    for name in _TOLD:
        if getattr(session, name) != getattr(told, name):
            what = name.replace("_", "-")
            found.add(f"{owner}: its {what} in the table is not what its records tell")
    if _place_of(session.target) != _place_of(told.target):
        found.add(f"{owner}: its target in the table is not what its records tell")
    if told.expires_at is not None and (
        session.expires_at is None or session.expires_at > told.expires_at
    ):
        found.add(f"{owner}: its end in the table is later than its records tell")


def _place_of(target: Target) -> dict[str, str]:
    """What records have of a target; its settings are the catalogue's."""
    return dict(target.names)


def _archived(found: Found, owner: Owner, lines: Sequence[str]) -> dict[str, set[str]]:
    """`{event id: lines}`, of which there is one unless somebody added another."""
    by_event: dict[str, set[str]] = {}
    for line in lines:
        record = next(_parsed([line]), None)
        mine = record is not None and (
            record["session_id"] == owner.session_id and owner.event_id in {"", record["event_id"]}
        )
        if record is None or not mine:
            found.add(f"{owner}: the archive has a line under it that is no record of it")
            continue
        by_event.setdefault(record["event_id"], set()).add(line)
    return by_event


def _parsed(lines: Sequence[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            raw = json.loads(line)
        except (RecursionError, ValueError):
            continue
        if is_record(raw):
            yield raw


def _by_event(sightings: Sequence[Sighting], place: Place) -> dict[str, list[Sighting]]:
    found: dict[str, list[Sighting]] = {}
    for each in sightings:
        if each.place is place:
            found.setdefault(each.event_id, []).append(each)
    return found


def _place(record: Record) -> str:
    return f"record {record['sequence']} of {record['session_id'] or record['event_id']}"
