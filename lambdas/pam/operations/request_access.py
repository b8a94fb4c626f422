"""A person asks for one resource, for one window."""

from pam.domain.errors import (
    IdempotencyMismatch,
    IssuerUnavailable,
    StaleSession,
    TryAgain,
)
from pam.domain.lifecycle import AWAITING
from pam.domain.session import Session
from pam.ids import new_id
from pam.operations.call import Call
from pam.operations.fail_session import fail_unstarted
from pam.operations.open_session import AccessRequest, Home, WayIn, open_session
from pam.operations.transition import load
from pam.ports.people import Workflow
from pam.ports.proofs import Signer
from pam.ports.sessions import IdempotencyKey, SessionStore


def request_access(
    request: AccessRequest,
    call: Call,
    *,
    idempotency_key: str | None,
    workflow: Workflow,
    signer: Signer,
    home: Home,
    comes_back: bool = True,
) -> Session:
    """Opens a session for the caller and starts its workflow.

    With an idempotency key a repeated call answers with the session of the first one, and starts
    its workflow if the first call died before that. `comes_back`: whether who has a key repeats a
    call that could not be finished. Raises a Refusal.
    """
    person = call.person(by_slack=True)
    key = idempotency_key and IdempotencyKey(
        person=person.name, key=idempotency_key, fingerprint=request.fingerprint()
    )
    earlier = _earlier(key, call.store) if key else None
    if earlier is not None:
        return _resumed(earlier, workflow)
    session_id = new_id(call.now)
    way_in = WayIn(
        session_id=session_id,
        execution_arn=workflow.execution_arn(session_id),
        actor=call.caller.actor,
        request_id=call.caller.request_id,
    )
    try:
        session = open_session(
            request,
            person,
            way_in,
            key=key or None,
            now=call.now,
            store=call.store,
            policy=call.policy,
            signer=signer,
            home=home,
        )
    except StaleSession:
        # Lost the race for the idempotency key: the twin of this call has opened the session.
        earlier = _earlier(key, call.store) if key else None
        if earlier is None:
            raise
        return _resumed(earlier, workflow)
    try:
        workflow.start(session)
    except IssuerUnavailable as fault:
        fail_unstarted(session.session_id, fault.detail, now=call.now, store=call.store)
        raise
    except TryAgain:
        # Who has a key comes back for this very session; for anybody else it is lost.
        if not (key and comes_back):
            reason = "the approval workflow could not be started in time"
            fail_unstarted(session.session_id, reason, now=call.now, store=call.store)
        raise
    return session


def _earlier(key: IdempotencyKey, store: SessionStore) -> Session | None:
    found = store.find_by_key(key)
    if found is None:
        return None
    session_id, fingerprint = found
    if fingerprint != key.fingerprint:
        message = "this Idempotency-Key was used with another body; use a fresh key"
        raise IdempotencyMismatch(message, session_id=session_id)
    return load(store, session_id)


def _resumed(session: Session, workflow: Workflow) -> Session:
    """The session of an earlier call, its workflow started if that call died before it could.

    If it cannot be started now, the session is left as it is: its workflow may well be running.
    """
    if session.status in AWAITING:
        workflow.start(session)
    return session
