"""Finds what closed sessions left at targets that can be searched, and removes it.

A belt: an end removes what it made, and what a crash left is found by the session's own deadline.
What only this finds is access whose making and unmaking overtook each other, and what an end could
make harmless but not remove.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pam.domain.audit_record import Entry, Outcome, RecordType
from pam.domain.errors import IssuerUnavailable
from pam.domain.resource import IssuerKind, Target
from pam.domain.session import Session
from pam.operations.close_session import CLOCK, Issuers
from pam.operations.transition import Step, transition
from pam.ports import Residents, SessionStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What became of it; `unreached` are targets, and leftovers, that did not let themselves."""

    removed: tuple[str, ...]
    unreached: tuple[str, ...]


def remove_orphans(
    targets: Iterable[Target],
    residents: Mapping[IssuerKind, Residents],
    *,
    now: datetime,
    store: SessionStore,
    issuers: Issuers,
) -> Search:
    """What belongs to an open session stays, and so does what belongs to a session that this store
    does not know: another deployment may lend the same target. A session is stored before anything
    is made for it, so what is ours is known.
    """
    removed: list[str] = []
    unreached: list[str] = []
    for target in targets:
        try:
            residents[target.kind].tidy(target, now)
            found = residents[target.kind].sessions_at(target)
        except IssuerUnavailable:
            unreached.append(target.arn)
            continue
        for session_id in found:
            session = store.get(session_id)
            if session is None or not _is_over(session, now):
                continue
            try:
                issuers[session.target.kind].clear_traces(session, now)
            except IssuerUnavailable:
                unreached.append(session_id)
            else:
                _record(store, session_id, target, now)
                removed.append(session_id)
    return Search(removed=tuple(removed), unreached=tuple(unreached))


def _is_over(session: Session, now: datetime) -> bool:
    """Closed, and nothing of it has to stay at the target any longer."""
    return session.closed and (session.traces_until is None or session.traces_until <= now)


def _record(store: SessionStore, session_id: str, target: Target, now: datetime) -> None:
    """That something stood there without a session, and no longer does: on the session's chain."""
    entry = Entry(
        type=RecordType.ACTIVITY,
        actor=CLOCK,
        outcome=Outcome.FAILURE,
        detail=f"orphan: left at {target.arn} after the end, found and removed",
    )
    transition(store, session_id, lambda session: Step(session, (entry,)), now=now)
