"""The statements by which the database user of one session is made, leased, shut and removed.

Every one may be repeated, and whatever order two callers interleave in, a user whose end has begun
is never given a login again: the end leaves a mark in the user's row (no connection allowed) that a
lease neither overwrites nor overlooks, since it looks again after its own change to the same row.
"""

from datetime import datetime
from typing import LiteralString

import psycopg
from psycopg import sql

from pam.domain import timestamps
from pam.domain.ids import database_user
from pam.domain.session import Session
from pam.ports.targets import DatabaseLogin
from pam.postgres import left_behind
from pam.postgres.login import Connection, Databases, separates_inherit_and_set
from pam.postgres.shutting import shut_out

_EXISTS = "SELECT FROM pg_catalog.pg_roles WHERE rolname = %s"
_MAY_BE_LEASED = """
    SELECT FROM pg_catalog.pg_roles
    WHERE rolname = %s AND rolvaliduntil > 'epoch' AND rolconnlimit <> 0
"""
_CAN_LOG_IN = "SELECT rolcanlogin FROM pg_catalog.pg_roles WHERE rolname = %s"
_CLOSE = "ALTER ROLE {user} NOLOGIN PASSWORD NULL VALID UNTIL 'epoch' CONNECTION LIMIT 0"
_HAS_ALL_ITS_CONNECTIONS = """
    SELECT FROM pg_catalog.pg_roles AS role
    WHERE role.rolname = %s AND role.rolconnlimit > 0 AND role.rolconnlimit <= (
        SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_get_activity(NULL) AS activity
        WHERE activity.usesysid = role.oid)
"""
_ISSUER_CAN_ACT = "SELECT pg_catalog.pg_has_role(%s, %s)"
_MEMBERS = """
    SELECT member.rolname, member.rolvaliduntil > 'epoch' AND member.rolconnlimit <> 0
    FROM pg_catalog.pg_auth_members AS membership
    JOIN pg_catalog.pg_roles AS member ON member.oid = membership.member
    JOIN pg_catalog.pg_roles AS lent ON lent.oid = membership.roleid
    WHERE lent.rolname = %s
    ORDER BY member.rolname
"""
_SHUT_AND_LEFT = """
    SELECT shut.rolname FROM pg_catalog.pg_roles AS shut
    WHERE shut.rolname ~ '^pam_[0-9]'
      AND pg_catalog.pg_has_role(shut.oid, 'MEMBER')
      AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_auth_members AS membership WHERE membership.member = shut.oid)
      AND (shut.rolcanlogin OR %s OR NOT EXISTS (
        SELECT FROM pg_catalog.pg_shdepend AS dependency
        WHERE dependency.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
          AND dependency.refobjid = shut.oid AND dependency.deptype = 'o'))
    ORDER BY shut.rolname
"""
_DATABASES_OF = """
    SELECT DISTINCT database.datname
    FROM pg_catalog.pg_shdepend AS dependency
    JOIN pg_catalog.pg_database AS database ON database.oid = dependency.dbid
    JOIN pg_catalog.pg_roles AS owner ON owner.oid = dependency.refobjid
    WHERE dependency.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
      AND owner.rolname = %s
"""
_OWNS_HERE = """
    SELECT FROM pg_catalog.pg_shdepend AS dependency
    JOIN pg_catalog.pg_roles AS owner ON owner.oid = dependency.refobjid
    LEFT JOIN pg_catalog.pg_database AS database ON database.oid = dependency.dbid
    WHERE dependency.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
      AND dependency.deptype = 'o' AND owner.rolname = %s
      AND COALESCE(database.datname, pg_catalog.current_database()) = pg_catalog.current_database()
      AND dependency.classid <> 'pg_catalog.pg_default_acl'::pg_catalog.regclass
    LIMIT 1
"""


def name_of(session: Session) -> str:
    return database_user(session.session_id)


def make(
    connection: Connection, username: str, group_role: str, until: datetime, limit: int
) -> None:
    """The user, in its group, with an end and without a login. One that is there is left alone:
    it may have been leased by now.

    It has the group's rights and, where the server can tell the two apart, cannot become the group.
    """
    apart = separates_inherit_and_set(connection)
    try:
        with connection.transaction():
            _run(
                connection,
                "CREATE ROLE {user} NOLOGIN INHERIT CONNECTION LIMIT {limit} VALID UNTIL {until}",
                user=sql.Identifier(username),
                limit=sql.Literal(limit),
                until=sql.Literal(timestamps.render(until)),
            )
            _grant_to_issuer(connection, username)
            # What is newer than this comment came into the database while the session was there.
            _run(
                connection,
                "COMMENT ON ROLE {user} IS 'made by PAM for one session'",
                user=sql.Identifier(username),
            )
            # Last: it locks the group, which others are put into at the same time.
            _run(
                connection,
                "GRANT {group} TO {user} WITH INHERIT TRUE, SET FALSE"
                if apart
                else "GRANT {group} TO {user}",
                group=sql.Identifier(group_role),
                user=sql.Identifier(username),
            )
    except psycopg.errors.DuplicateObject:
        return


