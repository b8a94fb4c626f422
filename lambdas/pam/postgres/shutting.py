"""Taking a login away from somebody who works against it.

The statement that shuts the user is sent and waits in the server's queue, behind whatever lock the
user has on their own row. Meanwhile a second connection ends the user's connections, again and
again, and with them their locks. Nothing that the user can hold is waited for.
"""

import select
import time
from collections.abc import Iterable
from dataclasses import dataclass

import psycopg
from psycopg import pq, sql

from pam.domain.errors import IssuerUnavailable
from pam.ports.targets import DatabaseLogin
from pam.postgres import prepared
from pam.postgres.connections import become, cut_connections, cut_once, cut_who_blocks
from pam.postgres.login import Connection, Databases

_WITHIN_SECONDS = 8.0
_CUT_AGAIN_AFTER = 0.02
_PURPOSE = "the login could not be shut"
_ASK_AGAIN = frozenset({"XX000", "55P03", "57014", "40P01", "40001"})
"""Tuple concurrently updated, and every way to have waited too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Siege:
    """Two connections of the end: one's statement waits, the other makes way for it."""

    shutting: Connection
    cutting: Connection
    databases: Databases
    login: DatabaseLogin
    username: str

    def get_through(self, statement: sql.Composable) -> int:
        """Until the statement is done, once; returns how many connections were cut for it."""
        cut, deadline = 0, time.monotonic() + _WITHIN_SECONDS
        text = statement.as_bytes(self.shutting)
        while time.monotonic() < deadline:
            self.shutting.pgconn.send_query(text)
            while not _answered(self.shutting.pgconn):
                cut += cut_once(self.cutting, self.username)
                cut_who_blocks(self.cutting, self.username, self.shutting.info.backend_pid)
                prepared.roll_back(self.databases, self.login, self.cutting, self.username)
            code = _code(self.shutting.pgconn)
            if code is None:
                return cut
            if code not in _ASK_AGAIN:
                message = f"{_PURPOSE}: {code}"
                raise IssuerUnavailable(message)
        message = f"{_PURPOSE}: somebody held it all the time"
        raise IssuerUnavailable(message)


def shut_out(
    databases: Databases,
    login: DatabaseLogin,
    shutting: Connection,
    username: str,
    statements: Iterable[sql.Composable],
) -> int:
    """Each of these statements done on `shutting`, prepared transactions rolled back, and no
    connection of the user left; returns how many were cut. What the user can hold up comes last:
    the statements before it are done all the same.

    `login` must be able to act as the user. Raises IssuerUnavailable.
    """
    with databases.opened(login, _PURPOSE, for_an_end=True) as cutting:
        become(cutting, username)
        siege = Siege(
            shutting=shutting,
            cutting=cutting,
            databases=databases,
            login=login,
            username=username,
        )
        cut = sum(siege.get_through(statement) for statement in statements)
        cut += cut_connections(cutting, username)
        # A connection that was cut may have been about to leave one.
        prepared.roll_back(databases, login, cutting, username)
    return cut


def _answered(pgconn: pq.abc.PGconn) -> bool:
    """Waits a moment for it."""
    pgconn.consume_input()
    if pgconn.is_busy():
        select.select([pgconn.socket], [], [], _CUT_AGAIN_AFTER)
        pgconn.consume_input()
    return not pgconn.is_busy()


def _code(pgconn: pq.abc.PGconn) -> str | None:
    """The server's code for what went wrong with the statement; None if nothing did."""
    code = None
    while (result := pgconn.get_result()) is not None:
        if result.status not in {pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK}:
            code = (result.error_field(pq.DiagnosticField.SQLSTATE) or b"08006").decode()
    if pgconn.status != pq.ConnStatus.OK:
        raise psycopg.OperationalError
    return code
