"""Whether AWS tells PAM what is done with lent roles: each lease is a call that it must tell.

Without a trail, or with its events lost on the way, nobody would hear of dark access, and silence
would look like peace. So a lease leaves word of the call that made it. If CloudTrail has not told
of that call half an hour later, PAM is blind.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from pam.domain.kinds import Source
from pam.domain.resource import Target

WITHIN = timedelta(minutes=30)
"""CloudTrail tells of a call within about five minutes."""
LOOKED_BACK = timedelta(hours=2)
"""For how long a search looks at an echo that did not come, so that one which fails misses none."""
REMEMBERED = timedelta(days=1)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The call that made a lease: by the access key, which both sides know and nobody chooses."""

    lease_id: str
    session_id: str
    access_key_id: str
    at: datetime


def expected(
    target: Target, *, lease_id: str, session_id: str, access_key_id: str, at: datetime
) -> Expected | None:
    """None where CloudTrail does not tell how a lease of this kind is made."""
    shown = target.row.shown
    if shown is None or shown.source is not Source.CLOUDTRAIL or not access_key_id:
        return None
    return Expected(lease_id=lease_id, session_id=session_id, access_key_id=access_key_id, at=at)


def window(now: datetime) -> tuple[datetime, datetime]:
    """From when until when the leases were given whose echo should have come."""
    return now - WITHIN - LOOKED_BACK, now - WITHIN


def hours(begin: datetime, end: datetime) -> Iterator[datetime]:
    """Each whole hour that has something of this time."""
    hour = begin.replace(minute=0, second=0, microsecond=0)
    while hour <= end:
        yield hour
        hour += _HOUR


def key(access_key_id: str) -> str:
    """By which it is noted that the call was told."""
    return f"echo/{access_key_id}"
