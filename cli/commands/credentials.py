"""`pam credentials`: a lease, printed in the form that the caller can use."""

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import clock, reuse, which
from cli.arguments import OwnSession, Yes, session_path
from cli.holder import asking
from cli.invocation import Invocation, command, print_json
from cli.lease import AwsLease, DatabaseLease, Lease, SignIn, parse, take
from cli.next_command import yours
from cli.problems import Failure
from cli.session import Session
from cli.shells import FORMS, HOW, psql_command

if TYPE_CHECKING:
    from cli.api import Api

_MOVING = (None, "last")
"""What means another session whenever there is a newer one."""


class Form(StrEnum):
    ENV = "env"
    POWERSHELL = "powershell"
    FISH = "fish"
    JSON = "json"
    PROCESS = "process"
    PSQL = "psql"


@command
def credentials(
    invocation: Invocation,
    session_id: OwnSession = None,
    *,
    form: Annotated[
        Form,
        typer.Option(
            "--format",
            help="env, powershell, fish: for a shell; json: the lease; process: for "
            "credential_process (AWS); psql: a command line (databases).",
        ),
    ] = Form.ENV,
    yes: Yes = False,
) -> None:
    """Get credentials of an ACTIVE session.

    A lease of AWS credentials lasts 30 minutes at most, then get another; one of a database
    lasts as long as its session. In a shell: eval "$(pam credentials ID)"
    """
    if form is Form.PROCESS and not invocation.json:
        print_json(_for_a_process(invocation, session_id, yes=yes).process_document())
        return
    api = invocation.api()
    session_id = which.own(api, session_id, which.CREDENTIALS, yes=yes).session_id
    document = take(api, session_id)
    if invocation.json or form is Form.JSON:
        print_json(document)
        return
    lease = parse(document)
    if isinstance(lease, SignIn):
        if form not in FORMS:
            raise _without_form(lease, form)
        # For a shell that evaluates it: comments, whatever the text is.
        for line in lease.lines():
            typer.echo(f"# {line}")
    elif form in FORMS:
        typer.echo(FORMS[form](lease, os.environ))
        if sys.stdout.isatty():
            how = HOW[form].format(command=yours(f"credentials {session_id}"))
            typer.echo(f"# to use them: {how}", err=True)
    elif isinstance(lease, DatabaseLease):
        typer.echo(psql_command(lease, os.environ))
    else:
        raise _without_form(lease, form)


def _for_a_process(invocation: Invocation, typed: str | None, *, yes: bool) -> AwsLease:
    """A lease that is held for this caller and still fresh, else a new one, which is then held."""
    api: Api | None = None
    if typed in _MOVING:
        api = invocation.api()
        typed = which.own(api, typed, which.CREDENTIALS, yes=yes).session_id
    asked = {
        "id": typed,
        "env": invocation.env,
        "region": invocation.region,
        "api_url": invocation.api_url,
    }
    key, now = reuse.key(profile=invocation.profile, asked=asked), clock.now().timestamp()
    held = reuse.held(key, now=now)
    if held and (reuse.is_seen(held, now=now) or _is_seen_now(invocation, key, held, now)):
        return _aws(held["lease"])
    api = api or invocation.api()
    # A program may have started this at somebody's terminal: it cannot choose, nor be remembered.
    found = which.own(api, typed, which.CREDENTIALS, yes=yes, of_several=False)
    document = take(api, found.session_id)
    lease = _aws(document)
    if asking.can_be():
        fresh = reuse.entry(document, session_ends=_end_of(api, found), now=now)
        if fresh:
            asking.put(key, fresh)
    return lease


def _end_of(api: "Api", found: which.Found) -> float | None:
    """When the session ends; without it a lease is held all the same, and changed sooner."""
    with suppress(Failure):
        session = found.document or api.get(session_path(found.session_id))
        return reuse.epoch(session.get("expires_at"))
    return None


def _is_seen_now(invocation: Invocation, key: str, held: dict[str, Any], now: float) -> bool:
    """Asks PAM whether the session is there. A lease of one that is not is forgotten."""
    session_id = str(held["lease"].get("session_id"))
    if Session.parse(invocation.api().get(session_path(session_id))).active:
        asking.put(key, held | {"seen": now})
        return True
    asking.drop(key)
    return False


def _aws(document: Mapping[str, Any]) -> AwsLease:
    lease = parse(document)
    if not isinstance(lease, AwsLease):
        raise _without_form(lease, Form.PROCESS)
    return lease


def _without_form(lease: Lease | SignIn, form: Form) -> Failure:
    if isinstance(lease, SignIn):
        return Failure(f"there is nothing to put into the form {form.value!r}: {lease.said()}")
    kind = "AWS credentials" if isinstance(lease, AwsLease) else "a database login"
    return Failure(f"this lease is {kind}: there is no form {form.value!r} of it")
