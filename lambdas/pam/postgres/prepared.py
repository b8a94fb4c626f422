"""Prepared transactions of a user: they outlive their connection, with every lock they have."""

from contextlib import suppress
from dataclasses import replace

import psycopg
from psycopg import sql

from pam.ports.targets import DatabaseLogin
from pam.postgres.login import Connection, Databases, separates_inherit_and_set

_OF_USER = """
    SELECT gid, database, owner FROM pg_catalog.pg_prepared_xacts
    WHERE pg_catalog.pg_has_role(%s, owner, %s)
"""


def roll_back(
    databases: Databases, login: DatabaseLogin, connection: Connection, username: str
) -> None:
    """Those of the user, and of the roles that it can become, each in its own database and as its
    owner: the server lets nobody else.

    One that cannot be reached is left: what waits for it then says so.
    """
    become = "SET" if separates_inherit_and_set(connection) else "MEMBER"
    for gid, database, owner in connection.execute(_OF_USER, [username, become]).fetchall():
        # Somebody else may have ended it in the same moment.
        with (
            suppress(psycopg.Error),
            databases.connect(replace(login, dbname=database)) as other,
        ):
            other.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(owner)))
            other.execute(sql.SQL("ROLLBACK PREPARED {}").format(sql.Literal(gid)))
