"""A lease as text that a shell reads: no value can be anything but a value there.

`unset` and its likes stand first, for whatever else `pam exec` keeps from its child: an SDK that
goes by a profile, and a libpq that goes by a service, would otherwise stay who they were.
"""

import re
import shlex
from collections.abc import Callable, Mapping

from cli.child_environment import OLDER
from cli.lease import OTHER_IDENTITIES, DatabaseLease, Lease

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_RUNS = re.compile(r"([ -~]+)|([^ -~]+)")
"""Plain ASCII, and all else."""


def exports(lease: Lease, environment: Mapping[str, str]) -> str:
    """For `eval "$(pam credentials ID)"`. `environment` is what the shell may have set itself."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in lease.environment().items()]
    return "\n".join([f"unset {' '.join(to_unset(lease, environment))}", *lines])


def powershell(lease: Lease, environment: Mapping[str, str]) -> str:
    """For `pam credentials ID --format powershell | Out-String | Invoke-Expression`."""
    lines = [
        f"$env:{name} = {powershell_quoted(value)}" for name, value in lease.environment().items()
    ]
    paths = ", ".join(f"Env:{name}" for name in to_unset(lease, environment))
    return "\n".join([f"Remove-Item -ErrorAction SilentlyContinue -Path {paths}", *lines])


def fish(lease: Lease, environment: Mapping[str, str]) -> str:
    """For `pam credentials ID --format fish | source`.

    A universal variable is the person's setting for all their shells. It is not taken away; they
    are told that it is in the way.
    """
    lines = [f"set -gx {name} {fish_quoted(value)}" for name, value in lease.environment().items()]
    names = " ".join(to_unset(lease, environment))
    unset = (
        f"for __pam in {names}; set -eg $__pam; set -q $__pam; "
        'and echo "pam: $__pam is still set here: set -e $__pam" >&2; end; set -e __pam'
    )
    return "\n".join([unset, *lines])


FORMS: Mapping[str, Callable[[Lease, Mapping[str, str]], str]] = {
    "env": exports,
    "powershell": powershell,
    "fish": fish,
}
HOW = {
    "env": 'eval "$({command})"',
    "powershell": "{command} --format powershell | Out-String | Invoke-Expression",
    "fish": "{command} --format fish | source",
}
"""How a shell uses what `command` prints."""


def psql_command(lease: DatabaseLease, environment: Mapping[str, str]) -> str:
    """A line for a shell. The password is in the environment of that one command, and not among
    its arguments, which everybody on the machine can see. `environment` is as for `exports`.
    """
    words = [f"{name}={shlex.quote(value)}" for name, value in lease.environment().items()]
    unset = [f"-u {name}" for name in to_unset(lease, environment)]
    return " ".join([*words, "env", *unset, "psql"])


def to_unset(lease: Lease, environment: Mapping[str, str]) -> list[str]:
    """What `pam exec` keeps from its child, by names that a shell can say; libpq and the SDKs have
    no others.
    """
    names = OTHER_IDENTITIES | OLDER
    if isinstance(lease, DatabaseLease):
        names = lease.interfering(environment)
    return sorted(name for name in names - lease.environment().keys() if _NAME.fullmatch(name))


def powershell_quoted(value: str) -> str:
    """One expression on one line. PowerShell takes several characters for a quote, so all that is
    not plain ASCII is written as a number, whatever the code page.
    """
    # The first is text, so that `+` joins text and does not add numbers.
    parts = ["''"]
    for plain, rest in _RUNS.findall(value):
        if plain:
            parts.append("'" + plain.replace("'", "''") + "'")
        units = rest.encode("utf-16-be", "surrogatepass")
        parts += [f"[char]{int.from_bytes(units[at : at + 2])}" for at in range(0, len(units), 2)]
    return f"({' + '.join(parts)})"


def fish_quoted(value: str) -> str:
    """One word on one line."""
    parts = []
    for plain, rest in _RUNS.findall(value):
        if plain:
            parts.append("'" + plain.replace("\\", "\\\\").replace("'", "\\'") + "'")
        parts += [f"\\U{ord(character):08x}" for character in rest]
    return "".join(parts) or "''"
