"""Lengths of time as people write them: `30s`, `15m`, `1h30m`."""

import re
from datetime import timedelta

_PATTERN = re.compile(r"(?:(\d{1,5})h)?(?:(\d{1,5})m)?(?:(\d{1,6})s)?", re.ASCII)

LONGEST_SESSION = timedelta(hours=4)
"""MOD-046: credential lifetime is four hours at most, whatever a catalogue says."""
SHORTEST_SESSION = timedelta(seconds=1)
APPROVAL_WINDOWS = (timedelta(minutes=5), timedelta(hours=24))
"""Shortest and longest time that a request may wait for its votes."""


def parse(text: str) -> timedelta:
    """`1h30m` -> timedelta. Raises ValueError for anything but h, m, s in that order."""
    match = _PATTERN.fullmatch(text)
    if not text or match is None:
        message = f"{text!r} is not a duration; write for example 30s, 15m or 1h30m"
        raise ValueError(message)
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)


def render(length: timedelta) -> str:
    """The shortest text that `parse` reads back; fractions of a second are dropped."""
    total = int(length.total_seconds())
    hours, rest = divmod(total, 3600)
    minutes, seconds = divmod(rest, 60)
    parts = [f"{n}{unit}" for n, unit in ((hours, "h"), (minutes, "m"), (seconds, "s")) if n]
    return "".join(parts) or "0s"
