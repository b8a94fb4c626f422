"""Database logins as their holders try them: at the real server, with the driver alone."""

from collections.abc import Mapping
from typing import Any

import psycopg

Connection = psycopg.Connection[tuple[Any, ...]]


def connect(login: Mapping[str, Any], **other: Any) -> Connection:
    """`login` is a lease, or has its fields. Raises psycopg.OperationalError."""
    return psycopg.connect(
        host=login["host"],
        port=login["port"],
        dbname=login["dbname"],
        user=login["username"],
        password=login["password"],
        autocommit=True,
        **other,
    )


def is_let_in(login: Mapping[str, Any]) -> bool:
    try:
        connect(login).close()
    except psycopg.OperationalError:
        return False
    return True


def is_cut(connection: Connection) -> bool:
    try:
        connection.execute("SELECT 1")
    except psycopg.OperationalError:
        connection.close()
        return True
    return False
