"""Does an end that stands decided in the store, whoever decided it.

Who asks for it is of no account: nothing is decided here, so nothing ends by being asked for.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from pam.domain.errors import NotYet, TryAgain
from pam.domain.lifecycle import Status
from pam.domain.session import Session
from pam.operations.answer_workflow import stop_workflow
from pam.operations.confirm_end import confirm_end
from pam.operations.decide_end import verdict_of
from pam.operations.transition import load
from pam.ports.people import Workflow
from pam.ports.sessions import SessionStore
from pam.ports.targets import Issuers


def end_decided(
    session_id: str,
    *,
    now: datetime,
    store: SessionStore,
    issuers: Issuers,
    workflow: Workflow,
) -> Session:
    """Unmakes the access, sees the target refuse, says so, and stops the workflow.

    Raises NotFound, NotYet if nobody decided that the session ends, and IssuerUnavailable if the
    target did not confirm: the session then stays REVOKING.
    """
    session = load(store, session_id)
    if not session.closed and session.status is not Status.REVOKING:
        message = f"nobody decided that session {session_id} ends"
        raise NotYet(message)
    if session.status is Status.REVOKING and session.ending is not None:
        verdict = verdict_of(session.ending)
        session = confirm_end(session, verdict, now=now, store=store, issuers=issuers)
    # A workflow that cannot be stopped now finds the session closed when it wakes.
    with suppress(TryAgain):
        stop_workflow(session, store=store, workflow=workflow)
    return session


@dataclass(frozen=True, slots=True, kw_only=True)
class EndsHere:
    """Implements `ports.people.Closer` in the very function that may end access."""

    clock: Callable[[], datetime]
    store: SessionStore
    issuers: Issuers
    workflow: Workflow

    def end_decided(self, session_id: str) -> None:
        end_decided(
            session_id,
            now=self.clock(),
            store=self.store,
            issuers=self.issuers,
            workflow=self.workflow,
        )
