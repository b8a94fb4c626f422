"""The way to a holder by a Unix socket, in a folder of one's own (`place.py`)."""

import ctypes
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from cli.holder import peers, place, transport
from cli.holder.memory import Memory

_STARTED = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); "
    "from pathlib import Path; from cli.holder.sockets import main; "
    "main(int(sys.argv[1]), Path(sys.argv[2]))"
)
_PR_SET_DUMPABLE = 4
_MOST_DESCRIPTORS = 65536
"""More than any login may have open."""


class Connection:
    """One line each way."""

    def __init__(self, to: socket.socket, *, patience: float) -> None:
        self._to = to
        self._patience = patience
        to.settimeout(patience)

    def send(self, said: bytes) -> None:
        self._to.sendall(said + b"\n")

    def receive(self) -> bytes:
        line = bytearray()
        until = time.monotonic() + self._patience
        while not line.endswith(b"\n"):
            if len(line) > transport.LONGEST or time.monotonic() > until:
                message = "no line of that length"
                raise OSError(message)
            part = self._to.recv(transport.LONGEST)
            if not part:
                message = "cut off"
                raise OSError(message)
            line += part
        return bytes(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._to.close()


class Listener:
    def __init__(self, at: socket.socket, path: Path) -> None:
        self._at = at
        self._path = path
        self._inode = path.lstat().st_ino

    def accept(self, seconds: float) -> Connection | None:
        self._at.settimeout(seconds)
        try:
            taken, _ = self._at.accept()
        except TimeoutError:
            return None
        if peers.is_oneself(taken):
            return Connection(taken, patience=transport.SERVING_PATIENCE)
        taken.close()
        return None

    def is_still(self) -> bool:
        """Another holder may have taken the place, or the login is over and its folder is gone."""
        try:
            return self._path.lstat().st_ino == self._inode
        except OSError:
            return False

    def close(self) -> None:
        if self.is_still():
            self._path.unlink(missing_ok=True)
        self._at.close()


def can_be() -> bool:
    return hasattr(socket, "AF_UNIX") and hasattr(os, "posix_spawn") and peers.can_be_known()


def connect() -> Connection | None:
    """To the holder; None if there is none. Raises NoPlaceError, OSError."""
    return _reached(place.socket_path(place.folder()))


def start() -> Connection | None:
    """The same to one that is started if there is none."""
    path = place.socket_path(place.folder())
    with _alone(path.parent):
        connection = _reached(path)
        if connection is None:
            _start(path)
            connection = _reached(path)
        return connection


def main(descriptor: int, path: Path) -> None:
    """The holder: listens at the socket with this descriptor."""
    from cli.holder.serving import serve

    _leave_no_trace()
    _keep_nothing_of_the_starter(descriptor)
    listener = Listener(socket.socket(fileno=descriptor), path)
    serve(listener, Memory(began=time.time()))


def _reached(path: Path) -> Connection | None:
    if not place.check_socket(path):
        return None
    to = socket.socket(socket.AF_UNIX)
    connection = Connection(to, patience=transport.ASKING_PATIENCE)
    try:
        to.connect(os.fspath(path))
    except (ConnectionRefusedError, FileNotFoundError):
        # Left behind by one that was ended from outside, or just over.
        to.close()
        return None
    except OSError:
        to.close()
        raise
    if not peers.is_oneself(to):
        to.close()
        message = f"somebody else listens at {path}; remove it"
        raise transport.NoPlaceError(message)
    return connection


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One `pam` at a time starts a holder. Raises TimeoutError."""
    import fcntl

    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        until = time.monotonic() + transport.ASKING_PATIENCE
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
        environment = {name: os.environ[name] for name in transport.KEPT if name in os.environ}
        try:
            os.posix_spawn(sys.executable, words, environment, file_actions=nowhere)
        finally:
            os.close(descriptor)


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
