"""`pam login`: signs in, and says who one is then and where PAM is."""

import shutil
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from cli import circle, profiles, render
from cli.invocation import Invocation, command
from cli.problems import Failure
from cli.text import clean

_BY_SIGN_IN: Mapping[str, tuple[str, ...]] = {
    "sso_session": ("sso", "login"),
    "sso_start_url": ("sso", "login"),
    "login_session": ("login",),
}
"""Settings of a profile that somebody signs in to, and the AWS CLI's command for it."""


@command
def login(invocation: Invocation) -> None:
    """Sign in with your profile, and see whom PAM takes you for.

    The sign-in is the AWS CLI's: aws sso login. A profile with keys or another source of
    credentials needs none.
    """
    session = invocation.aws_session()
    known: Mapping[str, profiles.Settings] = session.full_config["profiles"]
    sign_in = _sign_in(circle.chosen(invocation.profile), known)
    if sign_in:
        _run(sign_in)
    api = invocation.api()
    me = api.get("/pam/me")
    document = {**me, "api_url": api.url, "signed_in": bool(sign_in)}
    invocation.emit(document, lambda: _say(document))


def _sign_in(name: str, known: Mapping[str, profiles.Settings]) -> list[str]:
    """The AWS CLI's words for a profile, or for the one that it is made from; empty for none."""
    way: list[str] = []
    current: str | None = name
    while current is not None and current not in way:
        way.append(current)
        settings = known.get(current, {})
        for setting, words in _BY_SIGN_IN.items():
            if setting in settings:
                return [*words, "--profile", current]
        current = profiles.signs_with(settings)
    return []


def _run(words: list[str]) -> None:
    """What it says goes to stderr: stdout is for what PAM answers. Raises Failure."""
    line = " ".join(["aws", *words])
    program = shutil.which("aws")
    if program is None:
        message = f"`{line}` signs you in, and the AWS CLI is not installed here; install its v2"
        raise Failure(message)
    sys.stdout.flush()
    ran = subprocess.run([program, *words], stdout=sys.stderr.fileno(), check=False)
    if ran.returncode:
        message = f"`{line}` failed (exit code {ran.returncode}); nobody is signed in"
        raise Failure(message)


def _say(document: Mapping[str, Any]) -> None:
    groups = ", ".join(clean(str(each)) for each in document.get("groups") or []) or "no group"
    who, domain = (clean(str(document.get(name) or "?")) for name in ("person", "domain"))
    render.put(f"{who} of {domain}: {groups}")
    render.put(f"PAM is at {clean(document['api_url'])}")
    if not document["signed_in"]:
        render.put("this profile needs no sign-in: its credentials have another source")
