"""When people are told without having asked: reminders, warnings, an escalation."""

from datetime import datetime, timedelta
from enum import StrEnum

_OFTEN = timedelta(minutes=10)
_LATER = timedelta(hours=1)
"""A request is announced again this often in its first hour, and this often from then on."""
_WARN_BEFORE = timedelta(minutes=5)
CLAIM_FOR = timedelta(minutes=1)
"""How long a notice is left to the call that has begun to send it; longer than a call may take."""


class Duty(StrEnum):
    """What the clock may have to do for a session."""

    END = "end"
    """Drive it on, or clear what it left at its target."""
    CONFIRM = "confirm"
    """Tell somebody that a session in their name waits for their word."""
    REMIND = "remind"
    """Announce a waiting request again to the approvers."""
    WARN = "warn"
    """Tell the requester that the window closes soon."""
    ESCALATE = "escalate"
    """Tell Tier-1 that nobody has reviewed a break-glass session."""


def next_reminder(
    asked_at: datetime, reminded_at: datetime | None, until: datetime
) -> datetime | None:
    """On the steps counted from `asked_at`; after an outage one reminder makes up for all missed.

    None if the next step is not before `until`.
    """
    waited = (reminded_at or asked_at) - asked_at
    step = _OFTEN if waited < _LATER else _LATER
    at = asked_at + (waited // step + 1) * step
    return at if at < until else None


def warning(
    active_at: datetime, expires_at: datetime, noticed_at: datetime | None
) -> datetime | None:
    """None once the warning was given, and for a session that is no longer than the warning."""
    at = expires_at - _WARN_BEFORE
    given = noticed_at is not None and noticed_at >= at
    return None if given or at <= active_at else at
