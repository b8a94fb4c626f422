"""The way to a holder on Windows: a named pipe for its owner alone.

Nobody else can open it, from no other machine, and Windows says for whom the processes at its ends
run. All that fails here means that there is no holder, so that each lease is a new one.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

from cli.holder import transport
from cli.holder.memory import Memory
from cli.holder.windows import Windows

_STARTED = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); from cli.holder.pipes import main; main()"
)
_DETACHED, _NEW_GROUP = 0x8, 0x200
"""No console, and so neither Ctrl-C nor a window that closes."""
_PAUSE = 0.02
"""Seconds between two looks for a holder that is starting."""


class Connection:
    """One message each way."""

    def __init__(self, windows: Windows, handle: int, *, patience: float) -> None:
        self._windows = windows
        self._handle = handle
        self._patience = patience

    def send(self, said: bytes) -> None:
        self._windows.write(self._handle, said, seconds=self._patience)

    def receive(self) -> bytes:
        return self._windows.read(self._handle, seconds=self._patience)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._windows.close(self._handle)


class Listener:
    """Raises OSError if there is a pipe of this name already, whosever it is."""

    def __init__(self, windows: Windows) -> None:
        self._windows = windows
        self._sid = windows.own_sid()
        self._name = pipe_name(self._sid, windows.own_level())
        self._next = self._end(first=True)

    def accept(self, seconds: float) -> Connection | None:
        if not self._windows.wait_for_client(self._next, seconds=seconds):
            return None
        # The next end is there before this one is closed: at no time is the name to be had.
        taken, self._next = self._next, self._end(first=False)
        try:
            known = self._windows.client_of(taken) == self._sid
        except OSError:
            known = False
        if known:
            patience = transport.SERVING_PATIENCE
            return Connection(self._windows, taken, patience=patience)
        self._windows.close(taken)
        return None

    def is_still(self) -> bool:
        """As long as it holds an end, the name is its own."""
        return True

    def close(self) -> None:
        self._windows.close(self._next)

    def _end(self, *, first: bool) -> int:
        return self._windows.create_pipe(
            self._name, descriptor=descriptor_of(self._sid), first=first
        )


def pipe_name(sid: str, level: int) -> str:
    """It has the version of what is spoken there. A user's processes of another integrity level
    have a holder of their own.
    """
    return rf"\\.\pipe\pam-mod046-leases-1-{sid}-{level}"


def descriptor_of(sid: str) -> str:
    """SDDL: the pipe is this user's, who may do all with it; protected, so that nothing is
    inherited, and nobody else may do anything.
    """
    return f"O:{sid}D:P(A;;FA;;;{sid})"


def can_be() -> bool:
    return sys.platform == "win32"


def connect() -> Connection | None:
    """To the holder; None if there is none. Raises NoPlaceError, OSError."""
    return reached(Windows())


def start() -> Connection | None:
    """The same to one that is started. Of two at once, one finds the name taken, and ends."""
    _start()
    windows = Windows()
    until = time.monotonic() + transport.ASKING_PATIENCE
    while (connection := reached(windows)) is None and time.monotonic() < until:
        time.sleep(_PAUSE)
    return connection


def main() -> None:
    """The holder."""
    from cli.holder.serving import serve

    windows = Windows()
    windows.leave_no_trace()
    serve(Listener(windows), Memory(began=time.time()))


def reached(windows: Windows) -> Connection | None:
    """Nothing is said before it is known whose the pipe is. The owner is what counts: the number of
    the process that made the pipe may meanwhile be another process's.
    """
    sid = windows.own_sid()
    name = pipe_name(sid, windows.own_level())
    handle = windows.open_pipe(name, seconds=transport.ASKING_PATIENCE)
    if handle is None:
        return None
    try:
        known = windows.owner_of(handle) == sid == windows.server_of(handle)
    except OSError:
        known = False
    if known:
        return Connection(windows, handle, patience=transport.ASKING_PATIENCE)
    windows.close(handle)
    message = f"{name} is the pipe of somebody else; end the process that made it"
    raise transport.NoPlaceError(message)


def _start() -> None:
    """A process with nothing of the starter's: neither console, folder, streams nor handles. The
    lease comes by the pipe; arguments and environment, which others can read, have none of it.
    """
    root = Path(__file__).resolve().parent.parent.parent
    environment = {name: os.environ[name] for name in transport.KEPT if name in os.environ}
    subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _STARTED, os.fspath(root)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=environment.get("SYSTEMROOT"),
        env=environment,
        creationflags=_DETACHED | _NEW_GROUP,
    )
