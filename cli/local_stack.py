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
    Path, typer.Option("--state-dir", metavar="DIR", help="Where the stack keeps its state.")
]
_DEFAULT = Path(".pam")


@command
def up(invocation: Invocation, state_dir: StateDir = _DEFAULT) -> None:
    """Start the local stack, and say how to use it."""
    _call("up", state_dir)
    document = _call("status", state_dir)
    invocation.emit(document, lambda: _print_use(document, state_dir))


@command
def down(invocation: Invocation, state_dir: StateDir = _DEFAULT) -> None:
    """Stop everything that `pam local up` started, and nothing else."""
    _call("down", state_dir)
    document = _call("status", state_dir)
    invocation.emit(document, lambda: typer.echo("the local stack is down"))


@command
def status(invocation: Invocation, state_dir: StateDir = _DEFAULT) -> None:
    """Say whether the local stack runs, and where."""
    document = _call("status", state_dir)
    invocation.emit(document, lambda: _print_status(document, state_dir))


def _call(verb: str, state_dir: Path) -> dict[str, Any]:
    """`local.VERB(state_dir)`; what it prints on the way goes to stderr."""
    try:
        stack = importlib.import_module("local")
        function = getattr(stack, verb)
    except (ImportError, AttributeError) as error:
        message = "the local stack is not part of this installation; run this in PAM's repository"
        raise Failure(message) from error
    with redirect_stdout(sys.stderr):
        try:
            answer = function(state_dir.resolve())
        except (OSError, RuntimeError) as error:
            message = f"pam local {verb}: {one_line(error)}"
            raise Failure(message) from error
    return dict(answer) if isinstance(answer, Mapping) else {}


def _print_status(document: Mapping[str, Any], state_dir: Path) -> None:
    if document.get("running") is False or not document:
        typer.echo("the local stack is down; start it with `pam local up`")
        return
    _print_use(document, state_dir)


def _print_use(document: Mapping[str, Any], state_dir: Path) -> None:
    """Lines for a shell, so that the next command can be typed at once."""
    typer.echo(f"# the local stack is up: {clean(str(document.get('api_url') or ''))}")
    variables = {
        "AWS_CONFIG_FILE": str((state_dir / "aws" / "config").resolve()),
        "AWS_SHARED_CREDENTIALS_FILE": str((state_dir / "aws" / "credentials").resolve()),
        "AWS_ENDPOINT_URL": clean(str(document.get("endpoint_url") or "")),
        "PAM_ENV": clean(str(document.get("env") or "local")),
    }
    for name, value in variables.items():
        typer.echo(f"export {name}={shlex.quote(value)}")
    people = ", ".join(clean(str(name)) for name in document.get("profiles") or {})
    typer.echo(f"# then for example: pam resources --profile alice (there are: {people})")
