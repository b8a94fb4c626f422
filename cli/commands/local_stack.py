"""`pam local up|down|status`: the stack on this machine, where the project's files are."""

import importlib
import shlex
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.invocation import Invocation, command
from cli.problems import Failure, one_line
from cli.text import clean

StateDir = Annotated[
    Path | None,
    typer.Option(
        "--state-dir",
        metavar="DIR",
        help="Where the stack keeps its state [default: $PAM_STATE_DIR, else .pam].",
    ),
]


@command
def up(invocation: Invocation, state_dir: StateDir = None) -> None:
    """Start the local stack, and say how to use it."""
    folder = folder_of(state_dir)
    _call("up", folder)
    document = _call("status", folder)
    invocation.emit(document, lambda: _print_use(document, folder))


@command
def down(invocation: Invocation, state_dir: StateDir = None) -> None:
    """Stop everything that `pam local up` started, and nothing else."""
    folder = folder_of(state_dir)
    _call("down", folder)
    document = _call("status", folder)
    invocation.emit(document, lambda: typer.echo("the local stack is down"))


@command
def status(invocation: Invocation, state_dir: StateDir = None) -> None:
    """Say whether the local stack runs, and where."""
    folder = folder_of(state_dir)
    document = _call("status", folder)
    invocation.emit(document, lambda: _print_status(document, folder))


def imported(name: str) -> Any:
    """A module of the local stack. Raises Failure where PAM is installed without it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        message = (
            "the local stack is not part of this installation; "
            f"run this in PAM's repository ({one_line(error)})"
        )
        raise Failure(message) from error


def folder_of(state_dir: Path | None) -> Path:
    chosen = state_dir or imported("local.state").default_state_dir()
    return Path(chosen).resolve()


def _call(verb: str, folder: Path) -> dict[str, Any]:
    """`local.stack.VERB(folder)`; what it prints on the way goes to stderr."""
    stack = imported("local.stack")
    with redirect_stdout(sys.stderr):
        try:
            answer = getattr(stack, verb)(folder)
        except (OSError, stack.StackError) as error:
            message = f"pam local {verb}: {one_line(error)}"
            raise Failure(message) from error
    return dict(answer) if isinstance(answer, Mapping) else {}


def _print_status(document: Mapping[str, Any], folder: Path) -> None:
    if document.get("status") != "up":
        typer.echo("the local stack is down; start it with `pam local up`")
        return
    _print_use(document, folder)


def _print_use(document: Mapping[str, Any], folder: Path) -> None:
    """Lines for a shell, so that the next command can be typed at once."""
    typer.echo(f"# the local stack is up: {clean(str(document.get('api_url') or ''))}")
    variables = {
        "AWS_CONFIG_FILE": str(folder / "aws" / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "aws" / "credentials"),
        "AWS_ENDPOINT_URL": clean(str(document.get("endpoint_url") or "")),
        "PAM_ENV": clean(str(document.get("env") or "local")),
    }
    for name, value in variables.items():
        typer.echo(f"export {name}={shlex.quote(value)}")
    people = ", ".join(clean(str(name)) for name in document.get("profiles") or {})
    typer.echo(f"# then for example: pam resources --profile alice (there are: {people})")
