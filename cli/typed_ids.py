"""What somebody types for a session: an id, its beginning, or something else. Pure."""

import re
from datetime import datetime

from pam.domain import ids

SHORTEST = 10
"""Characters of a beginning. So many are the id's time: fewer would be a search."""
WHOLE = 26
LAST = "last"
_ALIASES = str.maketrans("ILO", "110")
"""Crockford's: these letters are in no id, and are read as what they look like."""
_DIGITS = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{0,25}", re.ASCII)
_NAME = re.compile(r"[a-z][a-z0-9-]{1,62}", re.ASCII)


def is_name(typed: str) -> bool:
    """Whether it has the form of a resource's name. No id that `pam` shows has it."""
    return _NAME.fullmatch(typed) is not None


def digits(typed: str) -> str | None:
    """An id, or the beginning of one, as ids are spelt; None for what can be neither."""
    if not typed.isascii():
        return None
    spelt = typed.upper().translate(_ALIASES)
    return spelt if _DIGITS.fullmatch(spelt) else None


def opened_at(beginning: str) -> datetime | None:
    """When sessions whose ids begin so were asked for; None: in no year that there is."""
    try:
        return ids.opened_at(beginning)
    except ValueError:
        return None
