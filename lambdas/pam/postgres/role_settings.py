"""What an account sets for its own logins (`ALTER ROLE ... SET`), kept and put back.

A borrower may write these. Left alone they would meet the next borrower and the owner's own jobs: a
search path with other functions in it, a time-out that lets nobody work.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import psycopg
from psycopg import sql

from pam.postgres.login import Connection

Settings = Mapping[str, Mapping[str, str]]
"""Value by name, by database; the empty name stands for all databases."""

_READ = """
    SELECT COALESCE(database.datname, ''), entry
    FROM pg_catalog.pg_db_role_setting AS stored
    JOIN pg_catalog.pg_roles AS role ON role.oid = stored.setrole
    LEFT JOIN pg_catalog.pg_database AS database ON database.oid = stored.setdatabase
    CROSS JOIN LATERAL pg_catalog.unnest(stored.setconfig) AS entry
    WHERE role.rolname = %s
"""
_LISTS = frozenset(
    {
        "local_preload_libraries",
        "search_path",
        "session_preload_libraries",
        "shared_preload_libraries",
        "temp_tablespaces",
        "unix_socket_directories",
    }
)
"""Stored as lists of quoted names, which must be given as such again (as pg_dump does)."""
_ITEM = re.compile(r'"((?:[^"]|"")*)"|([^,\s]+)')


def read(connection: Connection, account: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for database, entry in connection.execute(_READ, [account]):
        name, _, value = str(entry).partition("=")
        found.setdefault(str(database), {})[name] = value
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One setting is not as it was: `before` is its value then, None if it had none."""

    database: str
    name: str
    before: str | None

    @property
    def what(self) -> str:
        return f"setting {self.name}" + (f" in {self.database}" if self.database else "")


def differences(connection: Connection, account: str, wanted: Settings) -> list[Difference]:
    there = read(connection, account)
    return [
        Difference(database=database, name=name, before=before.get(name))
        for database in sorted({*there, *wanted})
        for now, before in [(there.get(database, {}), wanted.get(database, {}))]
        for name in sorted({*now, *before})
        if now.get(name) != before.get(name)
    ]


def restore(connection: Connection, account: str, difference: Difference) -> str:
    """The server's code if it could not be put back, which keeps nothing else from being done."""
    try:
        _write(connection, account, difference.database, difference.name, difference.before)
    except psycopg.Error as error:
        if connection.broken:
            raise
        return error.sqlstate or type(error).__name__
    return ""


def _write(
    connection: Connection, account: str, database: str, name: str, value: str | None
) -> None:
    where = sql.SQL(" IN DATABASE {}").format(sql.Identifier(database)) if database else sql.SQL("")
    change = (
        sql.SQL("RESET {}").format(sql.Identifier(name))
        if value is None
        else sql.SQL("SET {} TO {}").format(sql.Identifier(name), _literal(name, value))
    )
    statement = sql.SQL("ALTER ROLE {}{} {}")
    connection.execute(statement.format(sql.Identifier(account), where, change))


def _literal(name: str, value: str) -> sql.Composable:
    if name.lower() not in _LISTS:
        return sql.Literal(value)
    found = _ITEM.findall(value)
    items = [plain or quoted.replace('""', '"') for quoted, plain in found]
    return sql.SQL(", ").join(sql.Literal(item) for item in items or [""])
