"""`pam whoami` and `pam inbox`: whom PAM takes one for, and what waits for one."""

from collections.abc import Mapping
from typing import Any

from cli import clock, listing, render, tables, terminal
from cli.invocation import Invocation, command, print_json
from cli.next_command import yours
from cli.problems import Failure
from cli.session import Session
from cli.tables import Cell, Column
from cli.text import clean, short_principal

_COLUMNS = (
    Column("SESSION"),
    Column("RESOURCE"),
    Column("WHO"),
    Column("ASKED", "asked {}"),
    Column("REASON"),
)
_ACTS = {
    "votes": ("to vote on", ("approve ID", "deny ID")),
    "reviews": ("to review", ("review ID --justified", "review ID --unjustified")),
    "confirmations": ("opened in your name, to confirm", ("confirm ID", "end ID")),
}


@command
def whoami(invocation: Invocation) -> None:
    """Show whom PAM takes you for."""
    document = invocation.api().get("/pam/me")
    invocation.emit(document, lambda: _print_me(document))


@command
def inbox(invocation: Invocation, form: listing.FormOption = listing.Form.TABLE) -> None:
    """Show what waits for you."""
    document = invocation.api().get("/pam/inbox")
    if invocation.json or form is listing.Form.JSON:
        print_json(document)
        return
    waiting = {name: _list(document, name) for name in _ACTS}
    items = [item for name in _ACTS for item in waiting[name]]
    match form:
        case listing.Form.NAME:
            listing.print_names(items)
        case listing.Form.CSV:
            whys = [name for name in _ACTS for _ in waiting[name]]
            listing.print_csv(items, first={"waits_in": whys})
        case _:
            _print_inbox(waiting, wide=form is listing.Form.WIDE)


def _print_me(document: Mapping[str, Any]) -> None:
    groups = ", ".join(clean(str(each)) for each in _list(document, "groups")) or "no group"
    who = clean(str(document.get("person") or "?"))
    render.put(f"{who} of {clean(str(document.get('domain') or '?'))}: {groups}")
    proof = clean(str(document.get("auth") or "?"))
    render.put(f"by {proof}; known as")
    for principal in _list(document, "principals"):
        render.put(f"  {clean(str(principal))}")


def _print_inbox(waiting: Mapping[str, list[Any]], *, wide: bool) -> None:
    if not any(waiting.values()):
        render.put("nothing waits for you")
        return
    for name, items in waiting.items():
        if not items:
            continue
        what, acts = _ACTS[name]
        render.put(f"{what} ({', or '.join(map(yours, acts))}):")
        tables.show(_COLUMNS, _rows([Session.parse(item) for item in items], wide=wide))


def _rows(sessions: list[Session], *, wide: bool) -> list[tuple[Cell, ...]]:
    now = clock.now()
    names = listing.beginnings(session.session_id for session in sessions)
    whole = wide or terminal.columns() is None
    return [
        (
            Cell(clean(session.session_id if whole else names[session.session_id])),
            Cell(clean(session.resource)),
            Cell(
                f"for {short_principal(session.requester)}"
                + (", BREAK-GLASS" if session.break_glass else ""),
                "bold red" if session.break_glass else "",
            ),
            Cell(clock.relative(session.created_at, now=now) if session.created_at else "-"),
            Cell(clean(session.reason)),
        )
        for session in sessions
    ]


def _list(document: Mapping[str, Any], name: str) -> list[Any]:
    found = document.get(name)
    if not isinstance(found, list):
        message = f"the API's answer has no {name}; is this pam newer than the API?"
        raise Failure(message)
    return found
