"""The certificates by which a database is known, in a file, because libpq takes no others.

They are no secret, but a change to them changes which server is believed. So the file lies in
a folder that only the user may enter, and is compared with what the lease says before each use.
"""

import errno
import os
import stat
import sys
import tempfile
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from cli.problems import Failure, one_line

_FOLDER = "pam-mod046"
_FOLDER_MODE = 0o700
_FILE_MODE = 0o600
_WINDOWS = os.name == "nt"
"""It has neither these modes nor user ids; a folder's own list says who may enter."""
_READ = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    # Not blocking: a pipe in the file's place would hold this up for ever.
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
)


def stored(pem: str) -> Path:
    """A file that has exactly `pem`, for the user alone; written if there is none. Raises Failure
    if that is impossible, or if something else has taken the place of file or folder.
    """
    content = pem.encode()
    path = _cache() / _FOLDER / f"{sha256(content).hexdigest()}.pem"
    try:
        _make_private(path.parent)
        if not _has(path, content):
            _write(path, content)
    except OSError as error:
        message = f"the database's certificate authority cannot be kept: {one_line(error)}"
        raise Failure(message) from error
    return path


def _cache() -> Path:
    if _WINDOWS:
        # Of the user's profile, which others may not enter.
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    named = os.environ.get("XDG_CACHE_HOME", "")
    if named.startswith("/"):
        return Path(named)
    return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")


def _make_private(folder: Path) -> None:
    folder.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    with suppress(FileExistsError):
        folder.mkdir(mode=_FOLDER_MODE)
    about = folder.lstat()
    if not stat.S_ISDIR(about.st_mode) or not _is_own(about):
        message = f"{folder} is not a folder of your own; remove it"
        raise Failure(message)
    if stat.S_IMODE(about.st_mode) != _FOLDER_MODE:
        folder.chmod(_FOLDER_MODE)


def _has(path: Path, content: bytes) -> bool:
    """Whether the file is as `_write` leaves it. Its name proves nothing."""
    try:
        descriptor = os.open(path, _READ)
    except FileNotFoundError:
        return False
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        message = f"{path} is a link to another file; remove it"
        raise Failure(message) from error
    try:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            message = f"{path} is not a regular file; remove it"
            raise Failure(message)
        private = _WINDOWS or stat.S_IMODE(about.st_mode) == _FILE_MODE
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return private and _is_own(about) and file.read(len(content) + 1) == content
    finally:
        os.close(descriptor)


def _is_own(about: os.stat_result) -> bool:
    return _WINDOWS or about.st_uid == os.geteuid()


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all: another `pam` may read it at the same time."""
    descriptor, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
