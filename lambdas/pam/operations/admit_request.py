"""The first state of the workflow: by whatever door a request came, it passes the same gates."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pam.domain import notice_texts
from pam.domain.errors import Conflict, Invalid, Refusal, StaleSession
from pam.domain.free_text import LONGEST_CAUSE, cut
from pam.domain.ids import opened_at
from pam.domain.lifecycle import Status
from pam.domain.people import Actor, ActorKind, Surface
from pam.domain.session import Session
from pam.ids import id_of_execution
from pam.operations.answer_workflow import why_refused
from pam.operations.open_session import AccessRequest, Home, WayIn, open_session
from pam.operations.particulars import particulars_of
from pam.operations.record_refusal import Attempt, record_refusal
from pam.operations.transition import load
from pam.policy.cedar import CedarPolicy
from pam.ports.people import Execution, Notifier
from pam.ports.proofs import Signer
from pam.ports.sessions import SessionStore

_NEAR = timedelta(minutes=5)
"""How far the time in a session id that a runbook chose may be from the execution's start."""


class NextState(StrEnum):
    REFUSED = "REFUSED"
    NEEDS_APPROVAL = "NEEDS_APPROVAL"
    APPROVED = "APPROVED"
    CLOSED = "CLOSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A direct start's input. `requester` is what the starter says; the session says so too."""

    session_id: str | None
    requester: str
    request: AccessRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    next_state: NextState
    session_id: str
    error: str = ""
    cause: str = ""


def admit_request(
    execution: Execution,
    session_id: str | None,
    parse_claim: Callable[[], Claim],
    *,
    now: datetime,
    store: SessionStore,
    policy: CedarPolicy,
    notifier: Notifier,
    signer: Signer,
    home: Home,
) -> Admission:
    """Finds the session that the API opened for this execution, or opens one for a direct start.

    `session_id` is what the input names, if it is a ULID. A refusal is an answer, not an error:
    it is recorded, and the workflow ends with its code and its sentence.
    """
    stored = store.get(session_id or id_of_execution(execution.arn, execution.started_at))
    try:
        if stored is None:
            session = _opened(
                execution,
                parse_claim,
                now=now,
                store=store,
                policy=policy,
                signer=signer,
                home=home,
            )
        elif stored.execution_arn != execution.arn:
            message = f"session_id {stored.session_id} belongs to another execution"
            raise Conflict(message)
        else:
            session = stored
    except Refusal as refusal:
        attempt = Attempt(act="start", actor=_actor(execution))
        record_refusal(refusal, attempt, now=now, store=store, policy=policy)
        return Admission(
            next_state=NextState.REFUSED,
            session_id=session_id or "",
            error=refusal.code.value,
            cause=cut(refusal.detail, LONGEST_CAUSE),
        )
    emergency = session.circumstances.break_glass and not session.held_until_confirmed
    if emergency and not session.closed:
        # Before any access is made: an emergency that nobody hears of is not one. If it cannot be
        # sent the state is retried, and then fails, and so does the session.
        notifier.show(notice_texts.break_glass(session, particulars_of(session, policy), now))
    return _admission(session)


def _opened(
    execution: Execution,
    parse_claim: Callable[[], Claim],
    *,
    now: datetime,
    store: SessionStore,
    policy: CedarPolicy,
    signer: Signer,
    home: Home,
) -> Session:
    claim = parse_claim()
    _check_time(claim, execution)
    requester = policy.identities.resolve(claim.requester)
    way_in = WayIn(
        session_id=claim.session_id or id_of_execution(execution.arn, execution.started_at),
        execution_arn=execution.arn,
        actor=_actor(execution),
    )
    try:
        return open_session(
            claim.request,
            requester,
            way_in,
            key=None,
            now=now,
            store=store,
            policy=policy,
            signer=signer,
            home=home,
        )
    except StaleSession:
        # This state is being retried while its first try, thought dead, got through.
        return load(store, way_in.session_id)


def _check_time(claim: Claim, execution: Execution) -> None:
    """An id is read as a time, in every list and every search of the trail. Raises Invalid."""
    if claim.session_id is None:
        return
    try:
        apart = abs(opened_at(claim.session_id) - execution.started_at)
    except ValueError:
        apart = None
    if apart is None or apart > _NEAR:
        message = "must be a ULID of now: its time within 5 minutes of the execution's start"
        raise Invalid.field("session_id", message)


def _actor(execution: Execution) -> Actor:
    return Actor(principal=execution.arn, kind=ActorKind.RUNBOOK, surface=Surface.RUNBOOK)


def _admission(session: Session) -> Admission:
    match session.status:
        case Status.PENDING_APPROVAL:
            next_state = NextState.NEEDS_APPROVAL
        case Status.APPROVED | Status.ACTIVATING | Status.ACTIVE:
            next_state = NextState.APPROVED
        case _:
            return Admission(
                next_state=NextState.CLOSED,
                session_id=session.session_id,
                error=session.status.value,
                cause=why_refused(session),
            )
    return Admission(next_state=next_state, session_id=session.session_id)
