"""What callers get back, field by field: `docs/interface.md` has the promise."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

from typing_extensions import TypedDict

from pam.domain import timestamps
from pam.domain.approval import ApprovalsNeeded, Vote
from pam.domain.block import Block
from pam.domain.ending import Ending
from pam.domain.kinds import kind_of
from pam.domain.lifecycle import Status
from pam.domain.links import Link
from pam.domain.people import Caller, Person
from pam.domain.resource import Resource
from pam.domain.review import Review
from pam.domain.session import Session
from pam.operations.block_person import PersonBlocked
from pam.operations.check_access import Access
from pam.operations.lease_credentials import Lease
from pam.operations.link_principal import Linking
from pam.operations.read_inbox import Inbox
from pam.ports.targets import AwsCredentials, SignInPlace


class VoteView(TypedDict):
    approver: str
    decision: str
    comment: str
    at: str
    surface: str
    auth: str


class ApprovalsView(TypedDict):
    required: int
    received: int
    domain_required: int
    domain_received: int
    votes: list[VoteView]


class EndingView(TypedDict):
    decided_at: str
    confirmed_at: str | None
    effective_at: str | None
    method: str
    evidence: str
    proven: bool | None


class ReviewView(TypedDict):
    required: bool
    due_at: str | None
    outcome: str
    reviewers: list[str]


class SessionView(TypedDict):
    session_id: str
    status: str
    requester: str
    resource: str
    environment: str
    domain: str
    requester_domain: str
    reason: str
    ticket: str
    break_glass: bool
    duration_seconds: int
    approvals: ApprovalsView
    created_at: str
    approval_expires_at: str
    approved_at: str | None
    activated_at: str | None
    expires_at: str | None
    ended_at: str | None
    end_reason: str | None
    ending: EndingView | None
    waits_for: str | None
    needs_confirmation: bool
    risk: dict[str, Any] | None
    tries: int
    review: ReviewView
    origin: str
    requester_verified: bool
    execution_arn: str


class SessionPage(TypedDict):
    items: list[SessionView]
    cursor: str | None


class AwsLeaseView(TypedDict):
    lease_id: str
    session_id: str
    kind: Literal["aws"]
    expires_at: str
    access_key_id: str
    secret_access_key: str
    session_token: str
    region: str


class SecretLeaseView(TypedDict):
    lease_id: str
    session_id: str
    kind: Literal["secret"]
    expires_at: str
    secret_arn: str
    username: str
    password: str
    host: str
    port: int
    dbname: str
    sslmode: str
    sslrootcert: str | None
    """PEM text; null where `sslmode` checks no certificate."""


class SignInView(TypedDict):
    """Of a standing kind: where to go. Nothing is handed out, so it has no `lease_id`."""

    session_id: str
    kind: Literal["signin"]
    expires_at: str
    url: str | None
    instructions: str


LeaseView = AwsLeaseView | SecretLeaseView | SignInView


class AccessView(TypedDict):
    allowed: bool
    session_id: str | None
    expires_at: str | None


class BlockView(TypedDict):
    """`resource` null: everything; `until` null: until lifted."""

    principal: str
    person: str
    resource: str | None
    blocked_at: str
    blocked_by: str
    until: str | None
    reason: str
    lifted_at: str | None
    lifted_by: str | None
    lift_reason: str | None


class BlockListView(TypedDict):
    items: list[BlockView]


class NeededView(TypedDict):
    """How many must approve a request of the caller's, of them by the resource's own domain."""

    required: int
    domain_required: int


class ResourceView(TypedDict):
    resource: str
    title: str
    description: str
    environment: str
    domain: str
    kind: str
    default_duration_seconds: int
    max_duration_seconds: int
    approval_window_seconds: int
    ends_by_itself: bool
    """Whether what is lent stops at its time whatever PAM and its target do then."""
    approvals: NeededView | None
    """Null where no number of approvals is lawful."""


class ResourceList(TypedDict):
    items: list[ResourceView]


class MeView(TypedDict):
    """Whom PAM takes the caller for, and how it knows."""

    person: str
    domain: str
    groups: list[str]
    principals: list[str]
    surface: str
    auth: str


class LinkView(TypedDict):
    """What would be linked (`pending`), or is; `votes_from` is null while it is pending."""

    pending: bool
    principal: str
    display: str
    team: str
    votes_from: str | None


class UnlinkView(TypedDict):
    """What was linked to whom."""

    principal: str
    person: str


class InboxView(TypedDict):
    """What waits for the caller, the oldest first; at most 100 of each."""

    votes: list[SessionView]
    reviews: list[SessionView]
    confirmations: list[SessionView]


class Trail(TypedDict):
    """Audit records, and `texts`, which explains their commitments to free text."""

    items: list[dict[str, Any]]
    texts: dict[str, str]
    cursor: str | None


class BlockedView(TypedDict):
    """`principals` are those that PAM knows of the person, `ended` the sessions that this call
    ended, `items` all blocks that stand against them.
    """

    person: str
    principals: list[str]
    ended: list[str]
    items: list[BlockView]


def session_view(session: Session) -> SessionView:
    gathered = session.gathered
    return SessionView(
        session_id=session.session_id,
        status=session.status.value,
        requester=session.requester,
        resource=session.resource,
        environment=session.environment.value,
        domain=session.domain,
        requester_domain=session.requester_domain,
        reason=session.reason,
        ticket=session.circumstances.ticket,
        break_glass=session.circumstances.break_glass,
        duration_seconds=int(session.duration.total_seconds()),
        approvals=ApprovalsView(
            required=session.needed.total,
            received=gathered.total,
            domain_required=session.needed.domain,
            domain_received=gathered.domain,
            votes=[_vote(vote) for vote in session.votes],
        ),
        created_at=timestamps.render(session.created_at),
        approval_expires_at=timestamps.render(session.approval_expires_at),
        approved_at=_instant(session.approved_at),
        activated_at=_instant(session.activated_at),
        expires_at=_instant(session.expires_at),
        ended_at=_instant(session.ended_at),
        end_reason=session.ending.reason if session.ending else None,
        ending=_ending(session.ending) if session.ending else None,
        waits_for=(session.comes_after or None) if session.status is Status.APPROVED else None,
        needs_confirmation=session.unconfirmed,
        risk=None,
        tries=session.tries,
        review=_review(session.review),
        origin=session.circumstances.surface.value,
        requester_verified=session.requester_verified,
        execution_arn=session.execution_arn,
    )


def lease_view(lease: Lease) -> LeaseView:
    given = lease.credentials
    if isinstance(given, SignInPlace):
        return SignInView(
            session_id=lease.session.session_id,
            kind="signin",
            expires_at=timestamps.render(given.expires_at),
            url=given.url or None,
            instructions=given.instructions,
        )
    if isinstance(given, AwsCredentials):
        return AwsLeaseView(
            lease_id=lease.lease_id,
            session_id=lease.session.session_id,
            kind="aws",
            expires_at=timestamps.render(given.expires_at),
            access_key_id=given.access_key_id,
            secret_access_key=given.secret_access_key,
            session_token=given.session_token,
            region=lease.session.target.region,
        )
    return SecretLeaseView(
        lease_id=lease.lease_id,
        session_id=lease.session.session_id,
        kind="secret",
        expires_at=timestamps.render(given.expires_at),
        secret_arn=given.secret_arn,
        username=given.username,
        password=given.password,
        host=given.host,
        port=given.port,
        dbname=given.dbname,
        sslmode=given.sslmode,
        sslrootcert=given.sslrootcert,
    )


def access_view(access: Access) -> AccessView:
    return AccessView(
        allowed=access.allowed,
        session_id=access.session_id,
        expires_at=_instant(access.expires_at),
    )


def blocked(done: PersonBlocked) -> BlockedView:
    return BlockedView(
        person=done.person,
        principals=list(done.principals),
        ended=list(done.ended),
        items=[_block(block) for block in done.blocks],
    )


def block_list(blocks: Iterable[Block]) -> BlockListView:
    return BlockListView(items=[_block(block) for block in blocks])


def _block(block: Block) -> BlockView:
    return BlockView(
        principal=block.principal,
        person=block.person,
        resource=block.resource or None,
        blocked_at=timestamps.render(block.since),
        blocked_by=block.by,
        until=_instant(block.until),
        reason=block.reason,
        lifted_at=_instant(block.lifted_at),
        lifted_by=block.lifted_by or None,
        lift_reason=block.lift_reason or None,
    )


def resource_view(resource: Resource, needed: ApprovalsNeeded | None = None) -> ResourceView:
    return ResourceView(
        resource=resource.resource_id,
        title=resource.title,
        description=resource.description,
        environment=resource.environment.value,
        domain=resource.domain,
        kind=resource.issuer_kind,
        default_duration_seconds=int(resource.default_duration.total_seconds()),
        max_duration_seconds=int(resource.max_duration.total_seconds()),
        approval_window_seconds=int(resource.approval_window.total_seconds()),
        ends_by_itself=kind_of(resource.issuer_kind).bites.by_the_clock,
        approvals=None
        if needed is None
        else NeededView(required=needed.total, domain_required=needed.domain),
    )


def _vote(vote: Vote) -> VoteView:
    return VoteView(
        approver=vote.principal,
        decision=vote.decision.value,
        comment=vote.comment,
        at=timestamps.render(vote.at),
        surface=vote.surface.value,
        auth=vote.auth.value,
    )


def _ending(ending: Ending) -> EndingView:
    return EndingView(
        decided_at=timestamps.render(ending.decided_at),
        confirmed_at=_instant(ending.confirmed_at),
        effective_at=_instant(ending.effective_at),
        method=ending.method or "",
        evidence=ending.evidence,
        proven=ending.proven,
    )


def _review(review: Review | None) -> ReviewView:
    return ReviewView(
        required=review is not None,
        due_at=timestamps.render(review.due_at) if review else None,
        outcome=review.outcome if review else "",
        reviewers=list(review.reviewers) if review else [],
    )


def _instant(value: datetime | None) -> str | None:
    return None if value is None else timestamps.render(value)


def me_view(caller: Caller, person: Person, principals: Iterable[str]) -> MeView:
    return MeView(
        person=person.name,
        domain=person.domain,
        groups=sorted(person.groups),
        principals=list(principals),
        surface=caller.surface.value,
        auth=caller.auth.value,
    )


def link_view(linking: Linking) -> LinkView:
    link = linking.link
    return LinkView(
        pending=link is None,
        principal=linking.shown.principal,
        display=linking.shown.display,
        team=linking.shown.team,
        votes_from=timestamps.render(link.votes_from) if link else None,
    )


def unlink_view(link: Link) -> UnlinkView:
    return UnlinkView(principal=link.principal, person=link.person)


def inbox_view(inbox: Inbox) -> InboxView:
    return InboxView(
        votes=[session_view(each) for each in inbox.votes],
        reviews=[session_view(each) for each in inbox.reviews],
        confirmations=[session_view(each) for each in inbox.confirmations],
    )
