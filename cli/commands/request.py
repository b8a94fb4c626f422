"""`pam request`: ask for access, and with --wait stay until it is there or refused."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

import typer

from cli import clock, durations, render
from cli.invocation import Invocation, command
from cli.problems import Failure, exit_code_of_wait
from cli.session import Session
from cli.watch import watch

if TYPE_CHECKING:
    from cli.api import Api


@command
def request(
    invocation: Invocation,
    resource: Annotated[str, typer.Argument(help="What to borrow; `pam resources` lists it.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, in 10 to 1000 visible characters.")],
    length: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="DURATION",
            help="How long: 30s, 15m, 1h30m or seconds [default: the resource's own].",
            callback=durations.seconds_option,
        ),
    ] = None,
    ticket: Annotated[str | None, typer.Option("--ticket", help="The ticket it is for.")] = None,
    *,
    break_glass: Annotated[
        bool,
        typer.Option("--break-glass", help="Emergency: no waiting; alerts Tier 1, is reviewed."),
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Stay until the access is there, or exit 3 if it ends.")
    ] = False,
) -> None:
    """Ask for access to a resource."""
    body: dict[str, Any] = {"resource": resource, "reason": reason}
    if length is not None:
        body["duration_seconds"] = durations.seconds(length)
    if ticket is not None:
        body["ticket"] = ticket
    if break_glass:
        body["break_glass"] = True
    api = invocation.api()
    # A fresh key per run: a try that got no answer may be repeated without asking twice.
    document = api.post("/pam/request", body, idempotency_key=str(uuid4()))
    if wait:
        document = _wait(api, Session.parse(document).session_id)
    invocation.emit(document, lambda: _report(Session.parse(document)))
    if wait and not (session := Session.parse(document)).active:
        raise Failure(_no_access(session), exit_code=exit_code_of_wait(session.status))


def _wait(api: "Api", session_id: str) -> dict[str, Any]:
    return watch(
        api,
        session_id,
        view=_live_view,
        until=lambda session: session.active or session.lost,
        stderr=True,
    )


def _live_view(session: Session, now: datetime) -> str:
    votes = render.voted(session)
    return (
        f"{render.headline(session)}\n{render.next_step(session, now=now)}"
        f"\n{votes or 'nobody has voted yet'} (Ctrl-C stops the waiting, not the request)"
    )


def _report(session: Session) -> None:
    render.put(render.headline(session), render.next_step(session, now=clock.now()))


def _no_access(session: Session) -> str:
    if session.activated_at:
        return f"{render.headline(session)}; the access was there and is over"
    why = render.why(session)
    return f"{render.headline(session)}{why and ': '}{why}; no access was given"
