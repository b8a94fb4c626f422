"""A session is opened: the gates that every way in shares, then one write."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from pam.domain import new_records, proofs
from pam.domain.approval import ApprovalsGathered
from pam.domain.audit_record import Entry, PolicyTrace, RecordType, canonical_json
from pam.domain.circumstances import Circumstances
from pam.domain.durations import SHORTEST_SESSION
from pam.domain.errors import Invalid, NotEligible, NotFound
from pam.domain.lifecycle import Status
from pam.domain.limits import OpenNow
from pam.domain.people import Actor, Person, Surface
from pam.domain.resource import Resource
from pam.domain.session import Session
from pam.domain.standing import earlier_than
from pam.ids import new_id, new_text_key
from pam.operations.count_open import owes_review, room_for
from pam.operations.refuse_blocked import kept_out, refuse
from pam.operations.retrying import until_won
from pam.policy.cedar import CedarPolicy, Decision
from pam.ports.proofs import Signer
from pam.ports.sessions import IdempotencyKey, SessionStore
from pam.side_by_side import side_by_side


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
class WayIn:
    """By which way a request came in, and which session and execution it becomes.

    `actor.auth` says by which proof the requester asked in person; None: somebody else asks in
    their name.
    """

    session_id: str
    execution_arn: str
    actor: Actor
    request_id: str = ""

    @property
    def surface(self) -> Surface:
        """Raises ValueError for what PAM does by itself: that asks for nothing."""
        if self.actor.surface is None:
            message = f"{self.actor.principal} came in nowhere"
            raise ValueError(message)
        return self.actor.surface


def open_session(
    request: AccessRequest,
    requester: Person,
    way_in: WayIn,
    *,
    key: IdempotencyKey | None,
    now: datetime,
    store: SessionStore,
    policy: CedarPolicy,
    signer: Signer,
    home: Home,
) -> Session:
    """The gates that every way in shares, then the session with its first records, in one write.

    Raises NotFound, NotEligible, Blocked, Invalid or LimitReached; StaleSession if the id or the
    key is taken.
    """
    resource = policy.resource(request.resource)
    if resource is None:
        message = f"there is no resource {request.resource!r}; `pam resources` lists what there is"
        raise NotFound(message, recorded="there is no resource of that name")
    circumstances = _circumstances(request, way_in)
    asked = policy.may_request(requester, resource, circumstances)
    if not asked.allowed:
        message = f"no policy lets {requester.name} ask for {resource.resource_id}"
        raise NotEligible(message, policy_ids=asked.policy_ids)
    blocked, held = side_by_side(
        partial(kept_out, [requester.name], resource.resource_id, now=now, store=store),
        partial(store.open_now, requester.name),
    )
    refuse(blocked.get(requester.name))
    if request.break_glass:
        check_reviewed(requester, now, store)
    duration = _duration(request, resource)
    needed = policy.approvals_needed(requester, resource, circumstances)
    session = Session(
        session_id=way_in.session_id,
        status=Status.PENDING_APPROVAL,
        requester=requester.principal,
        requester_name=requester.name,
        requester_domain=requester.domain,
        resource=resource.resource_id,
        environment=resource.environment,
        domain=resource.domain,
        target=resource.target(account=home.account, region=home.region),
        reason=request.reason,
        circumstances=circumstances,
        asked_duration=duration,
        duration=duration,
        needed=needed,
        created_at=now,
        approval_expires_at=now + resource.approval_window,
        execution_arn=way_in.execution_arn,
        text_key=new_text_key(),
    )
    entries = [_entry(RecordType.REQUESTED, way_in, policy, asked, session)]
    if request.break_glass and not session.held_until_confirmed:
        session = replace(session, review=policy.review_for(resource, circumstances, now=now))
        entries.append(_entry(RecordType.BREAK_GLASS, way_in, policy, asked, session))
    none_yet = ApprovalsGathered(total=0, domain=0)
    lawful = policy.grant(requester, resource, none_yet, circumstances)
    if lawful.allowed and not session.held_until_confirmed:
        session = session.advance(Status.APPROVED, approved_at=now)
        entries.append(_entry(RecordType.APPROVED, way_in, policy, lawful, session))
    return _create(session, tuple(entries), held, signer, key, now, store, policy)


def _circumstances(request: AccessRequest, way_in: WayIn) -> Circumstances:
    """How it came in is known from the channel. The source of a signal is asked here, once."""
    return Circumstances(
        surface=way_in.surface,
        auth=way_in.actor.auth,
        break_glass=request.break_glass,
        ticket=request.ticket,
    )


def _create(
    session: Session,
    entries: tuple[Entry, ...],
    read: OpenNow | None,
    signer: Signer,
    key: IdempotencyKey | None,
    now: datetime,
    store: SessionStore,
    policy: CedarPolicy,
) -> Session:
    """Counted as it is written: of requests at once, each sees those that were written before it.
    `read` is what the person had open just now; whoever was overtaken reads anew.

    Raises LimitReached; StaleSession if the id or the key is taken.
    """

    def attempt() -> Session:
        nonlocal read
        held, read = room_for(session, store=store, policy=policy, read=read), None
        placed = replace(session, waits_for=earlier_than(session, held))
        signed = replace(placed, proof=signer.sign(proofs.of_request(placed)))
        opened, records = new_records.chain(signed, entries, now=now, new_id=new_id)
        store.create(opened, records, key, held)
        return opened

    def taken() -> bool:
        return bool(store.get(session.session_id) or (key and store.find_by_key(key)))

    lost = f"{session.requester_name} asks for too much at once; try again"
    return until_won(attempt, lost=lost, in_vain=taken)


def check_reviewed(requester: Person, now: datetime, store: SessionStore) -> None:
    """Whoever used an emergency that nobody has looked at in time gets no further one."""
    overdue = [
        session_id
        for session_id in store.overdue_reviews(requester.name, now)
        if _owed_by(requester, store.get(session_id))
    ]
    if overdue:
        message = (
            f"the review of {requester.name}'s break-glass session {overdue[0]} is overdue; "
            f"two approvers must `pam review {overdue[0]}` first"
        )
        raise NotEligible(message)


def _owed_by(requester: Person, session: Session | None) -> bool:
    """What is kept of a review says when it is due; whether it is, only the session."""
    return session is not None and session.requester_name == requester.name and owes_review(session)


def _duration(request: AccessRequest, resource: Resource) -> timedelta:
    duration = resource.default_duration if request.duration is None else request.duration
    if not SHORTEST_SESSION <= duration <= resource.max_duration:
        longest = int(resource.max_duration.total_seconds())
        raise Invalid.field(
            "duration_seconds", f"must be between 1 and {longest} for {resource.resource_id}"
        )
    return duration


def _entry(
    kind: RecordType, way_in: WayIn, policy: CedarPolicy, decision: Decision, session: Session
) -> Entry:
    return Entry(
        type=kind,
        actor=way_in.actor,
        trace=PolicyTrace(policy_ids=decision.policy_ids, required=session.needed.total),
        policy_version=policy.version,
        request_id=way_in.request_id,
    )
