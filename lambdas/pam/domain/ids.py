"""The form of a session id: a ULID in its one canonical spelling (upper case, 26 characters)."""

import re

_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}", re.ASCII)


def is_ulid(text: str) -> bool:
    return _ULID.fullmatch(text) is not None
