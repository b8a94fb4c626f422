"""A session whose access could not be made, or whose workflow cannot go on, is closed."""

from datetime import datetime

from pam.domain.errors import ForeignAccess, Unreached
from pam.domain.lifecycle import Status
from pam.domain.people import WORKFLOW
from pam.domain.session import Session
from pam.operations.close_session import close_session
from pam.operations.confirm_end import record_receipt
from pam.operations.decide_end import Verdict, decide_end
from pam.operations.transition import Step, load, transition
from pam.ports.sessions import SessionStore
from pam.ports.targets import Issuers, Receipt


def fail_unstarted(session_id: str, reason: str, *, now: datetime, store: SessionStore) -> Session:
    """Closes a session for which no workflow could be started."""
    verdict = Verdict(outcome=Status.FAILED, actor=WORKFLOW, reason=reason)
    return transition(store, session_id, lambda stored: decide_end(stored, verdict, now), now=now)


def fail_unmade(
    session_id: str, fault: Unreached | ForeignAccess, *, now: datetime, store: SessionStore
) -> Session:
    """Closes a session whose target was never reached, or has the access already from others: it
    need not be asked whether it refuses, and what others made is not touched.

    Unless a twin of the call that did not reach it did: what was active once is unmade as ever.
    """
    reason = f"{fault.code.value}: {fault.detail}"
    verdict = Verdict(outcome=Status.FAILED, actor=WORKFLOW, reason=reason)

    def unmade(stored: Session) -> Step | None:
        return None if stored.activated_at else decide_end(stored, verdict, now)

    session = transition(store, session_id, unmade, now=now)
    if session.activated_at:
        return session
    foreign = isinstance(fault, ForeignAccess)
    evidence = "PAM made nothing there" if foreign else "nothing had been sent to the target"
    receipt = Receipt.never_granted(evidence)
    return record_receipt(session, receipt, verdict, now=now, store=store)


def fail_unfinished(
    session_id: str,
    reason: str,
    *,
    timed_out: bool,
    now: datetime,
    store: SessionStore,
    issuers: Issuers,
) -> Session:
    """Closes a session whose workflow cannot go on. A time-out is UNANSWERED where votes were still
    waited for, and a failure like any other where they were not.
    """
    unanswered = load(store, session_id).status is Status.PENDING_APPROVAL and timed_out
    verdict = Verdict(
        outcome=Status.UNANSWERED if unanswered else Status.FAILED,
        actor=WORKFLOW,
        reason="nobody decided in time" if unanswered else reason,
    )
    return close_session(session_id, verdict, now=now, store=store, issuers=issuers)
