"""How long Okta asks to be left alone, by Okta's own clock: PAM's may be another."""

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

_LEAST, _MOST = 1.0, 3600.0
"""Seconds. An answer that asks for less, or for a day, is not believed."""


def seconds_to_wait(headers: Mapping[str, str]) -> float:
    """Of an answer 429: until the bucket is full again. One second where Okta does not say."""
    reset, date = _number(headers.get("x-rate-limit-reset", "")), _epoch(headers.get("date", ""))
    if reset is None or date is None:
        return _LEAST
    return min(max(reset - date, _LEAST), _MOST)


def is_nearly_empty(headers: Mapping[str, str], leave: float) -> bool:
    """Whether of the bucket that a call came out of no more is left than this part of it."""
    limit = _number(headers.get("x-rate-limit-limit", ""))
    remaining = _number(headers.get("x-rate-limit-remaining", ""))
    if not limit or remaining is None:
        return False
    return remaining < limit * leave


def _number(text: str) -> float | None:
    short = text.strip()[:16]
    return float(short) if short.isascii() and short.isdecimal() else None


def _epoch(text: str) -> float | None:
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
