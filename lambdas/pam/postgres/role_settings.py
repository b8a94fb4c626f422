"""What an account sets for its own logins (`ALTER ROLE ... SET`), kept and put back.

A borrower may write these. Left alone they would meet the next borrower and the owner's own jobs: a
search path with other functions in it, a time-out that lets nobody work.
"""

import re
from collections.abc import Mapping

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


def restore(connection: Connection, account: str, wanted: Settings) -> list[str]:
    """Makes the account's settings these and no others; only what differs is written. Returns the
    differences, as `setting NAME put back` with the database where it is for one; also those that
    could not be put back, which keep nothing else from being done.
    """
    differences = []
    there = read(connection, account)
    for database in sorted({*there, *wanted}):
        now, before = there.get(database, {}), wanted.get(database, {})
        for name in sorted({*now, *before}):
            if now.get(name) == before.get(name):
                continue
            what = f"setting {name}" + (f" in {database}" if database else "")
            try:
                _write(connection, account, database, name, before.get(name))
                what += " put back"
            except psycopg.Error as error:
                if connection.broken:
                    raise
                what += f" stays ({error.sqlstate})"
            differences.append(what)
    return differences


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
