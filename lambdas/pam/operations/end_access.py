"""People end sessions: an operator takes the access back, or the requester gives it back."""

from datetime import datetime

from pam.domain.errors import Conflict, IssuerUnavailable, NotEligible
from pam.domain.lifecycle import Status
from pam.domain.people import Caller
from pam.domain.session import Session
from pam.operations.answer_workflow import stop_workflow
from pam.operations.close_session import Issuers, Verdict, confirm_end, decided
from pam.operations.transition import Step, load, transition
from pam.policy.cedar import Action, CedarPolicy
from pam.ports import SessionStore, Workflow


def revoke_access(
    session_id: str,
    reason: str,
    *,
    caller: Caller,
    now: datetime,
    store: SessionStore,
    policy: CedarPolicy,
    issuers: Issuers,
    workflow: Workflow,
) -> Session:
    """An operator ends a session now, whatever it is waiting for. Raises NotEligible, Conflict.

    Whether the caller is an operator is policy; that the access can be taken back is not.
    """
    return _end(
        session_id,
        Verdict(
            outcome=Status.REVOKED,
            actor=caller.actor,
            reason=reason,
            request_id=caller.request_id,
        ),
        Action.REVOKE,
        caller=caller,
        now=now,
        store=store,
        policy=policy,
        issuers=issuers,
        workflow=workflow,
    )


def end_access(
    session_id: str,
    *,
    caller: Caller,
    now: datetime,
    store: SessionStore,
    policy: CedarPolicy,
    issuers: Issuers,
    workflow: Workflow,
) -> Session:
    """The requester gives the access back, or withdraws a request that is still waiting."""
    return _end(
        session_id,
        Verdict(
            outcome=Status.ENDED,
            actor=caller.actor,
            reason="given back by the requester",
            request_id=caller.request_id,
        ),
        Action.END,
        caller=caller,
        now=now,
        store=store,
        policy=policy,
        issuers=issuers,
        workflow=workflow,
    )


def _end(
    session_id: str,
    verdict: Verdict,
    action: Action,
    *,
    caller: Caller,
    now: datetime,
    store: SessionStore,
    policy: CedarPolicy,
    issuers: Issuers,
    workflow: Workflow,
) -> Session:
    stored = load(store, session_id)
    allowed = caller.person and policy.may(action, caller.person, stored)
    if not allowed or not allowed.allowed:
        message = f"no policy lets this principal {action.value} session {session_id}"
        raise NotEligible(message, session_id=session_id)

    def decide(session: Session) -> Step | None:
        if session.closed:
            message = f"the session is {session.status.value} already"
            raise Conflict(message, session_id=session_id)
        return decided(session, verdict, now)

    session = transition(store, session_id, decide, now=now)
    try:
        session = confirm_end(session, verdict, now=now, store=store, issuers=issuers)
    except IssuerUnavailable:
        # The decision stands and is in force; workflow and tick go on until the target confirms.
        return session
    stop_workflow(session, store=store, workflow=workflow)
    return session
