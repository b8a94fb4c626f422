"""Following a session as it changes: poll the API, show each change, stop when asked to.

A laptop that loses its network for a minute must not lose the wait: failures that may pass are
ridden out for as long as PATIENCE. How often the API is asked, `polling` says. However the watch
is broken off, the session's id, its state and the next command stay on the screen.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from random import random
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from cli import clock, render
from cli.arguments import session_path
from cli.next_command import yours
from cli.polling import Polls
from cli.problems import ExitCode, Failure, Outcome, problem_of_client
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


@dataclass(slots=True, kw_only=True)
class Watched:
    """`known`: its newest document, if there is one yet. `timeout`: seconds, for as long as it is
    watched at most.
    """

    session_id: str
    known: dict[str, Any] | None = None
    timeout: float | None = None


class _TimeIsOver(Exception):
    pass


def watch(
    api: "Api", watched: Watched, *, view: View, until: Until, stderr: bool
) -> dict[str, Any]:
    """Follows the session until `until`, and returns its document then. Raises Failure.

    On a terminal `view` is redrawn every second; anywhere else a line is printed at each change.
    """
    try:
        return _watch(api, watched, view=view, until=until, stderr=stderr)
    except KeyboardInterrupt:
        raise _broken_off(watched, "", ExitCode.INTERRUPTED) from None
    except _TimeIsOver:
        raise _broken_off(watched, "the time is over; ", ExitCode.TIMED_OUT) from None
    except Failure as failure:
        if watched.known is None:
            raise
        raise _broken_off(watched, f"{failure.line}; ", failure.exit_code) from failure


def _broken_off(watched: Watched, why: str, exit_code: ExitCode) -> Outcome:
    """What stays on the screen."""
    name = watched.session_id
    session = None if watched.known is None else Session.parse(watched.known)
    after = f"to follow it: {yours(f'show {name} --watch')}"
    if session is not None and session.active:
        use, give_back = yours(f"exec {name} -- CMD"), yours(f"end {name}")
        after = f"to use it: {use}; to give it back: {give_back}"
    line = f"{why}{name if session is None else render.headline(session)}; {after}"
    document = problem_of_client(line, session_id=name, session=watched.known)
    return Outcome(line, exit_code=exit_code, document=document)


def _watch(
    api: "Api", watched: Watched, *, view: View, until: Until, stderr: bool
) -> dict[str, Any]:
    console = render.console(stderr=stderr)
    documents = _follow(api, watched)
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


def _follow(api: "Api", watched: Watched) -> Iterator[dict[str, Any]]:
    """The newest known document of the session, once every TICK, for as long as it is watched."""
    path = session_path(watched.session_id)
    begun = monotonic()
    over = begun + (float("inf") if watched.timeout is None else watched.timeout)
    polls = Polls(due=begun)
    while True:
        if monotonic() >= polls.due:
            watched.known = _look(api, path, polls) or watched.known
        if watched.known is not None:
            yield watched.known
        if monotonic() >= over:
            raise _TimeIsOver
        sleep(min(TICK, max(0.0, min(polls.due, over) - monotonic())))


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
