"""`pam list` and `pam show`: which sessions there are, and one of them whole, live if wanted."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import aws, clock, render, which
from cli.arguments import OwnSession, session_path
from cli.invocation import Invocation, command, print_json
from cli.problems import Failure
from cli.session import Session
from cli.text import clean
from cli.watch import Watched, watch
from pam.domain.lifecycle import Status

if TYPE_CHECKING:
    from rich.console import RenderableType


def _status(text: str | None) -> str | None:
    if text is not None and text.upper() not in {*Status}:
        message = f"{text!r} is none of {', '.join(Status)}"
        raise typer.BadParameter(message)
    return text and text.upper()


@command
def list_sessions(
    invocation: Invocation,
    status: Annotated[
        str | None,
        typer.Option(
            "--status", metavar="STATUS", help="Only sessions in this state.", callback=_status
        ),
    ] = None,
    *,
    mine: Annotated[bool, typer.Option("--mine", help="Only what you asked for.")] = False,
    requester: Annotated[
        str | None,
        typer.Option("--requester", metavar="PERSON", help="Only what this person asked for."),
    ] = None,
    resource: Annotated[
        str | None, typer.Option("--resource", help="Only sessions of this resource.")
    ] = None,
    stuck: Annotated[
        bool,
        typer.Option(
            "--stuck", help="Only those that should be over, and that PAM could not end yet."
        ),
    ] = False,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, max=100, help="At most so many.")
    ] = None,
    cursor: Annotated[
        str | None, typer.Option("--cursor", help="Go on where the last list stopped.")
    ] = None,
) -> None:
    """List sessions, newest first."""
    api = invocation.api()
    if stuck:
        document = api.get("/pam/stuck")
        invocation.emit(document, lambda: _print_list(document))
        return
    query = {
        "status": status,
        "requester": _own_principal(invocation) if mine else requester,
        "resource": resource,
        "limit": str(limit) if limit else None,
        "cursor": cursor,
    }
    document = api.get("/pam/sessions", {name: value for name, value in query.items() if value})
    invocation.emit(document, lambda: _print_list(document))


@command
def show(
    invocation: Invocation,
    session_id: OwnSession = None,
    *,
    live: Annotated[
        bool, typer.Option("--watch", help="Stay and show each change until it is over.")
    ] = False,
) -> None:
    """Show one session."""
    api = invocation.api()
    found = which.own(api, session_id, which.SHOW)
    if not live:
        document = found.document or api.get(session_path(found.session_id))
        invocation.emit(
            document, lambda: render.show_session(Session.parse(document), now=clock.now())
        )
        return
    document = watch(
        api,
        Watched(session_id=found.session_id, known=found.document),
        view=_live_view,
        until=lambda session: session.over,
        stderr=invocation.json,
    )
    if invocation.json:
        print_json(document)


def _live_view(session: Session, now: datetime) -> "RenderableType":
    from rich.console import Group

    return Group(render.session_table(session, now=now), "", render.next_step(session, now=now))


def _own_principal(invocation: Invocation) -> str:
    """Who signs the calls, as AWS sees it; needs no permission."""
    session = invocation.aws_session()
    region = aws.region_of(session, invocation.region)
    with aws.explained(invocation.profile):
        client = session.create_client("sts", region_name=region)
        return str(client.get_caller_identity()["Arn"])


def _print_list(document: Mapping[str, Any]) -> None:
    items = document.get("items")
    if not isinstance(items, list):
        message = "the API's answer is not a list of sessions; is this pam older than the API?"
        raise Failure(message)
    if not items:
        render.put("no sessions here" if document.get("cursor") else "no sessions")
    else:
        render.put(render.session_list([Session.parse(item) for item in items], now=clock.now()))
    if document.get("cursor"):
        render.put(f"there are more: the same with --cursor {clean(str(document['cursor']))}")
