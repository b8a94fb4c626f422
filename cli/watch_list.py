"""Following a list of sessions as it changes, until somebody presses Ctrl-C.

How often the API is asked, `polling` says; failures that may pass are ridden out as in `watch`.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from time import monotonic, sleep
from typing import Any, NoReturn

import typer

from cli import clock, listing, render, tables, terminal, watch
from cli.gathering import fingerprint, items_of
from cli.polling import Polls
from cli.problems import Failure
from cli.session import Session

Look = Callable[[], Mapping[str, Any]]


def watch_list(look: Look, *, wide: bool) -> NoReturn:
    """On a terminal the list is drawn anew every second; anywhere else it is printed at each
    change, with an empty line between. Raises Failure when looking fails for good.
    """
    if terminal.columns() is not None:
        _redraw(look, wide=wide)
    shown: object = None
    following = _Following(look)
    while True:
        items = following.newest()
        if items is not None and (seen := fingerprint(items)) != shown:
            if shown is not None:
                typer.echo()
            typer.echo("\n".join(_lines(items, clock.now(), wide=wide)))
            shown = seen
        following.rest()


def _redraw(look: Look, *, wide: bool) -> NoReturn:
    from rich.live import Live
    from rich.text import Text

    following = _Following(look)
    with Live(console=render.console(), auto_refresh=False, vertical_overflow="crop") as live:
        while True:
            items = following.newest()
            if items is not None:
                lines = _lines(items, clock.now(), wide=wide)
                live.update(Text.from_ansi("\n".join(lines)), refresh=True)
            following.rest()


def _lines(items: list[dict[str, Any]], now: datetime, *, wide: bool) -> list[str]:
    sessions = [Session.parse(item) for item in items]
    if not sessions:
        return ["no sessions"]
    return list(
        tables.lay_out(
            listing.COLUMNS,
            listing.rows(sessions, now=now, wide=wide),
            width=terminal.columns(),
            styled=terminal.has_colours(),
        )
    )


class _Following:
    """The newest known list; asks again when it is due."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._polls = Polls(due=monotonic())
        self._items: list[dict[str, Any]] | None = None

    def newest(self) -> list[dict[str, Any]] | None:
        """None until the API has answered once."""
        if monotonic() < self._polls.due:
            return self._items
        try:
            items = items_of(self._look())
        except Failure as failure:
            failing = self._polls.failed(
                asked=failure.retry_after, now=monotonic(), chance=watch.chance()
            )
            if not failure.transient or failing > watch.PATIENCE:
                raise
        else:
            self._items = items
            self._polls.answered(
                fingerprint(items), left=_left(items), now=monotonic(), chance=watch.chance()
            )
        return self._items

    def rest(self) -> None:
        sleep(min(watch.TICK, max(0.0, self._polls.due - monotonic())))


def _left(items: list[dict[str, Any]]) -> float | None:
    """Seconds until the next of them is to change by itself."""
    lefts = (watch.left(Session.parse(item)) for item in items)
    return min((left for left in lefts if left is not None and left > 0), default=None)
