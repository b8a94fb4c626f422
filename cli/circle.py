"""A profile whose `credential_process` is `pam` must not be the one that `pam` signs with.

`pam` would start itself to get its own credentials, and that one again, without an end. So whatever
botocore starts is told for which profiles credentials are being found, and a `pam` that is asked
for one of them again says no. Each `pam` adds one profile, so a circle of any length ends.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cli.problems import Failure

VARIABLE = "PAM_FINDING_CREDENTIALS"
"""`PID:PROFILE`, one a line, of each `pam` that waits for this one."""
MARK = "gets its credentials from pam, which signs with that same profile"


def chosen(profile: str | None) -> str:
    """The name of the profile that botocore goes by."""
    named = os.environ.get("AWS_DEFAULT_PROFILE") or os.environ.get("AWS_PROFILE")
    return profile or named or "default"


@contextmanager
def told(profile: str | None) -> Iterator[None]:
    """What is started within knows that credentials of this profile are being found."""
    before = os.environ.get(VARIABLE)
    own = f"{os.getpid()}:{chosen(profile)}"
    if own in _lines(before):
        yield
        return
    os.environ[VARIABLE] = "\n".join([*_lines(before), own])
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(VARIABLE, None)
        else:
            os.environ[VARIABLE] = before


def check(session: Any, profile: str | None) -> None:
    """Raises Failure if another `pam` waits for this one to find the same profile's credentials.

    `session` is botocore's. Keys in the environment come before a profile that nobody named with
    --profile: nothing is started then.
    """
    by_name = session.instance_variables().get("profile") is not None
    if not by_name and os.environ.get("AWS_ACCESS_KEY_ID"):
        return
    name, own = chosen(profile), f"{os.getpid()}:"
    waiting = [line for line in _lines(os.environ.get(VARIABLE)) if not line.startswith(own)]
    if name in {line.partition(":")[2] for line in waiting}:
        message = (
            f"the profile {name!r} {MARK}; put `--profile` with one of your own right after `pam` "
            "in its credential_process (`pam configure` writes it so)"
        )
        raise Failure(message)


def _lines(value: str | None) -> list[str]:
    return value.split("\n") if value else []
