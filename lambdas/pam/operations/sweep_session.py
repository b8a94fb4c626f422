"""Tries again to end a session that the tick found past its deadline."""

from contextlib import suppress
from datetime import datetime

from pam.domain import deadlines
from pam.domain.errors import StaleSession
from pam.domain.notices import Duty
from pam.domain.session import Session
from pam.operations.answer_workflow import stop_workflow
from pam.operations.end_due import end_due
from pam.operations.transition import load
from pam.ports.people import Workflow
from pam.ports.sessions import SessionStore
from pam.ports.targets import Issuers


def sweep_session(
    session_id: str,
    *,
    now: datetime,
    store: SessionStore,
    issuers: Issuers,
    workflow: Workflow,
) -> Session:
    """As `end_due`; and ends the workflow too, which no longer ends the session.

    The try is counted before it is made, so that it counts however it ends.
    """
    session = load(store, session_id)
    if Duty.END in deadlines.duties_due(session, now):
        # Whoever came in between acts on it; that is as good.
        with suppress(StaleSession):
            store.note_try(session, now)
    session = end_due(session_id, now=now, store=store, issuers=issuers)
    stop_workflow(session, store=store, workflow=workflow)
    return session
