"""The `pam` command as people read it: its commands and its exit codes."""

from collections.abc import Iterator, Mapping
from typing import Any

import typer

from cli.main import app
from cli.problems import ExitCode

_MEANINGS: Mapping[ExitCode, str] = {
    ExitCode.DONE: "done; `check` and `policy explain` exit 0 whatever the answer is",
    ExitCode.FAILED: "failed",
    ExitCode.USAGE: "wrong usage, and `VALIDATION`",
    ExitCode.REFUSED: "refused: `NOT_ELIGIBLE`, `SELF_APPROVAL`, `BLOCKED`, `STEP_UP`, `LIMIT`, "
    "`CONFLICT`, `IDEMPOTENCY_MISMATCH`; by AWS before PAM was asked (a bare 403); a `--wait` that "
    "ended without access",
    ExitCode.NOT_FOUND: "`NOT_FOUND`",
    ExitCode.UNREACHABLE: "not reached, `THROTTLED`, or a 5xx",
    ExitCode.TIMED_OUT: "timed out: `--timeout` is over, or the request is `UNANSWERED`",
    ExitCode.UNANCHORED: "`audit verify DIR` and `audit report DIR` without `--key`: a trail that "
    "is whole, and vouches for its own key",
    ExitCode.NOT_RUN: "`exec`: the command cannot be executed",
    ExitCode.NO_COMMAND: "`exec`: there is no such command",
    ExitCode.INTERRUPTED: "interrupted (Ctrl-C)",
}


def exit_codes() -> list[tuple[str, ...]]:
    """Each exit code there is. Raises KeyError for one that nobody has explained."""
    return [(str(code.value), _MEANINGS[code]) for code in ExitCode]


def commands() -> list[tuple[str, ...]]:
    """Each command with its arguments and its one-line help, in the order of `pam --help`."""
    return list(_below("pam", typer.main.get_command(app)))


def _below(name: str, command: Any) -> Iterator[tuple[str, ...]]:
    children = getattr(command, "commands", None)
    if children is None:
        yield f"`{name}{_arguments(command)}`", command.get_short_help_str(limit=200)
        return
    for child, each in children.items():
        yield from _below(f"{name} {child}", each)


def _arguments(command: Any) -> str:
    """` NAME` for each, in brackets where it may be left out."""
    shown = ""
    for each in command.params:
        if each.param_type_name == "argument":
            name = (each.metavar or each.name).strip("[]").upper()
            shown += f" {name}" if each.required else f" [{name}]"
    return shown
