"""Following a session as it changes: poll the API, show each change, stop when asked to.

A laptop that loses its network for a minute must not lose the wait: failures that may pass are
ridden out for as long as PATIENCE. How often the API is asked, `polling` says.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from random import random
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from cli import clock, render
from cli.arguments import session_path
from cli.polling import Polls
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
    polls = Polls(due=monotonic())
    while True:
        if monotonic() >= polls.due:
            document = _look(api, path, polls) or document
        if document is not None:
            yield document
        sleep(min(TICK, max(0.0, polls.due - monotonic())))


def _look(api: "Api", path: str, polls: Polls) -> dict[str, Any] | None:
    """The document, or None after a failure that may pass."""
    try:
        document = api.get(path)
    except Failure as failure:
        now = monotonic()
        failing = polls.failed(asked=failure.retry_after, now=now, chance=chance())
        if not failure.transient or failing > PATIENCE:
            raise
        return None
    session = Session.parse(document)
    seen = (session.status, session.approvals.votes)
    polls.answered(seen, left=left(session), now=monotonic(), chance=chance())
    return document


def left(session: Session) -> float | None:
    """Seconds until the session is to change by itself, as far as it says; negative afterwards."""
    ends: dict[str, datetime | None] = {
        Status.PENDING_APPROVAL: session.approval_expires_at,
        Status.ACTIVE: session.expires_at,
    }
    end = ends.get(session.status)
    return None if end is None else (end - clock.now()).total_seconds()


def chance() -> float:
    return random()  # noqa: S311 - no secret: it keeps those who wait from asking at once
