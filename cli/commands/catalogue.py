"""`pam resources` and `pam check`: what one may ask for, and whether access is there right now."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

import typer

from cli import clock, render, tables
from cli.invocation import Invocation, command
from cli.problems import Failure
from cli.tables import Cell, Column
from cli.text import clean
from pam.domain import durations

_COLUMNS = (
    Column("RESOURCE"),
    Column("ENV"),
    Column("DOMAIN"),
    Column("USUALLY", "for {}"),
    Column("AT MOST", "{} at most"),
    Column("APPROVALS", "approvals: {}"),
    Column("AT ITS TIME"),
    Column("WHAT IT IS"),
)


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
    tables.show(_COLUMNS, [_row(item) for item in items if isinstance(item, Mapping)])


def _row(item: Mapping[str, Any]) -> tuple[Cell, ...]:
    named = (clean(str(item.get(name) or "-")) for name in ("resource", "environment", "domain"))
    about = [str(item.get(name) or "") for name in ("title", "description")]
    return tuple(
        Cell(text)
        for text in (
            *named,
            _length(item.get("default_duration_seconds")),
            _length(item.get("max_duration_seconds")),
            _approvals(item.get("approvals")),
            _ending(item.get("ends_by_itself")),
            clean(": ".join(filter(None, about))),
        )
    )


def _length(seconds: object) -> str:
    """An older API does not say."""
    if not isinstance(seconds, int) or isinstance(seconds, bool):
        return "-"
    return durations.render(timedelta(seconds=seconds))


def _approvals(needed: object) -> str:
    """`2`, or `3, 1 of bank-core`; an older API does not say."""
    if not isinstance(needed, Mapping) or not isinstance(needed.get("required"), int):
        return "-"
    own = needed.get("domain_required")
    return f"{needed['required']}, {own} of its domain" if own else str(needed["required"])


def _ending(by_itself: object) -> str:
    """An older API does not say."""
    if not isinstance(by_itself, bool):
        return "-"
    return "ends by itself" if by_itself else "is ended by PAM"
