"""A person asks for one resource, for one window."""

import hashlib
import random
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pam.domain import audit_record, proofs
from pam.domain.approval import ApprovalsGathered
from pam.domain.audit_record import Entry, PolicyTrace, RecordType, canonical_json
from pam.domain.durations import SHORTEST_SESSION
from pam.domain.errors import (
    IdempotencyMismatch,
    Invalid,
    IssuerUnavailable,
    NotEligible,
    NotFound,
    StaleSession,
    TryAgain,
)
from pam.domain.lifecycle import AWAITING, Status
from pam.domain.people import Actor, Caller, Person
from pam.domain.resource import Resource
from pam.domain.session import Origin, Session
from pam.domain.standing import earlier_than
from pam.ids import new_id, new_text_key
from pam.operations.blocklist import refuse_blocked
from pam.operations.close_session import fail_unstarted
from pam.operations.count_open import room_for
from pam.operations.transition import load
from pam.policy.cedar import CedarPolicy, Decision
from pam.ports.people import Workflow
from pam.ports.proofs import Signer
from pam.ports.sessions import IdempotencyKey, SessionStore

_TRIES = 30
_LONGEST_PAUSE = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRequest:
    """What is asked for. `duration` None takes the resource's default."""

    resource: str
    reason: str
    duration: timedelta | None = None
    ticket: str = ""
    break_glass: bool = False

    def fingerprint(self) -> str:
        """Tells one body from another, for idempotency keys."""
        seconds = None if self.duration is None else int(self.duration.total_seconds())
        body = [self.resource, self.reason, seconds, self.ticket, self.break_glass]
        return hashlib.sha256(canonical_json(body).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Where PAM itself is deployed: the default account and region of a resource."""

    account: str
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """By which way a request came in, and which session and execution it becomes."""

    session_id: str
    execution_arn: str
    origin: Origin
    actor: Actor
    request_id: str = ""


def request_access(
    wish: AccessRequest,
    *,
    caller: Caller,
    idempotency_key: str | None,
    now: datetime,
    store: SessionStore,
    policy: CedarPolicy,
    workflow: Workflow,
    signer: Signer,
    home: Home,
) -> Session:
    """Opens a session for the caller and starts its workflow.

    With an idempotency key a repeated call answers with the session of the first one, and starts
    its workflow if the first call died before that. Raises a Refusal of the contract's codes.
    """
    if caller.person is None:
        message = "this principal is not listed as anybody who may ask"
        raise NotEligible(message)
    key = idempotency_key and IdempotencyKey(
        person=caller.person.name, key=idempotency_key, fingerprint=wish.fingerprint()
    )
    earlier = _earlier(key, store) if key else None
    if earlier is not None:
        return _resumed(earlier, workflow)
    session_id = new_id(now)
    door = Door(
        session_id=session_id,
        execution_arn=workflow.execution_arn(session_id),
        origin=Origin.API,
        actor=caller.actor,
        request_id=caller.request_id,
    )
    try:
        session = open_session(
            wish,
            caller.person,
            door,
            key=key or None,
            now=now,
            store=store,
            policy=policy,
            signer=signer,
            home=home,
        )
    except StaleSession:
        # Lost the race for the idempotency key: the twin of this call has opened the session.
        earlier = _earlier(key, store) if key else None
        if earlier is None:
            raise
        return _resumed(earlier, workflow)
    try:
        workflow.start(session)
    except IssuerUnavailable as fault:
        fail_unstarted(session.session_id, fault.detail, now=now, store=store)
        raise
    except TryAgain:
        # Who has a key comes back for this very session; for anybody else it is lost.
        if not key:
            reason = "the approval workflow could not be started in time"
            fail_unstarted(session.session_id, reason, now=now, store=store)
        raise
    return session


def open_session(
    wish: AccessRequest,
    requester: Person,
    door: Door,
    *,
    key: IdempotencyKey | None,
    now: datetime,
    store: SessionStore,
    policy: CedarPolicy,
    signer: Signer,
    home: Home,
) -> Session:
    """The gates that every door shares, then the session with its first records, in one write.

    Raises NotFound, NotEligible, Blocked, Invalid or LimitReached; StaleSession if the id or the
    key is taken.
    """
    resource = policy.resource(wish.resource)
    if resource is None:
        message = f"there is no resource {wish.resource!r}; `pam resources` lists what there is"
        raise NotFound(message, recorded="there is no resource of that name")
    asked = policy.may_request(requester, resource)
    if not asked.allowed:
        message = f"no policy lets {requester.name} ask for {resource.resource_id}"
        raise NotEligible(message, policy_ids=asked.policy_ids)
    refuse_blocked(requester.name, resource.resource_id, now=now, store=store)
    if wish.break_glass:
        check_reviewed(requester, now, store)
    duration = _duration(wish, resource)
    needed = policy.approvals_needed(requester, resource, break_glass=wish.break_glass)
    session = Session(
        session_id=door.session_id,
        status=Status.PENDING_APPROVAL,
        origin=door.origin,
        requester=requester.principal,
        requester_name=requester.name,
        requester_domain=requester.domain,
        requester_verified=door.origin is Origin.API,
        resource=resource.resource_id,
        environment=resource.environment,
        domain=resource.domain,
        target=resource.target(account=home.account, region=home.region),
        reason=wish.reason,
        ticket=wish.ticket,
        break_glass=wish.break_glass,
        asked_duration=duration,
        duration=duration,
        needed=needed,
        created_at=now,
        approval_expires_at=now + resource.approval_window,
        execution_arn=door.execution_arn,
        text_key=new_text_key(),
    )
    entries = [_entry(RecordType.REQUESTED, door, policy, asked, session)]
    if wish.break_glass and not session.held_until_confirmed:
        session = replace(session, review=policy.review_for(resource, break_glass=True, now=now))
        entries.append(_entry(RecordType.BREAK_GLASS, door, policy, asked, session))
    none_yet = ApprovalsGathered(total=0, domain=0)
    lawful = policy.grant(requester, resource, none_yet, break_glass=wish.break_glass)
    if lawful.allowed and not session.held_until_confirmed:
        session = session.advance(Status.APPROVED, approved_at=now)
        entries.append(_entry(RecordType.APPROVED, door, policy, lawful, session))
    return _create(session, tuple(entries), signer, key, now, store, policy)


def _create(
    session: Session,
    entries: tuple[Entry, ...],
    signer: Signer,
    key: IdempotencyKey | None,
    now: datetime,
    store: SessionStore,
    policy: CedarPolicy,
) -> Session:
    """Counted as it is written: of requests at once, each sees those that were written before it.

    Raises LimitReached; StaleSession if the id or the key is taken.
    """
    for attempt in range(_TRIES):
        held = room_for(session, store=store, policy=policy)
        placed = replace(session, waits_for=earlier_than(session, held))
        signed = replace(placed, proof=signer.sign(proofs.of_request(placed)))
        opened, records = audit_record.chain(signed, entries, now=now, new_id=new_id)
        try:
            store.create(opened, records, key, held)
        except StaleSession:
            if store.get(session.session_id) or (key and store.find_by_key(key)):
                raise
            time.sleep(random.uniform(0, min(_LONGEST_PAUSE, 0.005 * 2**attempt)))  # noqa: S311
            continue
        return opened
    message = f"{session.requester_name} asks for too much at once; try again"
    raise StaleSession(message)


def check_reviewed(requester: Person, now: datetime, store: SessionStore) -> None:
    """Whoever used an emergency that nobody has looked at in time gets no further one."""
    overdue = store.overdue_reviews(requester.name, now)
    if overdue:
        message = (
            f"the review of {requester.name}'s break-glass session {overdue[0]} is overdue; "
            f"two approvers must `pam review {overdue[0]}` first"
        )
        raise NotEligible(message)


def _duration(wish: AccessRequest, resource: Resource) -> timedelta:
    duration = resource.default_duration if wish.duration is None else wish.duration
    if not SHORTEST_SESSION <= duration <= resource.max_duration:
        longest = int(resource.max_duration.total_seconds())
        raise Invalid.field(
            "duration_seconds", f"must be between 1 and {longest} for {resource.resource_id}"
        )
    return duration


def _entry(
    kind: RecordType, door: Door, policy: CedarPolicy, decision: Decision, session: Session
) -> Entry:
    return Entry(
        type=kind,
        actor=door.actor,
        trace=PolicyTrace(policy_ids=decision.policy_ids, required=session.needed.total),
        policy_version=policy.version,
        request_id=door.request_id,
    )


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
