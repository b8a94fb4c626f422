"""What an end had to leave at its target goes, once nothing of the session can live any more."""

from datetime import datetime, timedelta

from pam.domain.ids import opened_at
from pam.domain.kinds import Outlasting
from pam.domain.session import Session
from pam.ports.sessions import SessionStore
from pam.ports.targets import Issuers

_LONGEST_LIFE = timedelta(hours=30)
"""A day to be approved, four hours of access, and its last lease."""


def clear_traces(
    session: Session, *, now: datetime, store: SessionStore, issuers: Issuers
) -> Session:
    """Of a closed session; does nothing before it is due. Raises IssuerUnavailable."""
    if session.traces_until is None or now < session.traces_until:
        return session
    outlasting = session.target.row.outlasting
    if outlasting and not _surely_over(session, outlasting, now, store):
        return session
    issuers[session.target.kind].clear_traces(session, now)
    store.forget_traces(session)
    return session


def _surely_over(
    session: Session, outlasting: Outlasting, now: datetime, store: SessionStore
) -> bool:
    """Whether no credential of it can live, whatever its item says: what keeps somebody out must
    not go because an item was changed.
    """
    ended_at = store.end_delivered_at(session.session_id)
    if ended_at is not None:
        return now >= ended_at + outlasting.at_most
    # Of an earlier version, or of a time when the auditor did not work.
    return now >= opened_at(session.session_id) + _LONGEST_LIFE
