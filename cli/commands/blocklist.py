"""`pam block`, and `pam blocklist`: who is blocked, and lifting a block."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import quote

import typer

from cli import clock, durations, render, tables
from cli.invocation import Invocation, command
from cli.problems import Failure
from cli.tables import Cell, Column
from cli.text import clean, short_principal

_COLUMNS = (
    Column("PERSON"),
    Column("RESOURCE", "from {}"),
    Column("UNTIL", "until {}"),
    Column("BY", "by {}"),
    Column("REASON"),
)


@command
def list_blocks(invocation: Invocation) -> None:
    """List who is blocked now (operators and auditors)."""
    document = invocation.api().get("/pam/blocklist")
    invocation.emit(document, lambda: _print_list(document))


@command
def block(
    invocation: Invocation,
    person: Annotated[str, typer.Argument(metavar="PERSON", help="A name, or an ARN of theirs.")],
    reason: Annotated[
        str,
        typer.Option(
            "--reason", help="Why: for operators and auditors, and in the sessions that it ends."
        ),
    ],
    length: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="DURATION",
            help="For so long [default: until lifted].",
            callback=durations.some_time_option("leave it out"),
        ),
    ] = None,
    resource: Annotated[
        str | None, typer.Option("--resource", help="From this resource only.")
    ] = None,
    *,
    unseen: Annotated[
        bool, typer.Option("--unseen", help="Although PAM has neither listed nor seen them.")
    ] = False,
    yes: Annotated[  # noqa: ARG001 (nothing is asked)
        bool, typer.Option("--yes", "-y", help="Changes nothing: this asks nothing.")
    ] = False,
) -> None:
    """Block a person, and end all that they have, at once (operators)."""
    body: dict[str, Any] = {
        "person": person,
        "reason": reason,
        "seconds": durations.seconds(length) or 0,
    }
    if resource is not None:
        body["resource"] = resource
    if unseen:
        body["unseen"] = True
    document = invocation.api().post("/pam/block", body)
    invocation.emit(document, lambda: _print_blocked(document, body))


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


def _print_blocked(document: Mapping[str, Any], asked: Mapping[str, Any]) -> None:
    for item in _items(document):
        until = clock.parse(item.get("until"))
        where = f" on {clean(str(item['resource']))}" if item.get("resource") else ""
        when = clock.both(until, now=clock.now()) if until else "lifted"
        render.put(f"{clean(str(item.get('person') or '?'))} is blocked{where} until {when}")
        if item.get("resource") == asked.get("resource") and _stood_before(item, asked["seconds"]):
            render.put(f"  was blocked until {when} before, which is longer, and stays")
    ended = document.get("ended")
    for session_id in ended if isinstance(ended, list) else []:
        render.put(f"ended: {clean(str(session_id))}")


def _stood_before(item: Mapping[str, Any], seconds: int) -> bool:
    """Whether it is longer than what was asked for: such a one stood there, and is not cut short.
    By its own times, whatever the clock of this machine says.
    """
    since, until = clock.parse(item.get("blocked_at")), clock.parse(item.get("until"))
    if not seconds or since is None:
        return False
    return until is None or until - since > timedelta(seconds=seconds)


def _print_lifted(document: Mapping[str, Any]) -> None:
    for item in _items(document):
        where = f" on {clean(str(item['resource']))}" if item.get("resource") else ""
        render.put(f"{clean(str(item.get('person') or '?'))} is no longer blocked{where}")


def _print_list(document: Mapping[str, Any]) -> None:
    items = _items(document)
    if not items:
        render.put("nobody is blocked")
        return
    tables.show(_COLUMNS, [_row(item) for item in items])


def _row(item: Mapping[str, Any]) -> tuple[Cell, ...]:
    until = clock.parse(item.get("until"))
    return tuple(
        Cell(text)
        for text in (
            clean(str(item.get("person") or "?")),
            clean(str(item.get("resource") or "everything")),
            clock.both(until, now=clock.now()) if until else "lifted",
            short_principal(str(item.get("blocked_by") or "")),
            clean(str(item.get("reason") or "")),
        )
    )
