"""Whether AWS tells PAM what is done with lent roles: each lease is a call that it must tell.

Without a trail, or with its events lost on the way, nobody would hear of dark access, and silence
would look like peace. So a lease leaves word of the call that made it. If CloudTrail has not told
of that call half an hour later, PAM is blind.
"""

from collections.abc import Iterator, Sequence
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
_MOST_OF_A_SESSION = 20
"""Leases of one session that a search looks at. Whoever leases without a pause could otherwise keep
the search from everything else that it is for.
"""


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


def looked_at(leases: Sequence[Expected]) -> list[Expected]:
    """Of each session all, or so many, from the first to the last of them."""
    of_sessions: dict[str, list[Expected]] = {}
    for each in leases:
        of_sessions.setdefault(each.session_id, []).append(each)
    return [
        each for own in of_sessions.values() for each in own[:: -(-len(own) // _MOST_OF_A_SESSION)]
    ]


def key(access_key_id: str) -> str:
    """By which it is noted that the call was told."""
    return f"echo/{access_key_id}"
