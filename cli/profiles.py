"""Profiles whose `credential_process` is `pam`: how that line is made, read and followed.

Nothing here reads or writes a file; `settings` are a profile's, as botocore parses them.
"""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cli.problems import Failure

Settings = Mapping[str, Any]
OTHER_WAYS = frozenset(
    {
        "aws_access_key_id",
        "aws_secret_access_key",
        "credential_source",
        "login_session",
        "role_arn",
        "source_profile",
        "sso_account_id",
        "sso_role_name",
        "sso_session",
        "sso_start_url",
        "web_identity_token_file",
    }
)
"""Settings by which a profile has credentials of its own."""
_TAKING_A_VALUE = frozenset({"--profile", "--env", "--region", "--api-url"})
_ENDING = ("--format", "process")


def this_command() -> list[str]:
    """The words that start this very `pam` from anywhere. Raises Failure if that is not known."""
    named = shutil.which(sys.argv[0]) if Path(sys.argv[0]).stem == "pam" else None
    beside = shutil.which("pam", path=os.fspath(Path(sys.executable).parent))
    found = named or beside or shutil.which("pam")
    if not found:
        message = "the path of pam itself is not known; put it on the PATH"
        raise Failure(message)
    # Not resolved: a link to the installed command outlives the next version of it.
    return [os.path.abspath(found)]  # noqa: PTH100 (Path.absolute keeps `..`)


def joined(words: list[str]) -> str:
    """One line that botocore splits into exactly these words. Raises Failure if there is none."""
    from botocore.compat import compat_shell_split

    line = subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)
    if not line.isprintable() or compat_shell_split(line) != words:
        message = f"there is no way to write this into a config file: {line!a}"
        raise Failure(message)
    return line


def resource_of(settings: Settings) -> str | None:
    """What a profile that `pam configure` wrote borrows; None for every other profile."""
    words = _pam_words(settings)
    if words is None or set(settings) & OTHER_WAYS:
        return None
    return words[-3]


def signs_with(settings: Settings) -> str | None:
    """The profile from which this one gets its credentials; None where that is no profile.

    `pam` without `--profile` goes by AWS_PROFILE, which is the profile itself where that is used.
    """
    source = settings.get("source_profile")
    if isinstance(source, str):
        return source
    words = _pam_words(settings)
    if words is None or "--profile" not in words:
        return None
    return words[words.index("--profile") + 1]


def circle_from(name: str, profiles: Mapping[str, Settings]) -> list[str]:
    """The profiles of the circle into which `name` leads, in order; empty if it leads into none."""
    way: list[str] = []
    current: str | None = name
    while current is not None and current not in way:
        way.append(current)
        settings = profiles.get(current, {})
        following = signs_with(settings)
        if following is None and _pam_words(settings) is not None:
            return [current]
        current = following
    return way[way.index(current) :] if current is not None else []


def _pam_words(settings: Settings) -> list[str] | None:
    """The words of a `credential_process` that ends in what `pam` takes for it."""
    from botocore.compat import compat_shell_split

    line = settings.get("credential_process")
    if not isinstance(line, str):
        return None
    try:
        words: list[str] = compat_shell_split(line)
    except ValueError:
        return None
    if len(words) < len(_ENDING) + 3 or tuple(words[-2:]) != _ENDING or words[-4] != "credentials":
        return None
    options = words[1:-4]
    if len(options) % 2 or not set(options[::2]) <= _TAKING_A_VALUE:
        return None
    return words
