"""Starts, finds and ends the PostgreSQL server of one local stack."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

from local.certificates import Authority
from local.postgres_process import AUTHORITY, SERVER_KEY, SUPERUSER
from local.state import CACHE, ROOT, write_private
from local.supervisor import end_group, record, recorded

_HOST = "localhost"
_READY_WITHIN = 30.0
_PORT_TRIES = 5
_LOG_LINES_TOLD = 15


class PostgresError(Exception):
    """The server did not start; the message says where to look."""


@dataclass(slots=True)
class Postgres:
    """A running server that ends with this process, unless handed over.

    `port` demands TLS; the certificate of `authority` is for `host`, and for no other name.
    `server_port` is what a server that was built without TLS has behind it.
    """

    host: str
    port: int
    server_port: int
    password: str
    folder: Path
    process: subprocess.Popen[bytes]
    lifeline: int

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

    def hand_over(self) -> None:
        """From here on it outlives this process."""
        os.write(self.lifeline, b"H")

    def end(self) -> None:
        end_group(self.process.pid)
        self.process.wait()
        os.close(self.lifeline)


_started: dict[int, Postgres] = {}
"""The servers that this process started: for those it did not hand over it is the lifeline."""


def running(folder: Path) -> bool:
    return recorded(folder / "process.json") is not None


def stop(folder: Path) -> bool:
    """Ends the server under `folder` and forgets its data. False if none was running."""
    process = recorded(folder / "process.json")
    if process is not None and process.pid in _started:
        _started.pop(process.pid).end()
    elif process is not None:
        end_group(process.pid)
    shutil.rmtree(folder, ignore_errors=True)
    return process is not None


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
    lines = (folder / "log").read_text(encoding="utf-8", errors="replace").splitlines()
    told = "\n".join(lines[-_LOG_LINES_TOLD:])
    message = f"PostgreSQL did not start; {folder / 'log'} ends with:\n{told}"
    raise PostgresError(message)


def start_again(folder: Path, password: str, port: int) -> Postgres | None:
    """A server on the data that is there. None if it does not come up on this port."""
    server_port = _free_port()
    reading, writing = os.pipe()
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PG", "PYTHON", "LC_", "LANG"))
    } | {"PYTHONPYCACHEPREFIX": str(CACHE / "bytecode")}
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "local.postgres_process", str(reading)),
                *(str(folder), str(port), str(server_port)),
            ],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=(reading,),
            start_new_session=True,
        )
    os.close(reading)
    server = Postgres(_HOST, port, server_port, password, folder, process, writing)
    try:
        if _ready(server):
            record(folder / "process.json", process.pid)
            _started[process.pid] = server
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
