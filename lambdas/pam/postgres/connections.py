"""Cutting the open connections of a user, until none is left."""

import time

from pam.domain.errors import IssuerUnavailable
from pam.postgres.login import Connection

_WITHIN_SECONDS = 5.0
_LOOK_AGAIN_AFTER = 0.05

_CUT = """
    SELECT pg_catalog.count(pg_catalog.pg_terminate_backend(pid))
    FROM pg_catalog.pg_stat_activity
    WHERE usename = %s AND pid <> pg_catalog.pg_backend_pid()
"""


def cut_connections(connection: Connection, username: str) -> int:
    """Ends every other connection of the user, and returns how many there were.

    The user's way in must be shut already. A connection that was let in just before that shows up
    a moment later, so none must be seen twice in a row. Raises IssuerUnavailable if one stays.
    """
    cut, quiet = 0, 0
    deadline = time.monotonic() + _WITHIN_SECONDS
    while quiet < 2:  # noqa: PLR2004 - twice, see above
        row = connection.execute(_CUT, [username]).fetchone()
        found = row[0] if row else 0
        cut, quiet = max(cut, found), 0 if found else quiet + 1
        if time.monotonic() > deadline:
            message = "a connection of the session did not end"
            raise IssuerUnavailable(message)
        if quiet < 2:  # noqa: PLR2004 - twice, see above
            time.sleep(_LOOK_AGAIN_AFTER)
    return cut
