"""`pam exec`: run a command, or a shell, under a session's lease and nothing else.

The command is a child, and `pam` stands beside it: it serves AWS credentials for as long as the
session lasts, and says when that ends. Signals, terminal and exit code are as without `pam`.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import clock, which
from cli.arguments import OwnSession, Yes, session_path
from cli.help import Command
from cli.invocation import Invocation, command
from cli.problems import ApiProblem, ExitCode, Failure

if TYPE_CHECKING:
    from cli.api import Api
    from cli.lease import AwsLease, Lease

_WINDOWS = os.name == "nt"
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})


class AfterDashes(Command):
    """Demands `--` before a command: without it an option of the command could be taken for one of
    `pam`, and its name for a session's.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        at = args.index("--") if "--" in args else len(args)
        dashes, words = args[at : at + 1], args[at + 1 :]
        rest = super().parse_args(ctx, args[:at])
        if ctx.resilient_parsing:
            return rest
        message = ""
        if ctx.params.get("words"):
            message = "put -- before the command: pam exec ID -- CMD..."
        elif dashes and not words:
            message = "there is no command after --; leave it out for a shell"
        if message:
            raise typer.BadParameter(message, ctx=ctx, param_hint="CMD...")
        ctx.params["words"] = words
        return rest


@command
def execute(
    invocation: Invocation,
    session_id: OwnSession = None,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="-- CMD...", help="What to run [default: your shell]."),
    ] = None,
    *,
    yes: Yes = False,
) -> None:
    """Run a command, or without one a shell, with the session's credentials and no others.

    AWS credentials come from an endpoint on this machine that is the command's alone, and are
    renewed for as long as the session lasts. For a database, libpq's variables are set: pam exec ID
    -- psql. They say how the server is verified too, and your own PG* variables do not reach the
    command, but for those of appearance (PGAPPNAME, PGCLIENTENCODING, PGCONNECT_TIMEOUT,
    PGDATESTYLE, PGTZ). Five minutes and one minute before the session's end, and then, a line on
    stderr says so; nothing is stopped. PAM_SESSION_ID, PAM_RESOURCE and PAM_EXPIRES_AT are set. The
    exit code is the command's own; 127 if there is no such command, 126 if it cannot be executed.
    With --json the lease, without its secrets, goes to stdout and
    the command's output to stderr.
    """
    from cli import child
    from cli.lease import SECRETS, SignIn, parse, take

    words = words or [_shell()]
    program = _program(words[0])
    inherited = dict(os.environ)
    api = invocation.api()
    found = which.own(api, session_id, which.EXEC, yes=yes)
    document = take(api, found.session_id)
    lease = parse(document)
    if isinstance(lease, SignIn):
        message = f"there are no credentials to run it with: {lease.said()}"
        raise Failure(message)
    session = found.document or _looked_up(api, found.session_id)
    shown = {name: value for name, value in document.items() if name not in SECRETS}
    borrowed = _Borrowed.of(found.session_id, session, document)
    with _environment(lease, borrowed, inherited, invocation, api) as environment:
        code = child.run(
            program,
            words,
            environment,
            stdout_to_stderr=invocation.json,
            started=lambda: invocation.emit(shown, lambda: None),
        )
    raise typer.Exit(code)


def _program(word: str) -> str:
    """The file to run. Raises Failure, with the exit code that a shell would give."""
    program = shutil.which(word)
    if program is not None:
        return program
    path, is_folder = Path(word), False
    with suppress(OSError):  # longer than any name may be
        is_folder = path.name != word and path.is_dir()
    what, exit_code = "no such command", ExitCode.NO_COMMAND
    if is_folder or shutil.which(word, mode=os.F_OK):
        what, exit_code = "it is there, and cannot be executed", ExitCode.NOT_RUN
    message = f"{word}: {what}; no credentials were asked for"
    raise Failure(message, exit_code=exit_code)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Borrowed:
    """What is said of the session. `ends` is None where nobody could say."""

    session_id: str
    resource: str
    expires_at: str
    ends: datetime | None

    @classmethod
    def of(
        cls, session_id: str, session: Mapping[str, Any], lease: Mapping[str, Any]
    ) -> "_Borrowed":
        """Of a database the lease is as long as the session."""
        of_lease = lease.get("expires_at") if lease.get("kind") == "secret" else None
        expires_at = str(session.get("expires_at") or of_lease or "")
        return cls(
            session_id=session_id,
            resource=str(session.get("resource") or ""),
            expires_at=expires_at,
            ends=clock.parse(expires_at),
        )


@contextmanager
def _environment(
    lease: "Lease",
    borrowed: _Borrowed,
    inherited: Mapping[str, str],
    invocation: Invocation,
    api: "Api",
) -> Iterator[dict[str, str]]:
    """The child's, with all that stands behind it while the child runs."""
    from cli import child_environment
    from cli.container_credentials import CredentialEndpoint
    from cli.current_lease import CurrentLease
    from cli.lease import AwsLease
    from cli.reminders import Reminders, tell

    said = child_environment.of_session(
        inherited,
        session_id=borrowed.session_id,
        resource=borrowed.resource,
        ends=borrowed.expires_at,
    )
    name = borrowed.resource or borrowed.session_id
    with ExitStack() as stack:
        if not isinstance(lease, AwsLease):
            stack.enter_context(Reminders(name, borrowed.ends))
            yield lease.child_environment(said)
            return
        take_again = _again(invocation, api, borrowed.session_id)
        current = CurrentLease(lease, take_again, ends=borrowed.ends, tell=tell)
        endpoint = stack.enter_context(CredentialEndpoint(current.get))
        early = lambda: current.ended_early  # noqa: E731 (it changes)
        stack.enter_context(Reminders(name, borrowed.ends, ended_early=early))
        person = child_environment.Person.of(
            os.environ,
            profile=invocation.profile,
            region=invocation.region,
            method=api.signed_by,
        )
        yield stack.enter_context(
            child_environment.of_aws(
                lease, _where(said, invocation), person=person, endpoint=endpoint.environment
            )
        )


def _where(environment: Mapping[str, str], invocation: Invocation) -> dict[str, str]:
    """So that `pam` inside finds the same PAM, however this one was told of it."""
    given = {"PAM_ENV": invocation.env, "PAM_API_URL": invocation.api_url}
    return {**environment, **{name: value for name, value in given.items() if value}}


def _again(invocation: Invocation, api: "Api", session_id: str) -> Callable[[], "AwsLease"]:
    """Takes one more lease. As the caller was signed in when this began; as they are signed in now,
    where that does not do any more.
    """
    from cli.lease import AwsLease, parse, take

    signed_in = api

    def take_again() -> AwsLease:
        nonlocal signed_in
        try:
            document = take(signed_in, session_id)
        except ApiProblem as problem:
            if problem.code not in _EXPIRED:
                raise
            signed_in = invocation.api()
            document = take(signed_in, session_id)
        lease = parse(document)
        if not isinstance(lease, AwsLease):
            message = "the API's lease is of another kind than the first one"
            raise Failure(message)
        return lease

    return take_again


def _looked_up(api: "Api", session_id: str) -> Mapping[str, Any]:
    """The session; nothing where the API does not say. The lease is there, and the work can begin:
    only the prompt and the line about the end are poorer.
    """
    try:
        return api.get(session_path(session_id))
    except Failure:
        return {}


def _shell() -> str:
    if _WINDOWS:
        return os.environ.get("COMSPEC") or "cmd.exe"
    return os.environ.get("SHELL") or "/bin/sh"
