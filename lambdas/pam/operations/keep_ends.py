"""An end that was undone at its target is made once more, and told.

What ends a session on a lent role stands on ground that others may have rights on. So whatever is
over and has to stay shut is looked at every minute, and what lets somebody in again is shut before
anybody is asked why.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pam.domain.audit_record import Entry, Outcome, RecordType
from pam.domain.errors import IssuerUnavailable
from pam.domain.people import CLOCK
from pam.domain.session import Session
from pam.operations.search_targets import Tell, each_once, to_nobody
from pam.operations.transition import Step, transition
from pam.ports.sessions import SessionStore
from pam.ports.targets import EndKeeper, Keepers

SETTLED_AFTER = timedelta(seconds=15)
"""IAM may not show at once what was just written there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """`undone` are sessions that were found let in again; `unshut` those of them whose end was not
    made once more; `unreached` and `postponed` are targets.
    """

    undone: list[str] = field(default_factory=list)
    unshut: list[str] = field(default_factory=list)
    unreached: list[str] = field(default_factory=list)
    postponed: list[str] = field(default_factory=list)


def keep_ends(
    *,
    now: datetime,
    store: SessionStore,
    keepers: Keepers,
    has_time: Callable[[], bool] = lambda: True,
    tell: Tell = to_nobody,
) -> Kept:
    """Asks only targets of which such a session is known, in another order each time.

    Sessions whose end is not confirmed yet are not looked at: whoever confirms it writes and reads
    the deny, and the tick goes on until somebody has.
    """
    standing = [session for session in store.ends_that_stand() if _must_stand(session, now)]
    kept = Kept()
    for target in each_once(session.target for session in standing):
        if not has_time():
            kept.postponed.append(target.label)
            continue
        here = [session for session in standing if session.target == target]
        try:
            undone = keepers[target.kind].undone(target, here)
        except IssuerUnavailable:
            kept.unreached.append(target.label)
            continue
        for session in (each for each in here if each.session_id in undone):
            tell("undone")
            kept.undone.append(session.session_id)
            if not _shut(session, now, store, keepers[target.kind]):
                kept.unshut.append(session.session_id)
    return kept


def _must_stand(session: Session, now: datetime) -> bool:
    confirmed_at = session.ending.confirmed_at if session.ending else None
    # A session of an earlier version does not know how long its credentials live.
    known = (session.credentials_live_until, session.traces_until)
    return (
        session.target.row.keeps_ends
        and session.closed
        and session.traces_until is not None
        and all(now < until for until in known if until is not None)
        and confirmed_at is not None
        and confirmed_at + SETTLED_AFTER <= now
    )


def _shut(session: Session, now: datetime, store: SessionStore, keeper: EndKeeper) -> bool:
    """Told first, so that no crash in between hides it; and shut whether or not it could be told.
    Then that is tried once more: once it is shut, no search finds it.

    False if one of both failed.
    """
    recorded = _record(session, now, store)
    try:
        keeper.end(session, now)
    except IssuerUnavailable:
        return False
    return recorded or _record(session, now, store)


def _record(session: Session, now: datetime, store: SessionStore) -> bool:
    entry = Entry(
        type=RecordType.DRIFT,
        actor=CLOCK,
        outcome=Outcome.FAILURE,
        detail=(
            "undone: the deny of this ended session was gone or changed at "
            f"{session.target.label}; it is written again"
        ),
    )
    try:
        transition(store, session.session_id, lambda stored: Step(stored, (entry,)), now=now)
    except Exception:  # noqa: BLE001 - whatever it is, the door behind it must be shut
        return False
    return True
