"""`pam end` and `pam revoke`: access is taken back, by its requester or by an operator."""

from typing import Annotated, Any

import typer

from cli import clock, durations, render
from cli.arguments import SessionId
from cli.invocation import Invocation, command
from cli.session import Session


@command
def end(invocation: Invocation, session_id: SessionId) -> None:
    """Give access back, or withdraw a request that still waits."""
    document = invocation.api().post("/pam/end", {"session_id": session_id})
    invocation.emit(document, lambda: _report(Session.parse(document)))


@command
def revoke(
    invocation: Invocation,
    session_id: SessionId,
    reason: Annotated[str, typer.Option("--reason", help="Why; the requester will read it.")],
    *,
    block: Annotated[
        str | None,
        typer.Option(
            "--block",
            metavar="DURATION",
            help="Block the requester for so long, and end all that they have.",
            callback=durations.some_time_option,
        ),
    ] = None,
    until_lifted: Annotated[
        bool, typer.Option("--block-until-lifted", help="The same, until the block is lifted.")
    ] = False,
    one_resource: Annotated[
        bool, typer.Option("--this-resource-only", help="Block from this session's resource only.")
    ] = False,
) -> None:
    """Take somebody's access away at once, and block them if asked to (operators)."""
    if block is not None and until_lifted:
        message = "--block and --block-until-lifted exclude each other"
        raise typer.BadParameter(message)
    if one_resource and block is None and not until_lifted:
        message = "--this-resource-only needs --block or --block-until-lifted"
        raise typer.BadParameter(message)
    body: dict[str, Any] = {"session_id": session_id, "reason": reason}
    if block is not None or until_lifted:
        body["block_seconds"] = 0 if until_lifted else durations.seconds(block)
    if one_resource:
        body["block_scope"] = "resource"
    document = invocation.api().post("/pam/revoke", body)
    invocation.emit(document, lambda: _report(Session.parse(document)))


@command
def erase(invocation: Invocation, session_id: SessionId) -> None:
    """Forget the reason and the comments of a closed session; its records stay (operators)."""
    document = invocation.api().post("/pam/erase", {"session_id": session_id})
    invocation.emit(document, lambda: _report(Session.parse(document)))


def _report(session: Session) -> None:
    render.put(render.headline(session), render.outcome(session, now=clock.now()))
