"""The form of a session id: a ULID in its one canonical spelling (upper case, 26 characters); and
of the database user that is made of one.
"""

import re
from datetime import UTC, datetime, timedelta

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}", re.ASCII)
_TIME_DIGITS, _OTHER_DIGITS = 10, 16
_LAST_TIME = "7ZZZZZZZZZ"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATABASE_USER = re.compile(r"pam_([0-9a-z]{26})", re.ASCII)


def is_ulid(text: str) -> bool:
    return _ULID.fullmatch(text) is not None


def opened_at(ulid: str) -> datetime:
    """The time that a ULID begins with, to the millisecond. Raises ValueError for one that lies
    beyond the last year there is.
    """
    milliseconds = 0
    for digit in ulid[:_TIME_DIGITS]:
        milliseconds = milliseconds * 32 + _DIGITS.index(digit)
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        message = f"{ulid} was made in no year that there is"
        raise ValueError(message) from None


def bounds(since: datetime | None, until: datetime | None) -> tuple[str, str]:
    """The first and the last ULID of that time, both ends included; None leaves an end open."""
    first = "0" * _TIME_DIGITS if since is None else _at(since)
    last = _LAST_TIME if until is None else _at(until)
    return first + "0" * _OTHER_DIGITS, last + "Z" * _OTHER_DIGITS


def _at(instant: datetime) -> str:
    # No ULID is older than 1970.
    milliseconds = max(0, (instant - _EPOCH) // timedelta(milliseconds=1))
    digits = ""
    for _ in range(_TIME_DIGITS):
        milliseconds, digit = divmod(milliseconds, 32)
        digits = _DIGITS[digit] + digits
    return digits


def database_user(session_id: str) -> str:
    return f"pam_{session_id.lower()}"


def session_of_database_user(username: str) -> str | None:
    """The session whose user this would be; None for a name that PAM does not give."""
    match = _DATABASE_USER.fullmatch(username)
    session_id = match.group(1).upper() if match else ""
    return session_id if is_ulid(session_id) else None
