"""`pam resources` and `pam check`: what one may ask for, and whether access is there right now."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from cli import clock, render
from cli.invocation import Invocation, command
from cli.problems import Failure
from cli.text import clean


@command
def resources(invocation: Invocation) -> None:
    """List what you may ask for."""
    document = invocation.api().get("/pam/resources")
    invocation.emit(document, lambda: _print_resources(document))


@command
def check(
    invocation: Invocation,
    resource: Annotated[str, typer.Argument(help="The resource.")],
    principal: Annotated[
        str | None, typer.Option("--principal", help="Whose access [default: your own].")
    ] = None,
) -> None:
    """Say whether somebody has access to a resource right now.

    Exits 0 whatever the answer is; scripts read `allowed` from --json.
    """
    query = {"resource": resource} | ({"principal": principal} if principal else {})
    document = invocation.api().get("/pam/check", query)
    invocation.emit(document, lambda: _print_check(document, resource, principal))


def _print_check(document: Mapping[str, Any], resource: str, principal: str | None) -> None:
    who = clean(principal or "you")
    if document.get("allowed") is not True:
        render.put(f"no: {who} cannot use {clean(resource)} now")
        return
    ends = clock.parse(document.get("expires_at"))
    until = f" until {clock.both(ends, now=clock.now())}" if ends else ""
    session_id = clean(str(document.get("session_id") or "?"))
    render.put(f"yes: {who} may use {clean(resource)}{until} (session {session_id})")


def _print_resources(document: Mapping[str, Any]) -> None:
    items = document.get("items")
    if not isinstance(items, list):
        message = "the API's answer is not a list of resources; is this pam older than the API?"
        raise Failure(message)
    if not items:
        render.put("there is nothing you may ask for")
        return
    render.put(_table([item for item in items if isinstance(item, Mapping)]))


def _table(items: list[Mapping[str, Any]]) -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    columns = {"resource": "RESOURCE", "environment": "ENV", "domain": "DOMAIN", "title": "TITLE"}
    for heading in columns.values():
        table.add_column(heading, no_wrap=True, overflow="ellipsis")
    table.add_column("AT ITS TIME", no_wrap=True)
    for item in items:
        shown = (Text(clean(str(item.get(name) or "-"))) for name in columns)
        table.add_row(*shown, Text(_ending(item.get("ends_by_itself"))))
    return table


def _ending(by_itself: object) -> str:
    """An older API does not say."""
    if not isinstance(by_itself, bool):
        return "-"
    return "ends by itself" if by_itself else "is ended by PAM"
