"""Sessions as a list: for eyes, for a spreadsheet, for the next command."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import takewhile
from typing import Annotated, Any

import typer

from cli import clock, tables, terminal
from cli.render import STYLES
from cli.session import Session
from cli.tables import Cell, Column
from cli.text import clean, inert, short_principal
from pam.domain.lifecycle import Status

_SHORTEST = 10
"""Characters of an id at least: the instant at which the session was asked for."""
COLUMNS = (
    Column("SESSION"),
    Column("STATUS"),
    Column("RESOURCE"),
    Column("REQUESTER", "for {}"),
    Column("UNTIL"),
    Column("REASON"),
)
_FIELDS = (
    *("session_id", "status", "requester", "resource", "environment", "domain"),
    *("requester_domain", "reason", "ticket", "break_glass", "duration_seconds", "created_at"),
    *("approval_expires_at", "activated_at", "expires_at", "ended_at", "end_reason"),
)


class Form(StrEnum):
    TABLE = "table"
    WIDE = "wide"
    NAME = "name"
    CSV = "csv"
    JSON = "json"


FormOption = Annotated[
    Form,
    typer.Option(
        "-o",
        "--output",
        metavar="FORM",
        help="table; wide: whole ids and states; name: ids only; csv: for a spreadsheet; json.",
    ),
]


def show(sessions: Sequence[Session], *, wide: bool = False) -> None:
    """The table. On a terminal ids are shortened to what names them among these, unless `wide`."""
    tables.show(COLUMNS, rows(sessions, now=clock.now(), wide=wide))


def rows(
    sessions: Sequence[Session], *, now: datetime, wide: bool = False
) -> list[tuple[Cell, ...]]:
    whole = wide or terminal.columns() is None
    names = beginnings(session.session_id for session in sessions)
    return [
        (
            Cell(clean(session.session_id if whole else names[session.session_id])),
            Cell(_status(session.status, whole=whole), STYLES.get(session.status, "")),
            Cell(clean(session.resource)),
            Cell(short_principal(session.requester)),
            Cell(until(session, now=now)),
            Cell(clean(session.reason)),
        )
        for session in sessions
    ]


def until(session: Session, *, now: datetime) -> str:
    """`in 29m58s`, or `over 5m12s ago`."""
    if session.over:
        ended = session.ended_at
        return f"over {clock.relative(ended, now=now)}" if ended else "over"
    pending = session.status == Status.PENDING_APPROVAL
    changes = session.approval_expires_at if pending else session.expires_at
    return clock.relative(changes, now=now) if changes else "-"


def beginnings(session_ids: Iterable[str]) -> dict[str, str]:
    """Each id's shortest beginning that names no other of them, of 10 characters at least."""
    ids = sorted(set(session_ids))
    neighbours = zip(["", *ids], ids, [*ids[1:], ""], strict=False)
    return {
        own: own[: max(_SHORTEST, *(_shared(own, each) + 1 for each in (left, right)))]
        for left, own, right in neighbours
    }


def _shared(one: str, other: str) -> int:
    """How many characters both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def print_names(items: Iterable[Mapping[str, Any]]) -> None:
    for item in items:
        typer.echo(clean(str(item.get("session_id") or "?")))


def print_csv(items: Iterable[Mapping[str, Any]], *, first: Mapping[str, Sequence[str]]) -> None:
    """One line for each, after a line of headings. `first` are columns before those of a session.

    No value is a formula to a spreadsheet: what looks like one has a ' before it.
    """
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    votes = ("approvals_required", "approvals_received", "approvers")
    lines.writerow([*first, *_FIELDS, *votes])
    for index, item in enumerate(items):
        own = [_value(item.get(name)) for name in _FIELDS]
        before = [column[index] for column in first.values()]
        lines.writerow([inert(each) for each in (*before, *own, *_votes(item))])
    typer.echo(text.getvalue(), nl=False)


def _votes(item: Mapping[str, Any]) -> tuple[str, str, str]:
    votes = Session.parse(item).approvals
    voted = " ".join(vote.approver for vote in votes.votes if vote.decision == "approve")
    return str(votes.required), str(votes.received), voted


def _value(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _status(status: str, *, whole: bool) -> str:
    """`PENDING` where every column counts; `--status pending` reads it back."""
    return clean(status if whole else status.removesuffix("_APPROVAL"))
