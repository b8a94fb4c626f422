"""Cutting the open connections of a user, until none is left.

It is done under the user's own role: that is right enough to end exactly these connections. One
that has passed its authentication and not begun yet is in no list by its user (a client may ask for
an hour of `post_auth_delay`). It shows by a lock on its own transaction; that the server lets the
user's role end it says whose it is.
"""

import time
from contextlib import suppress

import psycopg
from psycopg import sql

from pam.domain.errors import IssuerUnavailable
from pam.postgres.login import Connection

_WITHIN_SECONDS = 5.0
_LOOK_AGAIN_AFTER = 0.05
_QUIET_LOOKS = 2
"""A connection that was let in just before shows up a moment later."""

_CUT = """
    SELECT pg_catalog.count(pg_catalog.pg_terminate_backend(pid))
    FROM pg_catalog.pg_stat_activity
    WHERE usename = %s AND pid <> pg_catalog.pg_backend_pid()
"""
# The server hides the type of what has no user. What has a database all the same is the server's
# own work, such as an autovacuum, which may hold its transaction for hours.
_BEGINNING = """
    SELECT lock.pid, lock.virtualtransaction
    FROM pg_catalog.pg_locks AS lock
    WHERE lock.locktype = 'virtualxid' AND lock.mode = 'ExclusiveLock' AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_stat_activity AS activity
        WHERE activity.pid = lock.pid
          AND (activity.usesysid IS NOT NULL OR activity.datid IS NOT NULL)
    )
"""
_BLOCKING = """
    SELECT pid FROM pg_catalog.pg_stat_activity
    WHERE pid = ANY (pg_catalog.pg_blocking_pids(%s)) AND usename <> CURRENT_USER
"""

Beginning = frozenset[tuple[int, str]]
"""Connections of which the server does not say yet whose they are: process and transaction."""


def become(connection: Connection, username: str) -> None:
    """From here on the connection acts as this user, whom nothing of the user's makes stronger."""
    connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(username)))


def cut_once(connection: Connection, username: str) -> int:
    """Ends every connection of the user that is there now, and returns how many there were. The
    connection acts as the user, or has its rights.
    """
    row = connection.execute(_CUT, [username]).fetchone()
    cut = int(row[0]) if row else 0
    return cut + sum(_is_ended(connection, pid) for pid, _ in beginning(connection))


def cut_connections(connection: Connection, username: str) -> int:
    """Cuts until none is seen twice in a row, and returns how many there were at a time.

    The user's way in must be shut already. Raises IssuerUnavailable if one stays.
    """
    cut, quiet = 0, 0
    deadline = time.monotonic() + _WITHIN_SECONDS
    while quiet < _QUIET_LOOKS:
        found = cut_once(connection, username)
        cut, quiet = max(cut, found), 0 if found else quiet + 1
        if time.monotonic() > deadline:
            message = "a connection of the session did not end"
            raise IssuerUnavailable(message)
        if quiet < _QUIET_LOOKS:
            time.sleep(_LOOK_AGAIN_AFTER)
    return cut


def cut_who_blocks(connection: Connection, username: str, waiting: int) -> None:
    """Ends what the process `waiting` waits for, as far as the login's own rights reach: somebody
    else who can become the user may hold the user's row. A twin of this call is let be.
    """
    connection.execute("RESET ROLE")
    try:
        for (pid,) in connection.execute(_BLOCKING, [waiting]).fetchall():
            _is_ended(connection, pid)
    finally:
        become(connection, username)


def beginning(connection: Connection) -> Beginning:
    return frozenset((int(pid), str(xid)) for pid, xid in connection.execute(_BEGINNING))


def _is_ended(connection: Connection, pid: int) -> bool:
    """False for another's, which it may not end, and for one that ended by itself."""
    with suppress(psycopg.errors.InsufficientPrivilege):
        row = connection.execute("SELECT pg_catalog.pg_terminate_backend(%s)", [pid]).fetchone()
        return bool(row and row[0])
    return False
