"""`pam exec`: run one command with a lease in its environment, and nowhere else.

The command takes this process's place, so signals, terminal and exit code are its own. It runs on
one lease. A session may be longer than a lease of AWS credentials (30 minutes at most), so a
command that needs longer must get them itself, through `pam credentials --format process`.
"""

import os
import shutil
import signal
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from cli.arguments import SessionId
from cli.invocation import Invocation, command, print_json
from cli.lease import SECRETS, SignIn, parse, take
from cli.problems import Failure, one_line


class AfterDashes(TyperCommand):
    """Demands `--`: without it an option of the command could be taken for one of `pam`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        asks_for_help = any(arg in ctx.help_option_names for arg in args)
        if "--" not in args and not asks_for_help and not ctx.resilient_parsing:
            message = "put -- before the command: pam exec ID -- CMD..."
            raise typer.BadParameter(message, ctx=ctx, param_hint="CMD...")
        return super().parse_args(ctx, args)


@command
def execute(
    invocation: Invocation,
    session_id: SessionId,
    words: Annotated[list[str], typer.Argument(metavar="-- CMD...", help="What to run.")],
) -> None:
    """Run a command with the session's credentials in its environment only.

    It runs on one lease, which for AWS lasts 30 minutes at most even if the session is longer.
    For a database, libpq's variables are set: pam exec ID -- psql. They say how the server is
    verified too, and your own PG* variables do not reach the command, but for those of
    appearance (PGAPPNAME, PGCLIENTENCODING, PGCONNECT_TIMEOUT, PGDATESTYLE, PGTZ). The exit
    code is the command's own. With --json the lease, without its secrets, goes to stdout and the
    command's output to stderr.
    """
    program = shutil.which(words[0])
    if program is None:
        message = f"{words[0]}: no such command; no credentials were asked for"
        raise Failure(message)
    document = take(invocation.api(), session_id)
    lease = parse(document)
    if isinstance(lease, SignIn):
        message = f"there are no credentials to run it with: {lease.said()}"
        raise Failure(message)
    environment = lease.child_environment(os.environ)
    if invocation.json:
        print_json({name: value for name, value in document.items() if name not in SECRETS})
    _become(program, words, environment, keep_stdout=not invocation.json)


def _become(
    program: str, words: list[str], environment: dict[str, str], *, keep_stdout: bool
) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    if not keep_stdout:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    # Python ignores these two; a child would inherit that, and `yes | head` would never end.
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execve(program, words, environment)  # noqa: S606 (no shell, on purpose)
    except OSError as error:
        message = f"{words[0]} cannot be run: {one_line(error)}"
        raise Failure(message) from error
