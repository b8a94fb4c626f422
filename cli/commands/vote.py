"""`pam approve` and `pam deny`: an approver's word on somebody else's request. `pam confirm`: the
word of the one in whose name it was made.
"""

from typing import Annotated, Any

import typer

from cli import clock, durations, render
from cli.arguments import Comment, SessionId
from cli.invocation import Invocation, command
from cli.session import Session


@command
def approve(
    invocation: Invocation,
    session_id: SessionId,
    comment: Comment = None,
    length: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="DURATION",
            help="Allow no longer than this; the shortest of all approvers' stands.",
            callback=durations.seconds_option,
        ),
    ] = None,
) -> None:
    """Approve a request."""
    shorter = {} if length is None else {"duration_seconds": durations.seconds(length)}
    _vote(invocation, session_id, "approve", comment, shorter)


@command
def deny(invocation: Invocation, session_id: SessionId, comment: Comment = None) -> None:
    """Deny a request; one denial ends it."""
    _vote(invocation, session_id, "deny", comment, {})


@command
def confirm(invocation: Invocation, session_id: SessionId) -> None:
    """Stand by what a runbook asked for in your name, or you by Slack as an emergency: it begins
    only then.
    """
    document = invocation.api().post("/pam/confirm", {"session_id": session_id})
    invocation.emit(document, lambda: _report(Session.parse(document)))


def _vote(
    invocation: Invocation,
    session_id: str,
    decision: str,
    comment: str | None,
    more: dict[str, Any],
) -> None:
    body = {"session_id": session_id, "decision": decision, **more}
    if comment is not None:
        body["comment"] = comment
    document = invocation.api().post("/pam/approve", body)
    invocation.emit(document, lambda: _report(Session.parse(document)))


def _report(session: Session) -> None:
    render.put(render.headline(session), render.outcome(session, now=clock.now()))
