"""Following a session as it changes: poll the API, show each change, stop when asked to.

A laptop that loses its network for a minute must not lose the wait: failures that may pass are
ridden out for as long as PATIENCE.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from cli import clock, render
from cli.arguments import session_path
from cli.problems import Failure
from cli.session import Session
from pam.domain.lifecycle import Status

if TYPE_CHECKING:
    from rich.console import RenderableType

    from cli.api import Api

TICK = 1.0
"""Seconds between two drawings: a countdown moves every second."""
PATIENCE = 120.0
"""Seconds of failing polls in a row before giving up."""
_EVERY: Mapping[str, float] = {Status.ACTIVE: 5.0, Status.PENDING_APPROVAL: 2.0}
"""Seconds between two polls, by status; the fleeting ones are looked at every tick."""

View = Callable[[Session, datetime], "RenderableType"]
Until = Callable[[Session], bool]


def watch(api: "Api", session_id: str, *, view: View, until: Until, stderr: bool) -> dict[str, Any]:
    """Follows the session until `until`, and returns its document then.

    On a terminal `view` is redrawn every second; anywhere else a line is printed at each change.
    """
    console = render.console(stderr=stderr)
    documents = _follow(api, session_path(session_id))
    if console.is_terminal:
        from rich.live import Live

        with Live(console=console, auto_refresh=False, transient=stderr) as live:
            for document in documents:
                session = Session.parse(document)
                live.update(view(session, clock.now()), refresh=True)
                if until(session):
                    return document
    shown = ""
    for document in documents:
        session = Session.parse(document)
        line = render.progress(session, now=clock.now())
        if line != shown:
            console.print(line)
            shown = line
        if until(session):
            return document
    raise AssertionError  # pragma: no cover (the documents never end)


def _follow(api: "Api", path: str) -> Iterator[dict[str, Any]]:
    """The newest known document of the session, once every TICK, for ever."""
    document: dict[str, Any] | None = None
    due = monotonic()
    failing_since: float | None = None
    while True:
        if monotonic() >= due:
            due = monotonic() + TICK
            try:
                document = api.get(path)
            except Failure as failure:
                failing_since = failing_since or monotonic()
                if not failure.transient or monotonic() - failing_since > PATIENCE:
                    raise
            else:
                failing_since = None
                due = monotonic() + _EVERY.get(str(document.get("status")), TICK)
        if document is not None:
            yield document
        sleep(TICK)
