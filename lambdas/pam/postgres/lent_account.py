"""The statements by which a static account is taken back, as the login that administers it.

Nothing here logs in as the account: its borrower decides under which settings that happens, and
whether it happens at all.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import LiteralString

import psycopg
from psycopg import sql

from pam.domain.errors import IssuerUnavailable
from pam.ports.targets import DatabaseLogin
from pam.postgres import left_behind, role_settings
from pam.postgres.connections import become, beginning, cut_connections
from pam.postgres.login import Connection, Databases, separates_inherit_and_set
from pam.postgres.password import set_password
from pam.postgres.shutting import shut_out

_PURPOSE = "the account could not be taken back"
_BEGINNERS_WITHIN_SECONDS = 1.0
_LOOK_AGAIN_AFTER = 0.02
_ROLE = """
    SELECT rolcanlogin, rolconnlimit, pg_catalog.pg_has_role(%(name)s, %(how)s),
           pg_catalog.pg_has_role(%(name)s, 'MEMBER WITH ADMIN OPTION')
    FROM pg_catalog.pg_roles WHERE rolname = %(name)s
"""
_GIVEN_AWAY = """
    SELECT member.rolname FROM pg_catalog.pg_auth_members AS membership
    JOIN pg_catalog.pg_roles AS member ON member.oid = membership.member
    JOIN pg_catalog.pg_roles AS account ON account.rolname = %s
    WHERE membership.roleid = account.oid AND membership.grantor = account.oid
"""
_PATIENCE = """
    SELECT EXTRACT(EPOCH FROM pg_catalog.current_setting('authentication_timeout')::interval)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The account's settings as they are; `limit` below zero: any number of connections."""

    can_log_in: bool
    limit: int
    can_be_acted_as: bool
    is_administered: bool


def read(connection: Connection, name: str) -> Account:
    """Raises IssuerUnavailable if there is no such account."""
    how = "SET" if separates_inherit_and_set(connection) else "MEMBER"
    row = connection.execute(_ROLE, {"name": name, "how": how}).fetchone()
    if row is None:
        message = f"there is no account {name}"
        raise IssuerUnavailable(message)
    return Account(
        can_log_in=bool(row[0]),
        limit=int(row[1]),
        can_be_acted_as=bool(row[2]),
        is_administered=bool(row[3]),
    )


def memory(connection: Connection, name: str) -> str:
    """How the account stands before it is lent, as text: its settings, and the transaction."""
    return json.dumps(
        {
            "version": left_behind.this_transaction(connection),
            "settings": role_settings.read(connection, name),
        }
    )


def shut(databases: Databases, mender: DatabaseLogin, name: str) -> int:
    """Takes login and connections away; how many there were. Raises IssuerUnavailable."""
    with databases.opened(mender, _PURPOSE, for_an_end=True) as connection:
        if not read(connection, name).can_be_acted_as:
            # Just enough to end the account's own connections: none of its rights.
            _run(
                connection,
                "GRANT {account} TO CURRENT_USER WITH INHERIT FALSE, SET TRUE"
                if separates_inherit_and_set(connection)
                else "GRANT {account} TO CURRENT_USER",
                name,
            )
        closing = sql.SQL("ALTER ROLE {} NOLOGIN").format(sql.Identifier(name))
        return shut_out(databases, mender, connection, name, [closing])


Note = Callable[[Sequence[str]], Sequence[str]]
"""Keeps what was found, and gives that with what earlier tries kept."""


def put_back(connection: Connection, name: str, remembered: str | None, note: Note) -> list[str]:
    """Puts the account's settings back, and takes out again the roles that it let become it.
    Returns what was found, and what else changed with the account's rights. It is noted before
    anything is put back, because whoever looks after that finds it no more.
    """
    if remembered is None:
        return ["it is not known how the account stood before"]
    before = json.loads(remembered)
    settings = role_settings.differences(connection, name, before["settings"])
    members = [member for (member,) in connection.execute(_GIVEN_AWAY, [name]).fetchall()]
    found = [f"{each.what} put back" for each in settings]
    found += [f"membership of {member} in {name}" for member in members]
    since = left_behind.Beginning(user=name, roles=(name,), version=before["version"])
    try:
        found += left_behind.look(connection, since, owned=False)
    except psycopg.Error as error:
        if connection.broken:
            raise
        # So much may have been made that no look at it comes to its end; this one has to.
        found.append(left_behind.not_seen(error))
    told = {*found, *note(left_behind.bounded(found))}
    for each in settings:
        if code := role_settings.restore(connection, name, each):
            told = told - {f"{each.what} put back"} | {f"{each.what} stays ({code})"}
    for member in members:
        statement = sql.SQL("REVOKE {} FROM {} GRANTED BY {}").format(
            sql.Identifier(name), sql.Identifier(member), sql.Identifier(name)
        )
        connection.execute(statement)
    return sorted(told)


def renew(databases: Databases, mender: DatabaseLogin, account: DatabaseLogin) -> bool:
    """The new password, then the login, and nothing in between. False if the login must wait: a
    client may have begun to log in by the password of before, and need only say the last word.
    """
    with databases.opened(mender, _PURPOSE, for_an_end=True) as connection:
        set_password(connection, account.username, account.password)
        become(connection, account.username)
        cut_connections(connection, account.username)
        connection.execute("RESET ROLE")
        if not _beginners_are_gone(connection):
            return False
        give_login(connection, account.username)
    return True


def give_login(connection: Connection, name: str) -> None:
    _run(connection, "ALTER ROLE {account} LOGIN", name)


def longest_beginning(databases: Databases, mender: DatabaseLogin) -> float:
    """Seconds after which the server lets nobody finish a login that began before."""
    with databases.opened(mender, _PURPOSE, for_an_end=True) as connection:
        row = connection.execute(_PATIENCE).fetchone()
    return float(row[0]) if row else 0.0


def _beginners_are_gone(connection: Connection) -> bool:
    """Those that are there now; a client that comes later is asked for the new password."""
    deadline = time.monotonic() + _BEGINNERS_WITHIN_SECONDS
    earlier = beginning(connection)
    while earlier and time.monotonic() < deadline:
        time.sleep(_LOOK_AGAIN_AFTER)
        earlier &= beginning(connection)
    return not earlier


def _run(connection: Connection, statement: LiteralString, name: str) -> None:
    connection.execute(sql.SQL(statement).format(account=sql.Identifier(name)))
