"""The clock's view of a session: what is due for it, when, and what is overdue."""

from datetime import datetime, timedelta

from pam.domain import notices
from pam.domain.kinds import Deadlines
from pam.domain.lifecycle import Status
from pam.domain.notices import Duty
from pam.domain.session import Session

START_WITHIN = timedelta(minutes=5)
"""How long an approved session may wait for its workflow before it counts as failed."""
_LONGEST_PAUSE = timedelta(hours=1)
"""Between two tries to clear what is harmless already."""


def deadline(session: Session) -> datetime | None:
    """When the session must be driven on, or what it left at its target be cleared."""
    match session.status:
        case Status.PENDING_APPROVAL:
            return session.approval_expires_at
        case Status.APPROVED:
            return _begin_by(session)
        case Status.ACTIVATING:
            return (session.activating_at or session.created_at) + _of_kind(session).making
        case Status.ACTIVE:
            return session.expires_at
        case Status.REVOKING:
            decided_at = session.ending.decided_at if session.ending else session.created_at
            return decided_at + _of_kind(session).ending
        case _:
            return session.traces_until


def due_at(session: Session) -> datetime | None:
    """When the clock has something to do for the session, whatever its status; None: never."""
    return min(duties(session).values(), default=None)


def duties(session: Session) -> dict[Duty, datetime]:
    """All that the clock will have to do as things stand, each with its time."""
    notices_at = {
        Duty.CONFIRM: _confirmation_at(session),
        Duty.REMIND: _reminder_at(session),
        Duty.WARN: _warning_at(session),
        Duty.ESCALATE: _escalation_at(session),
    }
    held = session.notifying_until
    # An end waits for nobody: only a notice is held back while somebody is sending it.
    all_of_them = {Duty.END: _next_try_at(session)} | {
        duty: max(at, held) if at and held else at for duty, at in notices_at.items()
    }
    return {duty: at for duty, at in all_of_them.items() if at is not None}


def duties_due(session: Session, now: datetime) -> frozenset[Duty]:
    """Those of its duties whose time has come."""
    return frozenset(duty for duty, at in duties(session).items() if at <= now)


def is_stuck(session: Session, now: datetime) -> bool:
    """Whether access may exist that should not, and the belts have not ended it in time."""
    latest = deadline(session)
    if not session.access_may_exist or latest is None:
        return False
    ends = [at for at in (session.expires_at, session.ending and session.ending.decided_at) if at]
    return now >= min(ends, default=latest) + _of_kind(session).stuck


def start_by(session: Session) -> datetime:
    """Until when the workflow of an approved session may begin to make the access."""
    return (session.approved_at or session.created_at) + START_WITHIN


def made_before(session: Session) -> datetime:
    """After this no access is made on its approvals: they would be from another time. A kind may
    take longer to make it than an approved session waits for its workflow.
    """
    return session.approval_expires_at + max(START_WITHIN, _of_kind(session).making)


def _begin_by(session: Session) -> datetime:
    if session.comes_after:
        return session.approval_expires_at
    if session.waits_its_turn:
        return max(start_by(session), session.approval_expires_at)
    return start_by(session)


def _next_try_at(session: Session) -> datetime | None:
    """The deadline, put off by each try: what was tried goes behind what was not, so that ends
    which fail again and again keep no other from its turn.
    """
    at = deadline(session)
    if at is None or session.tried_at is None:
        return at
    pause = _of_kind(session).ending
    if session.closed:
        pause = min(pause * 2 ** min(session.tries, 7), _LONGEST_PAUSE)
    return max(at, session.tried_at + pause)


def _confirmation_at(session: Session) -> datetime | None:
    if session.status is not Status.PENDING_APPROVAL or not session.held_until_confirmed:
        return None
    return session.created_at if session.noticed_at is None else _next_reminder_at(session)


def _reminder_at(session: Session) -> datetime | None:
    if session.status is not Status.PENDING_APPROVAL or session.held_until_confirmed:
        return None
    return _next_reminder_at(session)


def _next_reminder_at(session: Session) -> datetime | None:
    return notices.next_reminder(
        session.created_at, session.noticed_at, session.approval_expires_at
    )


def _warning_at(session: Session) -> datetime | None:
    began, ends = session.activated_at, session.expires_at
    if session.status is not Status.ACTIVE or began is None or ends is None:
        return None
    return notices.warning(began, ends, session.noticed_at)


def _escalation_at(session: Session) -> datetime | None:
    review = session.review
    waiting = review is not None and review.open and review.escalated_at is None
    return review.due_at if review is not None and waiting else None


def _of_kind(session: Session) -> Deadlines:
    return session.target.row.deadlines
