"""Standing kinds: a person has one session of a target at a time, and one more may wait for it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pam.domain.lifecycle import Status
from pam.domain.limits import OpenNow, open_as
from pam.domain.session import Session

LONGEST_CALL = timedelta(seconds=30)
"""For how long a call may go on that makes access: longer than the function that makes it lives."""
VENDOR_CALL = timedelta(seconds=22)
"""How long a vendor's function lives: less than those that wait for it."""

_TAKEN_AWAY = frozenset({Status.REVOKED, Status.FAILED})


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnLost:
    """How a session closes that was approved and must not begin."""

    outcome: Status
    reason: str


def checkout_of(session: Session) -> str:
    """What its person and its target are checked out by. No name of a person holds the separator,
    so this means one person and one target.
    """
    return f"{session.target.label}#{session.requester_name}"


def earlier_than(session: Session, held: OpenNow) -> str:
    """Which of the sessions that the person has open this one begins after; empty if it is the
    only one of its target. One that nobody has confirmed keeps no other from its turn.
    """
    counted = open_as(session)
    if counted is None or not counted.target or not counted.confirmed:
        return ""
    same = [
        each.session_id
        for each in held.sessions
        if each.confirmed
        and each.target == counted.target
        and each.session_id != session.session_id
    ]
    return max(same, default="")


def must_wait(session: Session, earlier: Session | None, now: datetime) -> bool:
    """Until the receipt of the earlier one stands, and no longer than it might have waited for its
    votes. An earlier one that is not found has no receipt.
    """
    over = earlier is not None and earlier.closed
    return not over and now < session.approval_expires_at


def turn_lost(
    session: Session, earlier: Session | None, *, taken_away: bool = False
) -> TurnLost | None:
    """Why the session must not begin, after it has waited; None if it may. `taken_away`: the trail
    of the earlier one says so, whatever its status.
    """
    if earlier is None or earlier.ended_at is None or not earlier.closed:
        return _too_late(session)
    if earlier.status in _TAKEN_AWAY or taken_away:
        reason = f"session {earlier.session_id}, after which it was to begin, was taken away"
        return TurnLost(outcome=Status.REVOKED, reason=reason)
    in_time = earlier.ended_at < session.approval_expires_at
    return None if in_time else _too_late(session)


def _too_late(session: Session) -> TurnLost:
    reason = f"session {session.comes_after} was not over in time"
    return TurnLost(outcome=Status.UNANSWERED, reason=reason)
