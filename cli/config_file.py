"""One profile put into the AWS config file, and not one other byte of it changed.

The file is a person's own: its comments, order, line ends, permissions and the link by which it is
reached stay. What botocore reads of it before and after is compared before it takes its place.
"""

import os
import re
import shlex
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cli.problems import Failure, one_line

_HEADER = re.compile(r"\[(?P<name>.+)\]")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")


def place() -> Path:
    """Where botocore looks for it, and inside `pam exec` where the person's own is."""
    return _own("AWS_CONFIG_FILE", "config")


def keys_place() -> Path:
    """The same for the credentials file."""
    return _own("AWS_SHARED_CREDENTIALS_FILE", "credentials")


def _own(variable: str, name: str) -> Path:
    named = os.environ.get(f"PAM_{variable}") or os.environ.get(variable)
    return Path(named or f"~/.aws/{name}").expanduser()


def read(path: Path) -> dict[str, Any]:
    """As botocore parses it; without a file, no profiles. Raises Failure for one that is broken."""
    from botocore.configloader import build_profile_map, load_config
    from botocore.exceptions import ConfigNotFound, ConfigParseError

    try:
        return dict(load_config(os.fspath(path)))
    except ConfigNotFound:
        return dict(build_profile_map({}))
    except (ConfigParseError, ValueError) as error:
        message = f"{path} cannot be read as a config file: {one_line(error)}"
        raise Failure(message) from error


def write(path: Path, name: str, settings: Mapping[str, str], *, kept: frozenset[str]) -> bool:
    """Puts the settings into `[profile NAME]`, save those of `kept` that it has already. Whether
    anything had to be changed. Raises Failure, and then nothing is changed.
    """
    before = read(path)
    had: Mapping[str, Any] = before["profiles"].get(name, {})
    new = {key: value for key, value in settings.items() if not (key in kept and key in had)}
    if all(had.get(key) == value for key, value in new.items()):
        return False
    wanted = before | {"profiles": before["profiles"] | {name: {**had, **new}}}
    try:
        _replace(Path(os.path.realpath(path)), name, new, wanted)
    except (OSError, UnicodeError) as error:
        message = f"{path} cannot be written: {one_line(error)}; nothing was changed"
        raise Failure(message) from error
    return True


def _replace(path: Path, name: str, new: Mapping[str, str], wanted: dict[str, Any]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    about = path.stat() if path.exists() else None
    if about and not stat.S_ISREG(about.st_mode):
        message = f"{path} is not a regular file"
        raise Failure(message)
    content = path.read_bytes() if about else b""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(edited(content.decode(), name, new).encode())
            file.flush()
            if about:
                _become_like(file.fileno(), about)
            os.fsync(file.fileno())
        if read(Path(temporary)) != wanted or (about and path.read_bytes() != content):
            lines = "; ".join(f"{key} = {value}" for key, value in new.items())
            message = f"{path} cannot be edited safely; add to [profile {name}]: {lines}"
            raise Failure(message)
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _become_like(descriptor: int, about: os.stat_result) -> None:
    if hasattr(os, "fchown"):
        now = os.fstat(descriptor)
        if (now.st_uid, now.st_gid) != (about.st_uid, about.st_gid):
            os.fchown(descriptor, about.st_uid, about.st_gid)
        os.fchmod(descriptor, stat.S_IMODE(about.st_mode))


def edited(text: str, name: str, new: Mapping[str, str]) -> str:
    """`text` with the settings in the profile's section, which is added at the end if need be."""
    end = "\r\n" if "\r\n" in text else "\n"
    lines = _LINE.findall(text)
    at = next((index for index, line in enumerate(lines) if _names(line, name)), None)
    if at is None:
        if lines and not lines[-1].endswith("\n"):
            lines[-1] += end
        if lines and lines[-1].strip():
            lines.append(end)
        lines.append(f"[profile {name}]{end}")
        at = len(lines) - 1
    after = next(
        (index for index in range(at + 1, len(lines)) if lines[index].startswith("[")), len(lines)
    )
    section = lines[at:after]
    if not section[-1].endswith("\n"):
        section[-1] += end
    for key, value in reversed(list(new.items())):
        section = _with_setting(section, key, f"{key} = {value}{end}")
    return "".join([*lines[:at], *section, *lines[after:]])


def _with_setting(section: list[str], key: str, line: str) -> list[str]:
    """In the place of the old one and of the lines that go on with it, else first of all."""
    setting = re.compile(rf"{re.escape(key)}\s*[=:]", re.IGNORECASE)
    at = next((index for index, each in enumerate(section) if setting.match(each)), None)
    if at is None:
        return [section[0], line, *section[1:]]
    after = at + 1
    while after < len(section) and section[after][:1] in {" ", "\t"} and section[after].strip():
        after += 1
    return [*section[:at], line, *section[after:]]


def _names(line: str, name: str) -> bool:
    header = _HEADER.match(line)
    if header is None:
        return False
    try:
        return shlex.split(header["name"]) == ["profile", name]
    except ValueError:
        return False
