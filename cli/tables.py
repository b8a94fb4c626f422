"""Rows that fit a terminal of any width: a table, a table with its last column below, or cards.

What people must type again is never cut. Only the last column, which is somebody's prose, is.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import typer

from cli import terminal
from cli.text import shorten

_GAP = "  "
_LEAST = 20
"""Columns of the last column, below which it goes under its row."""


@dataclass(frozen=True, slots=True)
class Column:
    """`card` is how its value stands where there is no room for headings."""

    heading: str
    card: str = "{}"


@dataclass(frozen=True, slots=True)
class Cell:
    """`style` is of `typer.style`: `bold green`."""

    text: str
    style: str = ""


def show(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> None:
    """Prints rows as wide as the terminal is; into a file or a pipe, as wide as they are."""
    for line in lay_out(columns, rows, width=terminal.columns(), styled=terminal.has_colours()):
        typer.echo(line, color=True)


def lay_out(
    columns: Sequence[Column],
    rows: Sequence[Sequence[Cell]],
    *,
    width: int | None,
    styled: bool = False,
) -> Iterator[str]:
    """The lines; none is longer than `width`, but for one word that is. None: no limit."""
    heads = [Cell(column.heading) for column in columns]
    table = [heads, *rows]
    widths = [max(cells(row[index].text) for row in table) for index in range(len(columns))]
    most = sum(widths) if width is None else width
    beside = sum(widths[:-1]) + len(_GAP) * (len(columns) - 1)
    if width is None or beside + min(widths[-1], _LEAST) <= width:
        room = widths[-1] if width is None else max(most - beside, 0)
        for row in table:
            last = Cell(_fitting(row[-1].text, room), row[-1].style)
            yield _line([*row[:-1], last], widths, styled=styled)
    elif beside - len(_GAP) <= width:
        for row in table:
            yield _line(row[:-1], widths, styled=styled)
            if row[-1].text and row is not heads:
                yield _GAP + _fitting(row[-1].text, most - len(_GAP))
    else:
        for row in rows:
            yield from _card(columns, row, most, styled=styled)


def cells(text: str) -> int:
    """How many columns of a terminal it takes."""
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1
        for each in text
    )


def _fitting(text: str, room: int) -> str:
    """At most `room` columns of it, with an ellipsis where something was cut off."""
    length = room
    while cells(fitting := shorten(text, length)) > room and length > 1:
        length -= 1
    return fitting


def _line(row: Sequence[Cell], widths: Sequence[int], *, styled: bool) -> str:
    padded = (
        _styled(cell, styled=styled) + " " * (width - cells(cell.text))
        for cell, width in zip(row, widths, strict=False)
    )
    return _GAP.join(padded).rstrip()


def _card(
    columns: Sequence[Column], row: Sequence[Cell], width: int, *, styled: bool
) -> Iterator[str]:
    """The values one after the other, on as many lines as they take; the last on its own."""
    line, length = "", 0
    for column, cell in zip(columns[:-1], row[:-1], strict=True):
        if cell.text in {"", "-"}:
            continue
        said = Cell(column.card.format(cell.text), cell.style)
        taken = cells(said.text)
        if line and length + len(_GAP) + taken > width:
            yield line
            line, length = "", 0
            said = Cell(_GAP + said.text, said.style)
            taken += len(_GAP)
        line += (_GAP if line else "") + _styled(said, styled=styled)
        length += (len(_GAP) if length else 0) + taken
    yield line
    if row[-1].text:
        yield _GAP + _fitting(row[-1].text, width - len(_GAP))


def _styled(cell: Cell, *, styled: bool) -> str:
    if not styled or not cell.style:
        return cell.text
    bold, colour = cell.style.startswith("bold "), cell.style.removeprefix("bold ")
    return typer.style(cell.text, fg=colour, bold=bold or None)
