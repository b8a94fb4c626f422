"""The folder with the holder's socket: one's own, closed to all others, and reached by no link."""

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from cli.holder.transport import NoPlaceError

_PRIVATE = 0o700
_LONGEST = 100
"""Bytes of a socket's path; systems take 104 or 108."""


def folder() -> Path:
    """Below XDG_RUNTIME_DIR, else below the folder for temporary files; made if it is not there.
    Raises NoPlaceError.
    """
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if runtime.startswith("/"):
        with suppress(NoPlaceError, OSError):
            _check_private(Path(runtime))
            return _own(Path(runtime) / "pam-mod046")
    try:
        below = Path(tempfile.gettempdir()).resolve()
        _check_nobody_moves_things_in(below)
        return _own(below / f"pam-mod046-{os.geteuid()}")
    except OSError as error:
        message = f"no folder for the lease holder: {error}"
        raise NoPlaceError(message) from error


def socket_path(there: Path) -> Path:
    """Its name has the version of what is spoken there. Raises NoPlaceError for one too long."""
    path = there / "leases-1"
    if len(os.fsencode(path)) > _LONGEST:
        message = f"{path} is too long for the name of a socket"
        raise NoPlaceError(message)
    return path


def check_socket(path: Path) -> bool:
    """Whether there is a socket. Raises NoPlaceError for anything else, and for somebody else's."""
    try:
        about = path.lstat()
    except FileNotFoundError:
        return False
    if not stat.S_ISSOCK(about.st_mode) or about.st_uid != os.geteuid():
        message = f"{path} is not a socket of your own; remove it"
        raise NoPlaceError(message)
    return True


def _own(path: Path) -> Path:
    with suppress(FileExistsError):
        path.mkdir(mode=_PRIVATE)
    _check_private(path)
    return path


def _check_private(path: Path) -> None:
    about = path.lstat()
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.geteuid():
        message = f"{path} is not a folder of your own; remove it"
        raise NoPlaceError(message)
    if stat.S_IMODE(about.st_mode) & 0o077:
        message = f"others may enter {path}; `chmod 700` it"
        raise NoPlaceError(message)


def _check_nobody_moves_things_in(path: Path) -> None:
    """In a folder that others write to, only the sticky bit keeps one's own folder in its place."""
    about = path.lstat()
    sticky = bool(about.st_mode & stat.S_ISVTX)
    if about.st_uid not in {0, os.geteuid()} or (about.st_mode & 0o022 and not sticky):
        message = f"others may move what is in {path}"
        raise NoPlaceError(message)
