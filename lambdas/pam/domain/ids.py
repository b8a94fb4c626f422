"""The form of a session id: a ULID in its one canonical spelling (upper case, 26 characters); and
of the database user that is made of one.
"""

import re

_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}", re.ASCII)
_DATABASE_USER = re.compile(r"pam_([0-9a-z]{26})", re.ASCII)


def is_ulid(text: str) -> bool:
    return _ULID.fullmatch(text) is not None


def database_user(session_id: str) -> str:
    return f"pam_{session_id.lower()}"


def session_of_database_user(username: str) -> str | None:
    """The session whose user this would be; None for a name that PAM does not give."""
    match = _DATABASE_USER.fullmatch(username)
    session_id = match.group(1).upper() if match else ""
    return session_id if is_ulid(session_id) else None
