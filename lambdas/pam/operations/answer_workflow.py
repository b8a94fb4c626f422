"""Tells the workflow what was decided about its session."""

from pam.domain.free_text import LONGEST_CAUSE, cut
from pam.domain.lifecycle import Status
from pam.domain.session import Session
from pam.ports.people import Waiting, Workflow
from pam.ports.sessions import SessionStore


def answer_workflow(session: Session, *, store: SessionStore, workflow: Waiting) -> None:
    """Tells a waiting workflow what was decided; does nothing while nothing is.

    Called by whoever writes the decision and by whoever stores the token: each looks for the
    other's half after writing its own, so one of them always sees both.
    """
    if session.status is Status.PENDING_APPROVAL:
        return
    token = store.task_token(session.session_id)
    if token is None:
        return
    if session.status is Status.APPROVED:
        workflow.approved(token)
    elif session.activated_at is None:
        workflow.refused(token, error=session.status.value, cause=why_refused(session))


def why_refused(session: Session) -> str:
    """One sentence for whoever looks at the execution; what people wrote in it is cut."""
    if session.ending is not None:
        return cut(f"{session.status.value}: {session.ending.reason}", LONGEST_CAUSE)
    return f"session {session.session_id} is {session.status.value}"


def stop_workflow(session: Session, *, store: SessionStore, workflow: Workflow) -> None:
    """Ends the workflow of a session that somebody ended; last, because nothing hangs on it."""
    if not session.closed:
        return
    if session.approved_at is None:
        answer_workflow(session, store=store, workflow=workflow)
    else:
        workflow.stop(session, error=session.status.value, cause=why_refused(session))