def has_all_its_connections(connection: Connection, username: str) -> bool:
    """Whether the user could open no further one."""
    return connection.execute(_HAS_ALL_ITS_CONNECTIONS, [username]).fetchone() is not None


def give_login(connection: Connection, username: str, made: str, until: datetime) -> bool:
    """A password (as its verifier) and a login, until then. False if the user is shut or gone."""
    try:
        with connection.transaction():
            if not _may_be_leased(connection, username):
                return False
            _run(
                connection,
                "ALTER ROLE {user} LOGIN PASSWORD {verifier} VALID UNTIL {until}",
                user=sql.Identifier(username),
                verifier=sql.Literal(made),
                until=sql.Literal(timestamps.render(until)),
            )
            # The row is this transaction's now. An end that came before is seen in it; one that
            # comes after waits for it, and takes the login again.
            if not _may_be_leased(connection, username):
                raise psycopg.Rollback
            return True
    except (psycopg.errors.InternalError_, psycopg.errors.UndefinedObject):
        # Somebody changed or dropped the user in the same moment; and that was an end.
        return False
    return False


def shut(databases: Databases, issuer: DatabaseLogin, username: str, group_role: str) -> int | None:
    """Takes login, password, group and every connection away, for good. How many were cut, or None
    if there is no such user. Raises IssuerUnavailable.
    """
    with databases.opened(issuer, "the login could not be shut", for_an_end=True) as connection:
        if connection.execute(_EXISTS, [username]).fetchone() is None:
            return None
        how = "SET" if separates_inherit_and_set(connection) else "MEMBER"
        row = connection.execute(_ISSUER_CAN_ACT, [username, how]).fetchone()
        if row is None or not row[0]:
            # So it has been since the user was made, unless somebody thought it odd.
            _grant_to_issuer(connection, username)
        user, group = sql.Identifier(username), sql.Identifier(group_role)
        statements: list[sql.Composable] = []
        # First, because the user can lock its own row and not its membership: whatever cannot be
        # cut and holds that row, no login of the user has a right from here on.
        if connection.execute(_EXISTS, [group_role]).fetchone() is not None:
            statements.append(sql.SQL("REVOKE {group} FROM {user}").format(group=group, user=user))
        statements.append(sql.SQL(_CLOSE).format(user=user))
        return shut_out(databases, issuer, connection, username, statements)


def can_log_in(connection: Connection, username: str) -> bool:
    row = connection.execute(_CAN_LOG_IN, [username]).fetchone()
    return bool(row and row[0])


def look(connection: Connection, username: str, group_role: str) -> list[str]:
    """What the user owns, and what changed with its rights or the group's while it was there."""
    since = left_behind.Beginning(
        user=username,
        roles=(username, group_role),
        version=left_behind.born_with(connection, username),
    )
    return left_behind.look(connection, since, owned=True)


def databases_of(connection: Connection, username: str) -> list[str]:
    """Those in which it owns something, or has a right of its own."""
    rows = connection.execute(_DATABASES_OF, [username])
    return [row[0] for row in rows]


def hand_on(connection: Connection, username: str, heir: str) -> None:
    """What the user made in this database belongs to the heir from here on, and every right that
    the user has goes. Without an heir nothing that it owns is touched.
    """
    with connection.transaction():
        _run(connection, "SET LOCAL lock_timeout = '1s'")
        if heir:
            _run(
                connection,
                "REASSIGN OWNED BY {user} TO {heir}",
                user=sql.Identifier(username),
                heir=sql.Identifier(heir),
            )
        # It drops what is owned as well: only where nothing is.
        if connection.execute(_OWNS_HERE, [username]).fetchone() is None:
            _run(connection, "DROP OWNED BY {user}", user=sql.Identifier(username))


def drop(connection: Connection, username: str) -> None:
    """Waits for nobody: another session may hold the role by a grant in an open transaction."""
    with connection.transaction():
        _run(connection, "SET LOCAL lock_timeout = '250ms'")
        _run(connection, "DROP ROLE IF EXISTS {user}", user=sql.Identifier(username))


def members(connection: Connection, group_role: str) -> dict[str, bool]:
    """Every user in the group, and whether it can still be given a login."""
    return {name: bool(open_) for name, open_ in connection.execute(_MEMBERS, [group_role])}


def left_over(connection: Connection, *, with_an_heir: bool) -> list[str]:
    """Users in no group any more that can be removed: without an heir those that own nothing."""
    return [name for (name,) in connection.execute(_SHUT_AND_LEFT, [with_an_heir])]


def _may_be_leased(connection: Connection, username: str) -> bool:
    return connection.execute(_MAY_BE_LEASED, [username]).fetchone() is not None


def _grant_to_issuer(connection: Connection, username: str) -> None:
    _run(connection, "GRANT {user} TO CURRENT_USER", user=sql.Identifier(username))


def _run(connection: Connection, statement: LiteralString, **parts: sql.Composable) -> None:
    connection.execute(sql.SQL(statement).format(**parts))
