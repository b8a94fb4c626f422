"""A lease that was got a moment ago, given out again: for programs that ask before each call.

An SDK asks its `credential_process` again from 15 minutes before the end of what it has, and in the
last 10 before each call. A held lease is given out again as long as another one would not give
clearly more time, so a session costs two leases a lease's length, however often it is asked.

Who asks is known without a call: by the profile, and by every file and variable from which botocore
makes that profile's credentials. If any of these has changed, it may be somebody else. PAM itself
is asked at least once a minute whether the session is still there (`SEEN_FOR`).
"""

import json
import os
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from cli import circle, clock, config_file
from cli.holder import asking

ADVISORY = 900.0
"""Seconds before the end from which SDKs look for a next lease."""
LAST = 5.0
"""Seconds before the end from which a lease is too old for anything."""
WORTH = 0.25
"""The part of a lease's length that another one must add."""
SEEN_FOR = 60.0
"""Seconds for which PAM's word that the session is ACTIVE is good; AWS may take as long to refuse
what a deny has ended.
"""
LONGEST = 3600.0
"""Seconds for which anything is held at most."""
_NOT_WHO = {"AWS_SECRET_ACCESS_KEY", circle.VARIABLE}
"""Variables that say nothing more of who somebody is."""
_SIGN_INS = ("sso/cache", "login/cache")
"""Below ~/.aws: what the AWS CLI keeps of who has signed in."""


def key(*, profile: str | None, asked: Mapping[str, str | None]) -> str:
    """The same for the same caller who asks the same of the same PAM; it gives nothing away."""
    variables = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("AWS_", "PAM_")) and name not in _NOT_WHO
    }
    known: dict[str, Any] = {
        "asked": dict(asked),
        "profile": profile,
        "variables": variables,
        "files": list(_files()),
    }
    return sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()


def entry(
    lease: Mapping[str, Any], *, session_ends: float | None, now: float
) -> dict[str, Any] | None:
    """What to hold of a new lease; None for one without an end, or whose end is over."""
    ends = epoch(lease.get("expires_at"))
    if ends is None or ends <= now:
        return None
    return {
        "lease": dict(lease),
        "taken": now,
        "seen": now,
        "ends": min(ends, now + LONGEST),
        "session_ends": session_ends,
    }


def is_fresh(held: Mapping[str, Any], *, now: float) -> bool:
    """Whether it can be given out again, rather than another one."""
    left, length = held["ends"] - now, held["ends"] - held["taken"]
    if left <= LAST:
        return False
    session_left = (held["session_ends"] or now + length) - now
    gain = min(length, session_left) - left
    return bool(left > min(ADVISORY, length / 2) or gain < WORTH * length)


def is_seen(held: Mapping[str, Any], *, now: float) -> bool:
    """Whether PAM said lately that the session is ACTIVE. A clock that was put back says no."""
    return bool(0 <= now - held["seen"] <= SEEN_FOR)


def held(key: str, *, now: float) -> dict[str, Any] | None:
    """A lease that may be given out again, as `entry` made it."""
    found = asking.get(key)
    if found is None or not _is_whole(found):
        return None
    return found if is_fresh(found, now=now) else None


def epoch(value: object) -> float | None:
    instant = clock.parse(value)
    return None if instant is None else instant.timestamp()


def _is_whole(found: Mapping[str, Any]) -> bool:
    numbers = (found.get("ends"), found.get("taken"), found.get("seen"))
    session_ends = found.get("session_ends")
    if session_ends is not None and not isinstance(session_ends, int | float):
        return False
    return isinstance(found.get("lease"), dict) and all(
        isinstance(number, int | float) for number in numbers
    )


def _files() -> Iterator[tuple[str, int, int, int]]:
    """Name, size, time and inode of each file that says who somebody is."""
    places = [config_file.place(), config_file.keys_place()]
    for folder in _SIGN_INS:
        places += sorted((Path("~/.aws").expanduser() / folder).glob("*.json"))
    for place in places:
        try:
            about = place.stat()
        except OSError:
            continue
        yield os.fspath(place), about.st_size, about.st_mtime_ns, about.st_ino
