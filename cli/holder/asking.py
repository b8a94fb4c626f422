"""Asks the holder of one's own login, and starts it when there is a first lease to hold.

Whatever goes wrong, the answer is that nothing is held: a lease is then got from PAM as always.
"""

import json
import os
from contextlib import suppress
from typing import Any

from cli.holder import transport

SWITCH = "PAM_LEASE_HOLDER"
"""`off`: nothing is held, and each lease is a new one."""


def get(key: str) -> dict[str, Any] | None:
    entry = _ask({"act": "get", "key": key}).get("entry")
    return entry if isinstance(entry, dict) else None


def put(key: str, entry: dict[str, Any]) -> None:
    _ask({"act": "put", "key": key, "entry": entry}, start=True)


def drop(key: str) -> None:
    _ask({"act": "drop", "key": key})


def end(session_id: str) -> None:
    """Forgets all leases of a session that is given back."""
    _ask({"act": "end", "session": session_id})


def status() -> dict[str, Any]:
    """`held`, `until` (seconds since 1970) and `pid` of a holder that runs; empty without one.
    Raises NoPlaceError where there can be none.
    """
    if not can_be():
        message = f"{SWITCH} is off, or this system does not say who is at the other end of a line"
        raise transport.NoPlaceError(message)
    return _answer({"act": "status"}, start=False)


def can_be() -> bool:
    return os.environ.get(SWITCH) != "off" and bool(transport.of_this_system().can_be())


def _ask(document: dict[str, Any], *, start: bool = False) -> dict[str, Any]:
    if can_be():
        with suppress(transport.NoPlaceError):
            return _answer(document, start=start)
    return {}


def _answer(document: dict[str, Any], *, start: bool) -> dict[str, Any]:
    """Raises NoPlaceError for a place that is not one's own; any other failure is no answer."""
    said = json.dumps(document).encode()
    if len(said) > transport.LONGEST:
        return {}
    way = transport.of_this_system()
    try:
        connection = way.connect() or (way.start() if start else None)
        if connection is None:
            return {}
        with connection:
            connection.send(said)
            answer = json.loads(connection.receive())
    except (OSError, ValueError):
        return {}
    return answer if isinstance(answer, dict) else {}
