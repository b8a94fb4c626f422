"""Finds the leases whose own call CloudTrail has not told of: then PAM hears of no other either."""

from datetime import datetime

from pam.domain import echo
from pam.domain.echo import Expected
from pam.ports.sessions import Once, SessionStore


def check_echoes(*, now: datetime, store: SessionStore) -> list[Expected]:
    """Those of the last hours that should have been told by now; of a session that has very many,
    some. Changes nothing.
    """
    begin, end = echo.window(now)
    return [
        each
        for each in echo.looked_at(store.expected(begin, end))
        if not store.is_done(Once(key=echo.key(each.access_key_id), until=now))
    ]


def hear_echo(access_key_id: str, *, now: datetime, store: SessionStore) -> None:
    """Notes that CloudTrail told how this access key was made; as often as it likes."""
    store.note(Once(key=echo.key(access_key_id), until=now + echo.REMEMBERED))
