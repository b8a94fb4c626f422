"""`pam review`: an approver looks back at somebody else's break-glass session."""

from typing import Annotated, Any

import typer

from cli import clock, render
from cli.arguments import SessionId
from cli.invocation import Invocation, command
from cli.session import Session


@command
def review(
    invocation: Invocation,
    session_id: SessionId,
    comment: Annotated[
        str | None, typer.Option("--comment", help="What you found; for the audit trail.")
    ] = None,
    *,
    justified: Annotated[
        bool, typer.Option("--justified", help="It was an emergency, and used for it.")
    ] = False,
    unjustified: Annotated[
        bool, typer.Option("--unjustified", help="It was no emergency, or not what was said.")
    ] = False,
) -> None:
    """Review a break-glass session: two who had no part in it must, one of them of its domain."""
    if justified == unjustified:
        message = "say what you found: --justified or --unjustified"
        raise typer.BadParameter(message)
    body: dict[str, Any] = {
        "session_id": session_id,
        "outcome": "justified" if justified else "unjustified",
    }
    if comment is not None:
        body["comment"] = comment
    document = invocation.api().post("/pam/review", body)
    invocation.emit(document, lambda: _report(Session.parse(document)))


def _report(session: Session) -> None:
    render.put(render.headline(session), render.reviewed(session, now=clock.now()))
