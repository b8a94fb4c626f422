"""The statements by which the database user of one session is made, shut and removed.

Every one may be repeated, and whatever order two callers interleave in, a user whose end has begun
is never given a login again: the end and the lease take the same lock, and the end leaves a mark
(valid until the epoch) that the lease looks for.
"""

from datetime import datetime
from typing import LiteralString

import psycopg
from psycopg import sql

from pam.domain import timestamps
from pam.domain.ids import database_user
from pam.domain.session import Session
from pam.postgres.login import Connection

_LOCK = "SELECT pg_catalog.pg_advisory_xact_lock(46, pg_catalog.hashtext(%s))"
_EXISTS = "SELECT FROM pg_catalog.pg_roles WHERE rolname = %s"
_MAY_BE_LEASED = """
    SELECT FROM pg_catalog.pg_roles WHERE rolname = %s AND rolvaliduntil > 'epoch'
"""
_OURS = """
    SELECT member.rolname, member.rolvaliduntil > 'epoch' AS may_be_leased
    FROM pg_catalog.pg_auth_members AS membership
    JOIN pg_catalog.pg_roles AS member ON member.oid = membership.member
    JOIN pg_catalog.pg_roles AS lent ON lent.oid = membership.roleid
    WHERE lent.rolname = %s
    ORDER BY member.rolname
"""
_DATABASES_WITH_ITS_OBJECTS = """
    SELECT DISTINCT database.datname
    FROM pg_catalog.pg_shdepend AS dependency
    JOIN pg_catalog.pg_database AS database ON database.oid = dependency.dbid
    JOIN pg_catalog.pg_roles AS owner ON owner.oid = dependency.refobjid
    WHERE dependency.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
      AND owner.rolname = %s
"""


def name_of(session: Session) -> str:
    return database_user(session.session_id)


def make(connection: Connection, username: str, group_role: str, until: datetime) -> None:
    """The user, in its group, with an end and without a login. One that is there is left alone:
    it may have been leased by now.
    """
    try:
        with connection.transaction():
            _run(
                connection,
                "CREATE ROLE {user} NOLOGIN INHERIT IN ROLE {group} VALID UNTIL {until}",
                user=sql.Identifier(username),
                group=sql.Identifier(group_role),
                until=sql.Literal(timestamps.render(until)),
            )
            _grant_to_issuer(connection, username)
    except psycopg.errors.DuplicateObject:
        return


def give_login(connection: Connection, username: str, made: str, until: datetime) -> bool:
    """A password (as its verifier) and a login, until then. False if the user is shut or gone."""
    with connection.transaction():
        connection.execute(_LOCK, [username])
        if connection.execute(_MAY_BE_LEASED, [username]).fetchone() is None:
            return False
        _run(
            connection,
            "ALTER ROLE {user} LOGIN PASSWORD {verifier} VALID UNTIL {until}",
            user=sql.Identifier(username),
            verifier=sql.Literal(made),
            until=sql.Literal(timestamps.render(until)),
        )
    return True


def shut(connection: Connection, username: str) -> bool:
    """Takes login and password away, for good. False if there is no such user."""
    with connection.transaction():
        connection.execute(_LOCK, [username])
        if not exists(connection, username):
            return False
        _run(
            connection,
            "ALTER ROLE {user} NOLOGIN PASSWORD NULL VALID UNTIL 'epoch'",
            user=sql.Identifier(username),
        )
        # To end its connections and hand on its objects, the issuer must be a member of it; so it
        # has been since the user was made, unless somebody thought it odd.
        _grant_to_issuer(connection, username)
    return True


def exists(connection: Connection, username: str) -> bool:
    return connection.execute(_EXISTS, [username]).fetchone() is not None


def databases_with_its_objects(connection: Connection, username: str) -> list[str]:
    rows = connection.execute(_DATABASES_WITH_ITS_OBJECTS, [username])
    return [row[0] for row in rows]


def hand_on(connection: Connection, username: str, group_role: str) -> None:
    """What the user made in this database belongs to the group from here on; its rights go."""
    with connection.transaction():
        _run(
            connection,
            "REASSIGN OWNED BY {user} TO {group}",
            user=sql.Identifier(username),
            group=sql.Identifier(group_role),
        )
        _run(connection, "DROP OWNED BY {user}", user=sql.Identifier(username))


def drop(connection: Connection, username: str) -> None:
    _run(connection, "DROP ROLE IF EXISTS {user}", user=sql.Identifier(username))


def members(connection: Connection, group_role: str) -> dict[str, bool]:
    """Every user in the group, and whether it can still be given a login."""
    return {name: bool(open_) for name, open_ in connection.execute(_OURS, [group_role])}


def _grant_to_issuer(connection: Connection, username: str) -> None:
    _run(connection, "GRANT {user} TO CURRENT_USER", user=sql.Identifier(username))


def _run(connection: Connection, statement: LiteralString, **parts: sql.Composable) -> None:
    connection.execute(sql.SQL(statement).format(**parts))
