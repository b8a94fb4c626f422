"""The clock tells people: approvers of what still waits, a requester of an end that comes or of
what was asked for in their name, Tier-1 of a break-glass session that nobody has reviewed.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from pam.domain import deadlines, pictures, timestamps
from pam.domain.audit_record import Entry, Outcome, RecordType
from pam.domain.errors import StaleSession
from pam.domain.notices import CLAIM_FOR, Duty
from pam.domain.people import CLOCK
from pam.domain.session import Session
from pam.operations.transition import Step, load, transition
from pam.policy.cedar import CedarPolicy
from pam.ports.people import Notifier
from pam.ports.sessions import SessionStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Audiences:
    approvers: Notifier
    requesters: Notifier
    tier1: Notifier


def send_notices(
    session_id: str,
    *,
    now: datetime,
    store: SessionStore,
    policy: CedarPolicy,
    audiences: Audiences,
) -> tuple[Duty, ...]:
    """Sends what is due for this session, and returns what that was.

    Claimed before it is sent and noted afterwards, each in a conditional write: of two ticks one
    sends it. If that one dies in between, the claim runs out and another sends it again.
    """
    session = load(store, session_id)
    found = deadlines.duties_due(session, now)
    due = tuple(duty for duty in Duty if duty in found and duty is not Duty.END)
    if not due:
        return ()
    claimed = replace(session, notices=session.notices + 1, notifying_until=now + CLAIM_FOR)
    try:
        store.save(session, claimed, ())
    except StaleSession:
        # Somebody acted, or claimed it first: the next tick sees what is due then.
        return ()
    for duty in due:
        _tell(duty, session, policy, audiences, now)
    transition(store, session_id, lambda stored: _noted(stored, due, now), now=now)
    return due


def _tell(
    duty: Duty, session: Session, policy: CedarPolicy, audiences: Audiences, now: datetime
) -> None:
    resource = policy.resource(session.resource)
    title = resource.title if resource else session.resource
    match duty:
        case Duty.CONFIRM:
            audiences.requesters.show(pictures.confirmation_needed(session, title, now))
        case Duty.REMIND:
            audiences.approvers.show(pictures.still_waiting(session, title, now))
        case Duty.WARN:
            audiences.requesters.show(pictures.ending_soon(session, title, now))
        case _:
            audiences.tier1.show(pictures.review_overdue(session, title, now))


def _noted(session: Session, sent: tuple[Duty, ...], now: datetime) -> Step:
    noted = replace(session, notices=session.notices + 1, notifying_until=None)
    if {Duty.CONFIRM, Duty.REMIND, Duty.WARN} & set(sent):
        noted = replace(noted, noticed_at=now)
    if Duty.ESCALATE not in sent or noted.review is None:
        return Step(noted, ())
    entry = Entry(
        type=RecordType.REVIEW_OVERDUE,
        actor=CLOCK,
        detail=f"not reviewed by {timestamps.render(noted.review.due_at)}; Tier-1 was told",
        outcome=Outcome.FAILURE,
    )
    return Step(replace(noted, review=replace(noted.review, escalated_at=now)), (entry,))
