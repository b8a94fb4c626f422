"""`pam end` and `pam revoke`: access is taken back, by its requester or by an operator."""

from typing import Annotated

import typer

from cli import clock, render
from cli.invocation import Invocation, command
from cli.session import Session
from cli.vote import SessionId


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
) -> None:
    """Take somebody's access away at once (operators)."""
    body = {"session_id": session_id, "reason": reason}
    document = invocation.api().post("/pam/revoke", body)
    invocation.emit(document, lambda: _report(Session.parse(document)))


@command
def erase(invocation: Invocation, session_id: SessionId) -> None:
    """Forget the reason and the comments of a closed session; its records stay (operators)."""
    document = invocation.api().post("/pam/erase", {"session_id": session_id})
    invocation.emit(document, lambda: _report(Session.parse(document)))


def _report(session: Session) -> None:
    render.put(render.headline(session), render.outcome(session, now=clock.now()))
