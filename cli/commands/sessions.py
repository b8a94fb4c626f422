"""`pam list` and `pam show`: which sessions there are, and one of them whole, live if wanted."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import clock, durations, listing, pages, render, which, wording
from cli.arguments import OwnSession, session_path
from cli.commands.audit_export import typed_instant
from cli.gathering import Wanted, first_of, gather, items_of, queried, statuses_of
from cli.invocation import Invocation, command, print_json
from cli.session import Session
from cli.text import clean
from cli.watch import Watched, watch
from cli.watch_list import watch_list
from pam.domain import timestamps
from pam.domain.lifecycle import Status

if TYPE_CHECKING:
    from rich.console import RenderableType

    from cli.api import Api


def _statuses_option(text: str | None) -> str | None:
    """A typer callback: refuses what is no state before anything else is done."""
    if text is not None:
        statuses_of(text)
    return text


def _states(status: str | None, *, active: bool, still_open: bool) -> tuple[Status, ...]:
    words = [status, "active" if active else None, "open" if still_open else None]
    said = ",".join(filter(None, words))
    return statuses_of(said) if said else ()


@command
def list_sessions(
    invocation: Invocation,
    status: Annotated[
        str | None,
        typer.Option(
            "--status",
            metavar="STATUS",
            help="Only in this state: pending, active, open, closed, ...; several with commas.",
            callback=_statuses_option,
        ),
    ] = None,
    *,
    active: Annotated[bool, typer.Option("--active", help="Like --status active.")] = False,
    still_open: Annotated[
        bool, typer.Option("--open", help="Like --status open: all that are not over.")
    ] = False,
    mine: Annotated[bool, typer.Option("--mine", help="Only what you asked for.")] = False,
    requester: Annotated[
        str | None,
        typer.Option("--requester", metavar="PERSON", help="Only what this person asked for."),
    ] = None,
    resource: Annotated[
        str | None, typer.Option("--resource", help="Only sessions of this resource.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="TIME", help="Asked for since then: 24h, or 2026-01-31[T09:15Z]."
        ),
    ] = None,
    stuck: Annotated[
        bool,
        typer.Option(
            "--stuck", help="Only those that should be over, and that PAM could not end yet."
        ),
    ] = False,
    limit: Annotated[
        int | None,
        typer.Option("--limit", min=1, help="At most so many; pages are followed as needed."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every page, however many.")] = False,
    cursor: Annotated[
        str | None, typer.Option("--cursor", help="Go on where the last list stopped.")
    ] = None,
    form: listing.FormOption = listing.Form.TABLE,
    live: Annotated[
        bool, typer.Option("--watch", help="Stay, and show each change until Ctrl-C.")
    ] = False,
) -> None:
    """List sessions, newest first."""
    as_json = invocation.json or form is listing.Form.JSON
    conditions = (status, active, still_open, mine, requester, resource, since, cursor)
    if stuck and any(conditions):
        message = "--stuck lists them all; leave the other conditions out"
        raise typer.BadParameter(message, param_hint="--stuck")
    if mine and requester:
        message = "leave it out, or --mine"
        raise typer.BadParameter(message, param_hint="--requester")
    if live and (as_json or form not in {listing.Form.TABLE, listing.Form.WIDE}):
        message = "--watch is for looking at; leave out --json and -o"
        raise typer.BadParameter(message, param_hint="--watch")
    wanted = Wanted(
        statuses=_states(status, active=active, still_open=still_open),
        query=queried(
            {
                "requester": requester,
                "resource": resource,
                "since": timestamps.render(typed_instant(since, "--since")) if since else None,
            }
        ),
        limit=None if every else limit,
        every=every,
        cursor=cursor,
    )
    if cursor and len(wanted.statuses) > 1:
        message = "a list of several states has no cursor; give --limit or --all"
        raise typer.BadParameter(message, param_hint="--cursor")
    api = invocation.api()
    if mine:
        wanted = replace(wanted, query={**wanted.query, "requester": pages.me(api)})

    def look() -> dict[str, Any]:
        return first_of(api.get("/pam/stuck"), limit) if stuck else gather(api, wanted)

    if live:
        watch_list(look, wide=form is listing.Form.WIDE)
    document = look()
    _print_list(document, listing.Form.JSON if as_json else form)
    if (requester or resource) and not items_of(document) and not document.get("cursor"):
        _tell_near(api, requester, resource)


@command
def show(
    invocation: Invocation,
    session_id: OwnSession = None,
    *,
    live: Annotated[
        bool, typer.Option("--watch", help="Stay and show each change until it is over.")
    ] = False,
    timeout: Annotated[
        str | None,
        typer.Option(
            "--timeout",
            metavar="DURATION",
            help="Watch no longer than this (exit 6).",
            callback=durations.seconds_option,
        ),
    ] = None,
) -> None:
    """Show one session."""
    if timeout is not None and not live:
        message = "it is for how long to --watch, which was not given"
        raise typer.BadParameter(message, param_hint="--timeout")
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
        Watched(
            session_id=found.session_id, known=found.document, timeout=durations.seconds(timeout)
        ),
        view=_live_view,
        until=lambda session: session.over,
        stderr=invocation.json,
    )
    if invocation.json:
        print_json(document)


def _live_view(session: Session, now: datetime) -> "RenderableType":
    from rich.console import Group

    return Group(render.session_table(session, now=now), "", render.next_step(session, now=now))


def _tell_near(api: "Api", requester: str | None, resource: str | None) -> None:
    """An empty list of a misspelt name must not read as if all were well."""
    near = [
        wording.near_person(requester, lambda: api) if requester else "",
        wording.near_resource(resource, lambda: api) if resource else "",
    ]
    if any(near):
        typer.echo(f"did you mean {', '.join(filter(None, near))}?", err=True)


def _print_list(document: Mapping[str, Any], form: listing.Form) -> None:
    if form is listing.Form.JSON:
        print_json(document)
        return
    items = items_of(document)
    match form:
        case listing.Form.CSV:
            listing.print_csv(items, first={})
        case listing.Form.NAME:
            listing.print_names(items)
        case _:
            _print_table(document, items, wide=form is listing.Form.WIDE)
    if form in {listing.Form.CSV, listing.Form.NAME} and (more := _more(document)):
        typer.echo(more, err=True)


def _print_table(document: Mapping[str, Any], items: list[dict[str, Any]], *, wide: bool) -> None:
    more = _more(document)
    if items:
        listing.show([Session.parse(item) for item in items], wide=wide)
    else:
        render.put("no sessions here" if more else "no sessions")
    if more:
        render.put(more)


def _more(document: Mapping[str, Any]) -> str:
    if document.get("cursor"):
        cursor = clean(str(document["cursor"]))
        return (
            f"there may be more: the same with --cursor {cursor}, with a higher --limit, or --all"
        )
    return (
        "there may be more: the same with a higher --limit, or --all"
        if document.get("more")
        else ""
    )
