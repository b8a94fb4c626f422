"""`pam approve` and `pam deny`: an approver's word on somebody else's request. `pam confirm`: the
word of the one in whose name it was made.
"""

from typing import Annotated, Any

import typer

from cli import clock, durations, render, which
from cli.arguments import Comment, OtherSession, Yes
from cli.invocation import Invocation, command
from cli.session import Session


@command
def approve(
    invocation: Invocation,
    session_id: OtherSession = None,
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
    *,
    yes: Yes = False,
) -> None:
    """Approve a request."""
    shorter = {} if length is None else {"duration_seconds": durations.seconds(length)}
    # As it is sent: `--for 5` is five seconds, and who means minutes sees it here.
    question = "" if length is None else f"Approve it for {durations.plain(length)} at most?"
    _vote(invocation, session_id, which.APPROVE, _said(comment) | shorter, question, yes=yes)


@command
def deny(
    invocation: Invocation,
    session_id: OtherSession = None,
    comment: Comment = None,
    *,
    yes: Yes = False,
) -> None:
    """Deny a request; one denial ends it."""
    _vote(invocation, session_id, which.DENY, _said(comment), "", yes=yes)


@command
def confirm(invocation: Invocation, session_id: OtherSession = None, *, yes: Yes = False) -> None:
    """Stand by what a runbook asked for in your name, or you by Slack as an emergency: it begins
    only then.
    """
    api = invocation.api()
    found = which.others(api, session_id, which.CONFIRM, yes=yes)
    document = api.post("/pam/confirm", {"session_id": found.session_id})
    invocation.emit(document, lambda: _report(Session.parse(document)))


def _said(comment: str | None) -> dict[str, Any]:
    return {} if comment is None else {"comment": comment}


def _vote(
    invocation: Invocation,
    session_id: str | None,
    act: which.Act,
    more: dict[str, Any],
    question: str,
    *,
    yes: bool,
) -> None:
    api = invocation.api()
    found = which.others(api, session_id, act, yes=yes, question=question)
    body = {"session_id": found.session_id, "decision": act.name, **more}
    document = api.post("/pam/approve", body)
    invocation.emit(document, lambda: _report(Session.parse(document)))


def _report(session: Session) -> None:
    render.put(render.headline(session), render.outcome(session, now=clock.now()))
