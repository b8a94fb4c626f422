"""`pam review`: an approver looks back at somebody else's break-glass session."""

from typing import Annotated, Any

import typer

from cli import clock, render, which
from cli.arguments import OtherSession, Yes
from cli.invocation import Invocation, command
from cli.session import Session


@command
def review(
    invocation: Invocation,
    session_id: OtherSession = None,
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
    yes: Yes = False,
) -> None:
    """Review a break-glass session: two who had no part in it must, one of them of its domain."""
    if justified == unjustified:
        message = "say what you found: --justified or --unjustified"
        raise typer.BadParameter(message)
    outcome = "justified" if justified else "unjustified"
    api = invocation.api()
    question = f"Record it as {outcome}?"
    found = which.others(api, session_id, which.REVIEW, yes=yes, question=question)
    body: dict[str, Any] = {"session_id": found.session_id, "outcome": outcome}
    if comment is not None:
        body["comment"] = comment
    document = api.post("/pam/review", body)
    invocation.emit(document, lambda: _report(Session.parse(document)))


def _report(session: Session) -> None:
    render.put(render.headline(session), render.reviewed(session, now=clock.now()))
