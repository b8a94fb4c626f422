"""`pam blocklist`: who is blocked, and lifting a block. Blocking comes with `pam revoke`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from cli import clock, render
from cli.invocation import Invocation, command
from cli.problems import Failure
from cli.text import clean, short_principal, shorten

if TYPE_CHECKING:
    from rich.table import Table


@command
def list_blocks(invocation: Invocation) -> None:
    """List who is blocked now (operators and auditors)."""
    document = invocation.api().get("/pam/blocklist")
    invocation.emit(document, lambda: _print_list(document))


@command
def lift(
    invocation: Invocation,
    principal: Annotated[str, typer.Argument(help="Who is blocked: an ARN, or a name.")],
    reason: Annotated[str, typer.Option("--reason", help="Why the block goes.")],
    resource: Annotated[
        str | None, typer.Option("--resource", help="Only the block on this resource.")
    ] = None,
) -> None:
    """Lift the blocks of a person (operators)."""
    query = {"reason": reason} | ({"resource": resource} if resource else {})
    path = f"/pam/blocklist/{quote(principal, safe='')}"
    document = invocation.api().delete(path, query)
    invocation.emit(document, lambda: _print_lifted(document))


def _items(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    items = document.get("items")
    if not isinstance(items, list):
        message = "the API's answer is not a list of blocks; is this pam older than the API?"
        raise Failure(message)
    return [item for item in items if isinstance(item, Mapping)]


def _print_lifted(document: Mapping[str, Any]) -> None:
    for item in _items(document):
        where = f" on {clean(str(item['resource']))}" if item.get("resource") else ""
        render.put(f"{clean(str(item.get('person') or '?'))} is no longer blocked{where}")


def _print_list(document: Mapping[str, Any]) -> None:
    items = _items(document)
    if not items:
        render.put("nobody is blocked")
        return
    render.put(_table(items))


def _table(items: list[Mapping[str, Any]]) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("PERSON", "RESOURCE", "UNTIL", "BY"):
        table.add_column(heading, no_wrap=True)
    table.add_column("REASON")
    for item in items:
        until = clock.parse(item.get("until"))
        table.add_row(
            Text(clean(str(item.get("person") or "?"))),
            Text(clean(str(item.get("resource") or "everything"))),
            Text(clock.both(until, now=clock.now()) if until else "lifted"),
            Text(short_principal(str(item.get("blocked_by") or ""))),
            Text(shorten(clean(str(item.get("reason") or "")), 60)),
        )
    return table
