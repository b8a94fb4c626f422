"""`pam credentials`: a lease, printed in the form that whoever asked can use."""

import sys
from enum import StrEnum
from typing import Annotated

import typer

from cli.invocation import Invocation, command, print_json
from cli.lease import AwsLease, take
from cli.vote import SessionId


class Form(StrEnum):
    ENV = "env"
    JSON = "json"
    PROCESS = "process"


@command
def credentials(
    invocation: Invocation,
    session_id: SessionId,
    form: Annotated[
        Form,
        typer.Option(
            "--format",
            help="env: shell exports; json: the lease; process: for credential_process.",
        ),
    ] = Form.ENV,
) -> None:
    """Get credentials of an ACTIVE session; a lease lasts 30 minutes at most, then get another.

    In a shell: eval "$(pam credentials ID)"
    """
    document = take(invocation.api(), session_id)
    if invocation.json or form is Form.JSON:
        print_json(document)
        return
    lease = AwsLease.parse(document)
    if form is Form.PROCESS:
        print_json(lease.process_document())
        return
    typer.echo(lease.exports())
    if sys.stdout.isatty():
        typer.echo(f'# to use them: eval "$(pam credentials {session_id})"', err=True)
