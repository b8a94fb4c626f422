"""The holder's process: `main` is all that it does. It is started by `cli/holder/asking.py`."""

import ctypes
import json
import os
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from cli.holder import peers
from cli.holder.memory import Memory

LONGEST = 65536
"""Bytes of a line, either way."""
PATIENCE = 2.0
"""Seconds for one who has connected and says nothing."""
LOOK = 30.0
"""Seconds between two looks at whether there is anything left to do."""
_PR_SET_DUMPABLE = 4
_MOST_DESCRIPTORS = 65536
"""More than any login may have open."""


def main(descriptor: int, path: Path) -> None:
    """Answers at the listening socket with this descriptor until there is nothing left to hold."""
    _leave_no_trace()
    _keep_nothing_of_the_starter(descriptor)
    with socket.socket(fileno=descriptor) as listener:
        serve(listener, path, Memory(began=time.time()))


def serve(listener: socket.socket, path: Path, memory: Memory, *, look: float = LOOK) -> None:
    own = path.lstat().st_ino
    while (left := memory.left(time.time())) > 0 and _is_still(path, own):
        listener.settimeout(min(look, left))
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            continue
        with connection, suppress(OSError, RecursionError, ValueError):
            if not peers.is_oneself(connection):
                continue
            connection.settimeout(PATIENCE)
            asked = json.loads(read_line(connection))
            if isinstance(asked, dict):
                answer = memory.answer(asked, now=time.time())
                send_line(connection, answer | {"pid": os.getpid()})
    if _is_still(path, own):
        path.unlink(missing_ok=True)


def read_line(connection: socket.socket) -> bytes:
    """Raises ValueError for a line that is too long or cut off, OSError if it does not come."""
    line = bytearray()
    until = time.monotonic() + PATIENCE
    while not line.endswith(b"\n"):
        if len(line) > LONGEST or time.monotonic() > until:
            message = "no line of that length"
            raise ValueError(message)
        part = connection.recv(LONGEST)
        if not part:
            message = "cut off"
            raise ValueError(message)
        line += part
    return bytes(line)


def send_line(connection: socket.socket, document: dict[str, Any]) -> None:
    connection.sendall(json.dumps(document).encode() + b"\n")


def _is_still(path: Path, inode: int) -> bool:
    """Another holder may have taken the place, or the login is over and its folder is gone."""
    try:
        return path.lstat().st_ino == inode
    except OSError:
        return False


def _keep_nothing_of_the_starter(descriptor: int) -> None:
    """Its terminal, folder, locks and pipes would last as long as the leases."""
    with suppress(OSError):
        os.setsid()
    os.chdir("/")
    os.closerange(3, descriptor)
    os.closerange(descriptor + 1, _MOST_DESCRIPTORS)


def _leave_no_trace() -> None:
    """No core dump, and on Linux no look into the memory by others of this user's processes."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
