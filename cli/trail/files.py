"""The files of an exported trail: written for nobody but their owner, and read as what a stranger
handed over.

What is read must be a regular file of the folder itself, and of bounded size: a link may lead
anywhere, a pipe is never at its end, and a device answers in its own way.
"""

import base64
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)
"""Opening a pipe would otherwise wait for somebody to write to it. Windows has neither flag."""
_MEGABYTE = 1 << 20
MOST_OF_A_LINE = _MEGABYTE
"""CloudWatch takes no longer event, so no record is longer."""
MOST_OF_A_FILE = 16 * _MEGABYTE
"""Of one that is read whole; a checkpoint of 20,000 leaves has 4 MB. As JSON it takes many times as
much in memory, if somebody makes it so.
"""
MOST_OF_ALL = 16 * 1024 * _MEGABYTE

_BEGIN, _END = "-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----"
_PEM_LINE = 64
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
BYTE_ORDER_MARK = "a byte order mark was put before it, as some editors do"
LINE_ENDS = (
    "line ends were changed (CRLF), as git's autocrlf and some editors do; "
    "convert them back, or export again"
)


class Unreadable(Exception):
    """A file of the trail is missing or is not what it should be."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where = where
        self.why = why


class Folder:
    """A folder that somebody handed over. Every method raises Unreadable. Names are relative, with
    `/` between a part and its file.
    """

    def __init__(self, path: Path, *, most: int = MOST_OF_ALL) -> None:
        self._path = path
        self._left = most

    def has(self, name: str) -> bool:
        return os.path.lexists(self._path / name)

    def names(self, part: str) -> Iterator[str]:
        """Of what lies in a part of the folder, in no order; none if it is not there."""
        path = self._path / part
        if not os.path.lexists(path):
            return
        self._check_part(part)
        try:
            with os.scandir(path) as entries:
                yield from (entry.name for entry in entries)
        except OSError as error:
            raise Unreadable(part, _reason(error)) from error

    def text(self, name: str, most: int = MOST_OF_A_FILE) -> str:
        """The whole file. Line ends that something changed are named as such."""
        with self._open(name) as opened:
            raw = self._taken(opened.read(most + 1))
        if len(raw) > most:
            raise Unreadable(name, f"larger than {most:,} bytes")
        if raw.startswith(_BYTE_ORDER_MARK):
            raise Unreadable(name, BYTE_ORDER_MARK)
        if b"\r\n" in raw:
            raise Unreadable(name, LINE_ENDS)
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Unreadable(name, "not a text") from error

    def json(self, name: str, most: int = MOST_OF_A_FILE) -> Any:
        text = self.text(name, most)
        try:
            return json.loads(text, object_pairs_hook=once_each)
        except (RecursionError, ValueError) as error:
            raise Unreadable(name, "not JSON in which each key stands once") from error

    def lines(self, name: str) -> Iterator[tuple[int, bytes]]:
        """With their ends, numbered from 1. Only a line feed ends one: texts may hold other line
        separators. A carriage return before it was put there by something.
        """
        number = 0
        with self._open(name) as opened:
            while line := self._taken(opened.readline(MOST_OF_A_LINE + 1)):
                number += 1
                if len(line) > MOST_OF_A_LINE:
                    where = f"{name} line {number}"
                    raise Unreadable(where, f"over {MOST_OF_A_LINE:,} bytes long")
                if number == 1 and line.startswith(_BYTE_ORDER_MARK):
                    raise Unreadable(name, BYTE_ORDER_MARK)
                if line.endswith(b"\r\n"):
                    where = f"{name} line {number}"
                    raise Unreadable(where, LINE_ENDS)
                yield number, line

    def public_key(self, name: str) -> bytes:
        """SubjectPublicKeyInfo, DER, from PEM in its one form."""
        text = self.text(name)
        body = text.strip().removeprefix(_BEGIN).removesuffix(_END)
        try:
            key = base64.b64decode("".join(body.split()), validate=True)
        except ValueError as error:
            raise Unreadable(name, "not a public key in PEM") from error
        if not key or text != pem(key):
            raise Unreadable(name, "not a public key in PEM")
        return key

    def _taken(self, raw: bytes) -> bytes:
        self._left -= len(raw)
        if self._left < 0:
            raise Unreadable(str(self._path), "larger than any trail that pam exports")
        return raw

    def _open(self, name: str) -> BinaryIO:
        part, _, _ = name.rpartition("/")
        if part:
            self._check_part(part)
        return open_regular(self._path / name, name)

    def _check_part(self, part: str) -> None:
        try:
            found = os.lstat(self._path / part)
        except OSError as error:
            raise Unreadable(part, _reason(error)) from error
        if not stat.S_ISDIR(found.st_mode):
            raise Unreadable(part, "not a folder")


def open_regular(path: Path, name: str) -> BinaryIO:
    """A regular file, by its own name and through no link. Raises Unreadable."""
    try:
        # Looked at before it is opened, because opening some devices does something.
        if not stat.S_ISREG(os.lstat(path).st_mode):
            raise Unreadable(name, "not a regular file")
        number = os.open(path, os.O_RDONLY | _NO_LINK | _NO_WAIT | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise Unreadable(name, _reason(error)) from error
    opened = os.fdopen(number, "rb")
    # And again, in case it was replaced in between.
    if not stat.S_ISREG(os.fstat(number).st_mode):
        opened.close()
        raise Unreadable(name, "not a regular file")
    return opened


def once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON. Raises ValueError for a key given twice, of which readers take either."""
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "a key is given twice"
        raise ValueError(message)
    return found


def pem(public_key: bytes) -> str:
    """SubjectPublicKeyInfo, DER, as PEM."""
    encoded = base64.b64encode(public_key).decode()
    lines = (encoded[at : at + _PEM_LINE] for at in range(0, len(encoded), _PEM_LINE))
    return "\n".join([_BEGIN, *lines, _END, ""])


def make_private_folder(path: Path) -> None:
    """For its owner alone, also if it was there before."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)


def create_private(path: Path) -> BinaryIO:
    """A new file for its owner alone, from its first instant. Raises FileExistsError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(path, flags, 0o600), "wb")


def write_private(path: Path, text: str) -> None:
    with create_private(path) as opened:
        opened.write(text.encode("utf-8"))


def _reason(error: OSError) -> str:
    return "missing" if isinstance(error, FileNotFoundError) else error.strerror or str(error)
