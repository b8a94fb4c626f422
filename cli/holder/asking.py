"""Asks the holder of one's own login, and starts it when there is a first lease to hold.

Whatever goes wrong, the answer is that nothing is held: a lease is then got from PAM as always.
"""

import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from cli.holder import peers, place, serving

SWITCH = "PAM_LEASE_HOLDER"
"""`off`: nothing is held, and each lease is a new one."""
PATIENCE = 3.0
"""Seconds for an answer; a holder that has just been started takes a tenth of one."""
_STARTED = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); "
    "from pathlib import Path; from cli.holder.serving import main; "
    "main(int(sys.argv[1]), Path(sys.argv[2]))"
)


def get(key: str) -> dict[str, Any] | None:
    entry = _ask({"act": "get", "key": key}).get("entry")
    return entry if isinstance(entry, dict) else None


def put(key: str, entry: dict[str, Any]) -> None:
    _ask({"act": "put", "key": key, "entry": entry}, start=True)


def drop(key: str) -> None:
    _ask({"act": "drop", "key": key})


def end(session_id: str) -> None:
    """Forgets all leases of a session that is given back."""
    _ask({"act": "end", "session": session_id})


def status() -> dict[str, Any]:
    """`held`, `until` (seconds since 1970) and `pid` of a holder that runs; empty without one.
    Raises NoPlaceError where there can be none.
    """
    if not can_be():
        message = f"{SWITCH} is off, or this system has no sockets that say who is at the other end"
        raise place.NoPlaceError(message)
    place.check_socket(place.socket_path(place.folder()))
    return _ask({"act": "status"})


def can_be() -> bool:
    if os.environ.get(SWITCH) == "off":
        return False
    return hasattr(socket, "AF_UNIX") and hasattr(os, "posix_spawn") and peers.can_be_known()


def _ask(document: dict[str, Any], *, start: bool = False) -> dict[str, Any]:
    if not can_be():
        return {}
    try:
        path = place.socket_path(place.folder())
        connection = _reached(path) or (_started(path) if start else None)
        if connection is None:
            return {}
        with connection:
            if not peers.is_oneself(connection):
                return {}
            serving.send_line(connection, document)
            answer = json.loads(serving.read_line(connection))
    except (place.NoPlaceError, OSError, ValueError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _reached(path: Path) -> socket.socket | None:
    """A connection to the holder; None if there is none."""
    if not place.check_socket(path):
        return None
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(PATIENCE)
    try:
        connection.connect(os.fspath(path))
    except (ConnectionRefusedError, FileNotFoundError):
        # Left behind by one that was ended from outside, or just over.
        connection.close()
        return None
    except OSError:
        connection.close()
        raise
    return connection


def _started(path: Path) -> socket.socket | None:
    with _alone(path.parent):
        connection = _reached(path)
        if connection is None:
            _start(path)
            connection = _reached(path)
        return connection


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One `pam` at a time starts a holder. Raises TimeoutError."""
    import fcntl

    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        until = time.monotonic() + PATIENCE
        while True:
            with suppress(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            if time.monotonic() > until:
                raise TimeoutError
            time.sleep(0.02)
        yield
    finally:
        os.close(descriptor)


def _start(path: Path) -> None:
    """Listens, and hands the listening socket to a process of its own: it can be spoken to at once,
    whenever that process is ready. The lease comes over the socket; arguments and environment,
    which others can read, have none of it.
    """
    import fcntl

    path.unlink(missing_ok=True)
    root = Path(__file__).resolve().parent.parent.parent
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.fspath(path))
        path.chmod(0o600)
        listener.listen(16)
        # Past the three that are opened anew below; unlike what Python opens, it is inherited.
        descriptor = fcntl.fcntl(listener, fcntl.F_DUPFD, 10)
        nowhere = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ]
        words = [sys.executable, "-I", "-S", "-c", _STARTED]
        words += [os.fspath(root), str(descriptor), os.fspath(path)]
        kept = {"PATH", "LANG", "LC_ALL", "TZ"}
        environment = {name: value for name, value in os.environ.items() if name in kept}
        try:
            os.posix_spawn(sys.executable, words, environment, file_actions=nowhere)
        finally:
            os.close(descriptor)
