"""Starts, finds and ends the PostgreSQL server of one local stack."""

import os
import secrets
import shutil
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

from local.certificates import Authority
from local.postgres_process import AUTHORITY, SERVER_KEY, SUPERUSER
from local.process_groups import Started, end_recorded, last_lines, launch, record, recorded
from local.state import CACHE, write_private

_HOST = "localhost"
_READY_WITHIN = 30.0
_PORT_TRIES = 5
_PROCESS = "process.json"


class PostgresError(Exception):
    """The server did not start; the message says where to look."""


@dataclass(slots=True)
class Postgres(Started):
    """A running server.

    `port` demands TLS; the certificate of `authority` is for `host`, and for no other name.
    `server_port` is what a server that was built without TLS has behind it.
    """

    host: str
    port: int
    server_port: int
    password: str
    folder: Path

    @property
    def authority(self) -> Path:
        return self.folder / AUTHORITY

    def superuser(self, dbname: str = "postgres") -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(
            host=self.host,
            port=self.port,
            dbname=dbname,
            user=SUPERUSER,
            password=self.password,
            sslmode="verify-full",
            sslrootcert=str(self.authority),
            autocommit=True,
        )


def running(folder: Path) -> bool:
    return recorded(folder / _PROCESS) is not None


def stop(folder: Path) -> bool:
    """Ends the server under `folder` and forgets its data. False if none was running."""
    ended = end_recorded(folder / _PROCESS)
    shutil.rmtree(folder, ignore_errors=True)
    return ended


def start(folder: Path) -> Postgres:
    """A fresh server under `folder`, on a free port of the loopback interface, once it answers."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    password = secrets.token_urlsafe(24)
    write_private(folder / "password", password)
    authority = Authority.new()
    (folder / AUTHORITY).write_text(authority.pem, encoding="ascii")
    write_private(folder / SERVER_KEY, authority.server(_HOST).decode())
    # Shows the passwords with which the databases are set up.
    (folder / "log").touch(mode=0o600)
    for _ in range(_PORT_TRIES):
        server = start_again(folder, password, _free_port())
        if server is not None:
            return server
    told = last_lines(folder / "log")
    message = f"PostgreSQL did not start; {folder / 'log'} ends with:\n{told}"
    raise PostgresError(message)


def start_again(folder: Path, password: str, port: int) -> Postgres | None:
    """A server on the data that is there. None if it does not come up on this port."""
    server_port = _free_port()
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PG", "PYTHON", "LC_", "LANG"))
    } | {"PYTHONPYCACHEPREFIX": str(CACHE / "bytecode")}
    with (folder / "log").open("ab") as log:
        process, lifeline = launch(
            lambda descriptor: [
                *(sys.executable, "-m", "local.postgres_process", descriptor),
                *(str(folder), str(port), str(server_port)),
            ],
            environment,
            log,
        )
    server = Postgres(process, lifeline, _HOST, port, server_port, password, folder)
    try:
        if _ready(server):
            record(folder / _PROCESS, server)
            return server
    except BaseException:
        server.end()
        raise
    server.end()
    return None


def _ready(server: Postgres) -> bool:
    """Whether it is this server that answers: no other knows its password."""
    deadline = time.monotonic() + _READY_WITHIN
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            with server.superuser():
                return True
        except psycopg.OperationalError:
            time.sleep(0.02)
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
