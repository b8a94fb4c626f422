"""How audit records are made: of a session's next step, in its chain, or of what has no session."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from pam.domain import timestamps
from pam.domain.audit_record import (
    FIRST_PREVIOUS_HASH,
    LARGEST_RECORD,
    SCHEMA_VERSION,
    Entry,
    Record,
    canonical_json,
    hash_of,
)
from pam.domain.errors import Code
from pam.domain.free_text import commitment, cut
from pam.domain.people import Actor
from pam.domain.session import Session


def bounded(record: dict[str, Any]) -> dict[str, Any]:
    """The record, or as much of it as fits: what is longest is cut first, and nothing fails.

    A step must not be refused because somebody wrote too much, nor go unrecorded.
    """
    hash_to_come = len('"hash":"",') + 64
    while len(canonical_json(record).encode()) + hash_to_come > LARGEST_RECORD:
        record = _without_the_longest(record)
    return record


def _without_the_longest(record: dict[str, Any]) -> dict[str, Any]:
    """With the largest value at half its length; of an object, the largest value in it."""
    name = max(record, key=lambda each: len(canonical_json(record[each]).encode()))
    value = record[name]
    match value:
        case str():
            smaller: Any = cut(value, len(value.encode()) // 2)
        case list():
            smaller = value[: len(value) // 2]
        case _:
            smaller = _without_the_longest(value)
    return record | {name: smaller}


def chain(
    session: Session,
    entries: tuple[Entry, ...],
    *,
    now: datetime,
    new_id: Callable[[datetime], str],
) -> tuple[Session, tuple[Record, ...]]:
    """The records of `entries` linked to the session's chain, and the session that has them."""
    records: list[Record] = []
    sequence, last_hash = session.sequence, session.last_hash or FIRST_PREVIOUS_HASH
    for entry in entries:
        sequence += 1
        whole = _record(session, entry, now=now, event_id=new_id(now))
        record = bounded(whole | {"sequence": sequence, "previous_hash": last_hash})
        last_hash = hash_of(record)
        records.append(record | {"hash": last_hash})
    return replace(session, sequence=sequence, last_hash=last_hash), tuple(records)


def refusal(
    *,
    entry: Entry,
    code: Code,
    resource: str,
    requester: str,
    now: datetime,
    new_id: Callable[[datetime], str],
) -> Record:
    """A refusal that belongs to no session: sequence 0, a chain of its own, one link long.

    Without the reason that was given: there is no session to keep the text apart in.
    """
    coded = replace(entry, detail=f"{code}: {entry.detail}")
    about = {"resource": resource, "requester": requester}
    return _alone(coded, about, now=now, event_id=new_id(now))


def finding(
    *, entry: Entry, resource: str, now: datetime, new_id: Callable[[datetime], str]
) -> Record:
    """A use of lent access that belongs to no session; its chain is as short as a refusal's."""
    return _alone(entry, {"resource": resource}, now=now, event_id=new_id(now))


def about_person(
    *,
    entry: Entry,
    requester: str,
    resource: str,
    now: datetime,
    new_id: Callable[[datetime], str],
) -> Record:
    """What was done about a person as such, in no session; its chain is as short."""
    about = {"resource": resource, "requester": requester}
    return _alone(entry, about, now=now, event_id=new_id(now))


def _alone(entry: Entry, about: Record, *, now: datetime, event_id: str) -> Record:
    whole = _blank(entry, now=now, event_id=event_id) | {
        **about,
        "sequence": 0,
        "previous_hash": FIRST_PREVIOUS_HASH,
    }
    record = bounded(whole)
    return record | {"hash": hash_of(record)}


def _record(session: Session, entry: Entry, *, now: datetime, event_id: str) -> dict[str, Any]:
    asked, whole = session.circumstances, _blank(entry, now=now, event_id=event_id)
    # Whoever replays the decision needs what the sources said at the time.
    signals = {"signals": dict(asked.signals)} if asked.signals else {}
    return whole | {
        "session_id": session.session_id,
        "requester": session.requester,
        "resource": session.resource,
        "environment": session.environment.value,
        "domain": session.domain,
        "reason": commitment(session.text_key, session.reason),
        "detail": _said(entry, session.text_key),
        "ticket": asked.ticket,
        "break_glass": asked.break_glass,
        "approvers": list(session.approvers),
        "decision": whole["decision"] | signals,
        "target": dict(session.target.names),
    }


def _said(entry: Entry, key: str) -> str:
    return ": ".join(part for part in (entry.detail, commitment(key, entry.comment)) if part)


def _actor(actor: Actor) -> dict[str, Any]:
    """With the link by which the principal was a person's: no file of who is who has it."""
    link = actor.link
    linked = (
        {
            "person": link.person,
            "accepted_by": link.accepted_by,
            "linked_at": timestamps.render(link.linked_at),
        }
        if link
        else {}
    )
    return {
        "principal": actor.principal,
        "kind": actor.kind.value,
        "surface": actor.surface.value if actor.surface else "",
        "auth": actor.auth.value if actor.auth else "",
        "source_ip": actor.source_ip,
        "user_agent": actor.user_agent,
        **({"link": linked} if linked else {}),
    }


def _blank(entry: Entry, *, now: datetime, event_id: str) -> dict[str, Any]:
    at = timestamps.render(now)
    return {
        "event_id": event_id,
        "session_id": "",
        "type": entry.type.value,
        "at": at,
        "actor": _actor(entry.actor),
        "requester": "",
        "resource": "",
        "environment": "",
        "domain": "",
        "reason": "",
        "ticket": "",
        "break_glass": False,
        "approvers": [],
        "outcome": entry.outcome.value,
        "detail": entry.detail,
        "target": None,
        "lease_id": entry.lease_id,
        "access_key_id": entry.access_key_id,
        "decision": {
            "policy_ids": list(entry.trace.policy_ids),
            "required": entry.trace.required,
            "received": entry.trace.received,
        },
        "policy_version": entry.policy_version,
        "request_id": entry.request_id,
        "recorded_at": at,
        "schema_version": SCHEMA_VERSION,
    }
