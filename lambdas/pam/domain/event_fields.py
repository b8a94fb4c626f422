"""Fields of an event as it was delivered: any JSON, of which nothing is taken for granted."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pam.domain import timestamps


def part(value: object, *path: str) -> Any:
    """What stands there; None where a part of the path is missing or of another form."""
    for name in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def text(value: object, *path: str) -> str:
    """Empty for what is missing, and for what is no text."""
    found = part(value, *path)
    return found if isinstance(found, str) else ""


def wanted(value: object, name: str) -> str:
    """Raises ValueError where there is no such text."""
    found = text(value, name)
    if not found:
        message = f"the event has no {name}"
        raise ValueError(message)
    return found


def instant(written: str) -> datetime:
    """Raises ValueError."""
    try:
        return timestamps.parse(written)
    except ValueError:
        message = f"{written!r} is no time of an event"
        raise ValueError(message) from None
