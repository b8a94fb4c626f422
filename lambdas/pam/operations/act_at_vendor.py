"""What a vendor's functions do, each for one session: as much as is decided and proven there.

They are asked by PAM's own functions, and whoever else may invoke them could ask as well. So none
of it goes by what is asked: access is made by the activator's proof of this very call, and taken
where the store says that the session is over. All of it for the session that the target is checked
out to, and for no other of the same person.
"""

from datetime import datetime

from pam.domain import timestamps
from pam.domain.errors import Conflict, IssuerUnavailable, NotYet, TryAgain, Unproven
from pam.domain.lifecycle import Status
from pam.domain.messages import MakeAccess
from pam.domain.session import Session
from pam.domain.standing import checkout_of
from pam.operations.prove_session import Gate, check_not_over
from pam.operations.transition import load
from pam.ports.sessions import SessionStore
from pam.ports.targets import Checkouts, Receipt, StandingTarget


def make_access(
    asked: MakeAccess,
    kind: str,
    *,
    now: datetime,
    store: SessionStore,
    checkouts: Checkouts,
    gate: Gate,
    target: StandingTarget,
) -> datetime | None:
    """As `StandingTarget.make`. Raises Unproven for what is not proven, Conflict for a session that
    is not being activated, TryAgain if the time of the call is over.
    """
    until = _instant(asked.until)
    if now >= until:
        message = "the call came too late to make access in its time"
        raise TryAgain(message)
    session = _of_kind(store, asked.session_id, kind)
    if session.status is not Status.ACTIVATING or _late(session, now):
        message = f"the session is {session.status.value}, and no access is made for it now"
        raise Conflict(message, session_id=session.session_id)
    check_not_over(
        session, store.records(session.session_id), store.end_delivered_at(session.session_id)
    )
    proven = gate.approved(session, now)
    gate.check_making(proven, until, asked.proof)
    if checkouts.remembered(checkout_of(proven), proven.session_id) is None:
        message = "the target is not checked out to the session, or no access is being made for it"
        raise IssuerUnavailable(message)
    return target.make(proven, now)


def see_access(session_id: str, kind: str, *, store: SessionStore, target: StandingTarget) -> bool:
    """As `StandingTarget.stands`: it changes nothing, whoever asks."""
    return target.stands(_of_kind(store, session_id, kind))


def unmake_access(
    session_id: str,
    kind: str,
    *,
    now: datetime,
    store: SessionStore,
    checkouts: Checkouts,
    target: StandingTarget,
) -> Receipt:
    """As `StandingTarget.unmake`. Raises NotYet if the session is not over."""
    session = _of_kind(store, session_id, kind)
    over = session.closed or session.status is Status.REVOKING
    if not over and not (session.expires_at and now >= session.expires_at):
        message = f"nobody decided that session {session_id} ends"
        raise NotYet(message)
    if checkouts.remembered(checkout_of(session), session_id) is None:
        # What stands there may be the next session's of the same person, or be others'.
        message = "the target is not checked out to the session: nothing of it is taken"
        raise IssuerUnavailable(message)
    return target.unmake(session, now)


def clear_access(
    session_id: str, kind: str, *, now: datetime, store: SessionStore, target: StandingTarget
) -> None:
    """As `StandingTarget.clear_traces`. Raises NotYet while something must stay there."""
    session = _of_kind(store, session_id, kind)
    due = session.traces_until
    if not session.closed or (due is not None and now < due):
        message = f"what session {session_id} left has to stay for now"
        raise NotYet(message)
    target.clear_traces(session, now)


def _of_kind(store: SessionStore, session_id: str, kind: str) -> Session:
    session = load(store, session_id)
    if session.target.kind != kind:
        message = f"session {session_id} is of another kind"
        raise Conflict(message, session_id=session_id)
    return session


def _late(session: Session, now: datetime) -> bool:
    """After that the session is ended by the clock, whatever was made."""
    began = session.activating_at
    return began is None or now >= began + session.target.row.deadlines.making


def _instant(text: str) -> datetime:
    try:
        return timestamps.parse(text)
    except ValueError as error:
        message = "the call does not say until when"
        raise Unproven(message) from error
