"""The workflow waits for a decision: keep its token, tell the approvers."""

from datetime import datetime

from pam.domain import notice_texts
from pam.domain.lifecycle import Status
from pam.operations.answer_workflow import answer_workflow
from pam.operations.particulars import particulars_of
from pam.operations.transition import load
from pam.policy.cedar import CedarPolicy
from pam.ports.people import Notifier, Workflow
from pam.ports.sessions import SessionStore


def ask_approvers(
    session_id: str,
    task_token: str,
    *,
    now: datetime,
    store: SessionStore,
    policy: CedarPolicy,
    notifier: Notifier,
    workflow: Workflow,
) -> None:
    """Stores the token, then looks at the session again: it may have been decided meanwhile."""
    store.put_task_token(session_id, task_token, now)
    session = load(store, session_id)
    if session.status is not Status.PENDING_APPROVAL:
        answer_workflow(session, store=store, workflow=workflow)
        return
    if session.held_until_confirmed and not session.needed.total:
        # Nobody's vote is wanted, but the word of the one in whose name it was opened.
        return
    notifier.show(notice_texts.approval_needed(session, particulars_of(session, policy), now))
