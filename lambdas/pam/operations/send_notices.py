"""The clock tells people: approvers of what still waits, a requester of an end that comes or of
what was asked for in their name, Tier-1 of a break-glass session that nobody has reviewed.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from pam.domain import deadlines, notice_texts, timestamps
from pam.domain.audit_record import Entry, Outcome, RecordType
from pam.domain.errors import StaleSession
from pam.domain.notices import CLAIM_FOR, Duty
from pam.domain.people import CLOCK
from pam.domain.session import Session
from pam.operations.particulars import particulars_of
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
    about = particulars_of(session, policy)
    match duty:
        case Duty.CONFIRM:
            audiences.requesters.show(notice_texts.confirmation_needed(session, about, now))
        case Duty.REMIND:
            audiences.approvers.show(notice_texts.still_waiting(session, about, now))
        case Duty.WARN:
            audiences.requesters.show(notice_texts.ending_soon(session, about, now))
        case _:
            audiences.tier1.show(notice_texts.review_overdue(session, about, now))


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
