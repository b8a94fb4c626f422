"""Compares what stands at the targets with the sessions, and removes what is left of closed ones.

A belt: an end removes what it made, and what a crash left is found by the session's own deadline.
What only this finds is access whose making and unmaking overtook each other, what an end could make
harmless but not remove, and what somebody changed at a target by hand.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pam.domain.audit_record import Entry, Outcome, RecordType
from pam.domain.errors import IssuerUnavailable, StaleSession
from pam.domain.lifecycle import Status
from pam.domain.people import CLOCK
from pam.domain.resource import Target
from pam.domain.session import Session
from pam.operations.transition import Step, transition
from pam.ports.sessions import Once, SessionStore
from pam.ports.targets import Issuers

Tell = Callable[[str], None]
"""Is told at once what kind of thing was found, by the name of its list, and rather twice than
never: whoever dies over the rest of a search has told what it had found.
"""
_REMEMBERED = timedelta(days=7)
_LEFT_TO_THE_TICK = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What became of it. `removed` and `missing` are sessions; `unreached` are targets, and
    leftovers, that did not let themselves; `postponed` are targets for which no time was left.
    """

    removed: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unreached: list[str] = field(default_factory=list)
    postponed: list[str] = field(default_factory=list)


def to_nobody(_: str) -> None:
    """Nobody wants to hear of it."""


def search_targets(
    targets: Iterable[Target],
    *,
    now: datetime,
    store: SessionStore,
    issuers: Issuers,
    has_time: Callable[[], bool] = lambda: True,
    tell: Tell = to_nobody,
) -> Search:
    """Looks at each of these targets, and at each that an ACTIVE session has; not at those of
    vendors, which are `search_standing`'s.

    In another order each time, so that one that takes all the time keeps no other from its turn for
    ever.
    """
    active = [session for session in store.open_sessions() if session.status is Status.ACTIVE]
    found = Search()
    for target in each_once([*targets, *(session.target for session in active)]):
        if target.row.vendor is not None:
            continue
        if not has_time():
            found.postponed.append(target.label)
            continue
        try:
            _find_missing(target, active, found, now, store, issuers, tell)
            issuers[target.kind].tidy(target, now)
            left = issuers[target.kind].sessions_at(target)
        except IssuerUnavailable:
            found.unreached.append(target.label)
        else:
            remove_left(left, target, found, now, store, issuers, has_time, tell)
    return found


def each_once(targets: Iterable[Target]) -> list[Target]:
    """Each of them once, in another order each time."""
    once: list[Target] = []
    for target in targets:
        if target not in once:
            once.append(target)
    random.shuffle(once)
    return once


def _find_missing(
    target: Target,
    active: Sequence[Session],
    found: Search,
    now: datetime,
    store: SessionStore,
    issuers: Issuers,
    tell: Tell,
) -> None:
    """The sessions whose access is not there, each put on record the first time. Nothing is made
    anew: whoever took it away may have had a reason.
    """
    here = [session for session in active if session.target == target]
    if not here:
        return
    for session_id, why in issuers[target.kind].missing(target, here).items():
        if record_missing(session_id, f"{why} ({target.label})", now, store):
            tell("missing")
            found.missing.append(session_id)


def record_missing(session_id: str, why: str, now: datetime, store: SessionStore) -> bool:
    """Told once of each. False if the session is not ACTIVE any more: then its access is rightly
    gone, and so it may have been when the target was asked. What others keep from being recorded
    is for the next search to record, and missing all the same.
    """
    once = Once(key=f"missing/{session_id}", until=now + _REMEMBERED)
    detail = f"missing: the session is ACTIVE, and its access is not there: {why}"
    entry = Entry(type=RecordType.DRIFT, actor=CLOCK, outcome=Outcome.FAILURE, detail=detail)

    def decide(session: Session) -> Step | None:
        if session.status is not Status.ACTIVE or store.is_done(once):
            return None
        return Step(session, (entry,))

    try:
        session = transition(store, session_id, decide, now=now, once=once)
    except StaleSession:
        return True
    return session.status is Status.ACTIVE


def remove_left(
    session_ids: Iterable[str],
    target: Target,
    found: Search,
    now: datetime,
    store: SessionStore,
    issuers: Issuers,
    has_time: Callable[[], bool],
    tell: Tell,
) -> None:
    """What belongs to an open session stays, and so does what belongs to a session that this store
    does not know: another deployment may lend the same target. A session is stored before anything
    is made for it, so what is ours is known. It is told first: once it is gone, nobody finds it.
    """
    for session_id in session_ids:
        session = store.get(session_id)
        if session is None or not _is_over(session, now):
            continue
        if not has_time():
            found.postponed.append(target.label)
            return
        tell("removed")
        recorded = _record_orphan(store, session_id, target, now)
        try:
            issuers[session.target.kind].clear_traces(session, now)
        except IssuerUnavailable:
            found.unreached.append(session_id)
            continue
        found.removed.append(session_id)
        if not (recorded or _record_orphan(store, session_id, target, now)):
            found.unreached.append(session_id)


def _is_over(session: Session, now: datetime) -> bool:
    """Closed, and whatever had to stay at the target should be gone for a while: what is due only
    now is no drift, it is the tick's.
    """
    due = session.traces_until
    return session.closed and (due is None or due + _LEFT_TO_THE_TICK <= now)


def _record_orphan(store: SessionStore, session_id: str, target: Target, now: datetime) -> bool:
    """That something stands there without a session: on the session's chain, once an hour. False
    if that failed, which keeps nothing from being removed.
    """
    once = Once(key=f"orphan/{session_id}/{now:%Y-%m-%dT%H}", until=now + _REMEMBERED)
    entry = Entry(
        type=RecordType.DRIFT,
        actor=CLOCK,
        outcome=Outcome.FAILURE,
        detail=f"orphan: left at {target.label} after the end; PAM removes it",
    )

    def decide(session: Session) -> Step | None:
        return None if store.is_done(once) else Step(session, (entry,))

    try:
        transition(store, session_id, decide, now=now, once=once)
    except Exception:  # noqa: BLE001 - whatever it is, what stands there must go
        return False
    return True
