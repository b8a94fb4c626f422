"""`pam credentials`: a lease, printed in the form that the caller can use."""

import os
import sys
from enum import StrEnum
from typing import Annotated

import typer

from cli.arguments import SessionId
from cli.invocation import Invocation, command, print_json
from cli.lease import AwsLease, DatabaseLease, Lease, SignIn, parse, take
from cli.problems import Failure
from cli.shells import FORMS, HOW, psql_command


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
    session_id: SessionId,
    form: Annotated[
        Form,
        typer.Option(
            "--format",
            help="env, powershell, fish: for a shell; json: the lease; process: for "
            "credential_process (AWS); psql: a command line (databases).",
        ),
    ] = Form.ENV,
) -> None:
    """Get credentials of an ACTIVE session.

    A lease of AWS credentials lasts 30 minutes at most, then get another; one of a database
    lasts as long as its session. In a shell: eval "$(pam credentials ID)"
    """
    document = take(invocation.api(), session_id)
    if invocation.json or form is Form.JSON:
        print_json(document)
        return
    lease = parse(document)
    if isinstance(lease, SignIn):
        if form not in FORMS:
            message = f"there is nothing to put into the form {form.value!r}: {lease.said()}"
            raise Failure(message)
        # For a shell that evaluates it: a comment, whatever the text is.
        typer.echo(f"# {lease.said()}")
    elif form in FORMS:
        typer.echo(FORMS[form](lease, os.environ))
        if sys.stdout.isatty():
            typer.echo(f"# to use them: {HOW[form].replace('ID', session_id)}", err=True)
    else:
        _print_for_a_program(lease, form)


def _print_for_a_program(lease: Lease, form: Form) -> None:
    if form is Form.PROCESS and isinstance(lease, AwsLease):
        print_json(lease.process_document())
    elif form is Form.PSQL and isinstance(lease, DatabaseLease):
        typer.echo(psql_command(lease, os.environ))
    else:
        kind = "AWS credentials" if isinstance(lease, AwsLease) else "a database login"
        message = f"this lease is {kind}: there is no form {form.value!r} of it"
        raise Failure(message)
