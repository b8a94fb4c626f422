"""Database logins as their holders try them: at the real server, with the driver alone."""

import tempfile
from collections.abc import Mapping
from functools import cache
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
        **known_by(login["sslmode"], login["sslrootcert"]),
        **other,
    )


def known_by(sslmode: str, sslrootcert: str | None) -> dict[str, Any]:
    """How the driver is told what a lease says of the server."""
    roots = {"sslrootcert": _file_of(sslrootcert)} if sslrootcert else {}
    return {"sslmode": sslmode, **roots}


_files = tempfile.TemporaryDirectory(prefix="pam-roots-")


@cache
def _file_of(pem: str) -> str:
    with tempfile.NamedTemporaryFile("w", dir=_files.name, suffix=".pem", delete=False) as file:
        file.write(pem)
    return file.name


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
