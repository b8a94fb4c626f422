"""`pam end`: its requester gives access back. `pam audit erase`: what was written is forgotten."""

from cli import clock, render, which
from cli.arguments import OwnSession, SessionId, Yes
from cli.invocation import Invocation, command
from cli.session import Session


@command
def end(invocation: Invocation, session_id: OwnSession = None, *, yes: Yes = False) -> None:
    """Give access back, or withdraw a request that still waits."""
    api = invocation.api()
    found = which.own(api, session_id, which.END, yes=yes)
    document = api.post("/pam/end", {"session_id": found.session_id})
    invocation.emit(document, lambda: _report(Session.parse(document)))


@command
def erase(invocation: Invocation, session_id: SessionId) -> None:
    """Forget the reason and the comments of a closed session; its records stay (operators)."""
    api = invocation.api()
    found = which.by_id(api, session_id)
    document = api.post("/pam/erase", {"session_id": found.session_id})
    invocation.emit(document, lambda: _report(Session.parse(document)))


def _report(session: Session) -> None:
    render.put(render.headline(session), render.outcome(session, now=clock.now()))
