"""Whether a server has room for the end of a session, however much its borrower opens.

A login that cannot come in cannot end anything. So no access is made where the borrower could take
the last slot.
"""

from psycopg import sql

from pam.domain.errors import Unreached
from pam.domain.ids import session_of_database_user
from pam.postgres.login import Connection, separates_inherit_and_set

DEFAULT_LIMIT = 5
"""Connections of one session, where the catalogue says nothing."""
KEPT_FOR_PAM = 10
"""An end has three at a time."""

_RESERVED = """
    SELECT pg_catalog.current_setting('reserved_connections')::int >= 1,
           pg_catalog.pg_has_role('pg_use_reserved_connections', 'USAGE')
"""
_SUPERUSER = "SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = CURRENT_USER"
_SLOTS = """
    SELECT pg_catalog.current_setting('max_connections')::int
         - pg_catalog.current_setting('superuser_reserved_connections')::int
"""
_LIMITS = "SELECT rolname, rolconnlimit FROM pg_catalog.pg_roles WHERE rolname ~ '^pam_[0-9]'"
_OUT_OF_REACH = """
    SELECT datname FROM pg_catalog.pg_database
    WHERE datallowconn
      AND pg_catalog.current_setting('max_prepared_transactions')::int > 0
      AND pg_catalog.has_database_privilege(%s, oid, 'CONNECT')
      AND NOT pg_catalog.has_database_privilege(oid, 'CONNECT')
"""

_POWERS = """
    SELECT power.rolname FROM pg_catalog.pg_roles AS power
    JOIN pg_catalog.pg_roles AS lent ON lent.rolname = %s
    WHERE pg_catalog.pg_has_role(lent.oid, power.oid, 'MEMBER') AND (
        power.rolsuper OR power.rolcreaterole
        OR power.rolname IN ('pg_signal_backend', 'pg_maintain'))
    LIMIT 1
"""
"""With these somebody makes users, cuts PAM's own connections, or locks the catalogue by which
everybody logs in.
"""


def check_powers(connection: Connection, group: str) -> None:
    """That no member of the group could keep PAM from ending anything. Raises Unreached."""
    found = connection.execute(_POWERS, [group]).fetchone()
    if found is not None:
        message = f"{group} is not lent: with the rights of {found[0]} it could hold up its own end"
        raise Unreached(message)


def check_room(connection: Connection, borrower: str, limit: int, *, user: str) -> None:
    """Before anything is made. `borrower` is the role whose rights are lent, `user` the one that
    may then have `limit` connections (below zero: any number). Raises Unreached, and says what to
    run.
    """
    _check_reach(connection, borrower)
    if separates_inherit_and_set(connection):
        _check_reserved(connection)
    else:
        _check_sum(connection, user, limit)


def _check_reach(connection: Connection, borrower: str) -> None:
    """A transaction prepared where PAM cannot go would hold its locks for ever."""
    closed = [name for (name,) in connection.execute(_OUT_OF_REACH, [borrower])]
    if closed:
        message = (
            f"sessions can prepare transactions in {closed[0]}, which PAM's login may not enter: "
            "set max_prepared_transactions to 0, or let it in"
        )
        raise Unreached(message)


def _check_reserved(connection: Connection) -> None:
    reserved, member = connection.execute(_RESERVED).fetchone() or (False, False)
    if (reserved and member) or _is_superuser(connection):
        return
    grant = _text(connection, "GRANT pg_use_reserved_connections TO {}", connection.info.user)
    message = (
        "PAM's login has no connection slot of its own; run "
        f"ALTER SYSTEM SET reserved_connections = {KEPT_FOR_PAM} (then restart) and {grant}"
    )
    raise Unreached(message)


def _check_sum(connection: Connection, user: str, limit: int) -> None:
    if limit < 0:
        alter = _text(connection, "ALTER ROLE {} CONNECTION LIMIT 5", user)
        message = f"what is lent may take every connection slot of the server; run {alter}"
        raise Unreached(message)
    others = sum(
        DEFAULT_LIMIT if each < 0 else int(each)
        for name, each in connection.execute(_LIMITS)
        if name != user and session_of_database_user(name) is not None
    )
    slots = int((connection.execute(_SLOTS).fetchone() or (0,))[0])
    if others + limit > slots - KEPT_FOR_PAM and not _is_superuser(connection):
        message = (
            f"sessions may take {others} of the server's {slots} connection slots already, and "
            f"{KEPT_FOR_PAM} must be left for PAM: raise max_connections, or lower connection_limit"
        )
        raise Unreached(message)


def _is_superuser(connection: Connection) -> bool:
    return bool((connection.execute(_SUPERUSER).fetchone() or (False,))[0])


def _text(connection: Connection, statement: str, name: str) -> str:
    return sql.SQL(statement).format(sql.Identifier(name)).as_string(connection)
