"""`pam request`: ask for access, and with --wait stay until it is there or refused."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any
from uuid import uuid4

import typer

from cli import clock, durations, pages, reasons, render, terminal, which
from cli.arguments import Yes, session_path
from cli.invocation import Invocation, command
from cli.next_command import yours
from cli.problems import Failure, Outcome, exit_code_of_wait
from cli.session import Session
from cli.text import clean
from cli.watch import Watched, watch
from pam.domain.durations import render as render_length

if TYPE_CHECKING:
    from cli.api import Api

_FOLLOWS = "break-glass: Tier-1 is told at once, and two people review it afterwards"


@command
def request(
    invocation: Invocation,
    resource: Annotated[
        str | None, typer.Argument(help="What to borrow; `pam resources` lists it.")
    ] = None,
    reason: Annotated[
        str | None, typer.Option("--reason", help="Why, in 10 to 1000 visible characters.")
    ] = None,
    length: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="DURATION",
            help="How long: 30s, 15m, 1h30m or seconds [default: the resource's own].",
            callback=durations.seconds_option,
        ),
    ] = None,
    ticket: Annotated[str | None, typer.Option("--ticket", help="The ticket it is for.")] = None,
    *,
    break_glass: Annotated[
        bool,
        typer.Option("--break-glass", help="Emergency: no waiting; alerts Tier 1, is reviewed."),
    ] = False,
    like: Annotated[
        str | None,
        typer.Option(
            "--like",
            metavar="ID",
            help="Ask for what an earlier session was, save for what is said here.",
        ),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Stay until the access is there, or will not come.")
    ] = False,
    timeout: Annotated[
        str | None,
        typer.Option(
            "--timeout",
            metavar="DURATION",
            help="Wait no longer than this (exit 6); the request goes on.",
            callback=durations.seconds_option,
        ),
    ] = None,
    yes: Yes = False,
) -> None:
    """Ask for access to a resource."""
    if timeout is not None and not wait:
        message = "it is for how long to --wait, which was not given"
        raise typer.BadParameter(message, param_hint="--timeout")
    if like is None:
        _demand(resource, reason)
    api = invocation.api()
    body: dict[str, Any] = {} if like is None else _as_before(api, like)
    said = {
        "resource": resource,
        "reason": reason,
        "duration_seconds": durations.seconds(length),
        "ticket": ticket,
    }
    body |= {name: value for name, value in said.items() if value is not None}
    _demand(body.get("resource"), body.get("reason"))
    if break_glass:
        body["break_glass"] = True
    _before_it_is_asked(api, body, yes=yes)
    document = _ask(api, body)
    if wait:
        document = _wait(api, document, durations.seconds(timeout))
    invocation.emit(document, lambda: _report(Session.parse(document)))
    if wait and not (session := Session.parse(document)).active:
        raise Outcome(_no_access(session), exit_code=exit_code_of_wait(session.status))


def _demand(resource: str | None, reason: str | None) -> None:
    for value, name in ((resource, "RESOURCE"), (reason, "--reason")):
        if not value:
            message = "say what to borrow and why, or what it is --like"
            raise typer.BadParameter(message, param_hint=name)


def _as_before(api: "Api", typed: str) -> dict[str, Any]:
    """What that session was asked for with."""
    found = which.own(api, typed, which.SHOW)
    session = Session.parse(found.document or api.get(session_path(found.session_id)))
    before = {
        "resource": session.resource,
        "reason": session.reason,
        "duration_seconds": session.duration_seconds,
        "ticket": session.ticket,
    }
    return {name: value for name, value in before.items() if value}


def _before_it_is_asked(api: "Api", body: dict[str, Any], *, yes: bool) -> None:
    """What whoever asks should know before others are woken. In an emergency nothing is looked up
    for a script, which nobody would ask.
    """
    question = ""
    if terminal.is_terminal():
        reasons.check(str(body["reason"]))
    if not body.get("break_glass") or terminal.is_terminal():
        for session in _open_already(api, str(body["resource"])):
            terminal.say(f"you have one already: {_in_a_line(session)}")
            question = "Ask for another one all the same?"
    if body.get("break_glass"):
        terminal.say(_FOLLOWS)
        question = "Break the glass?"
    if question:
        terminal.must_agree(question, yes=yes)


def _open_already(api: "Api", resource: str) -> list[Session]:
    """No request fails because this cannot be read."""
    with suppress(Failure):
        return [each for each in pages.own_recent(api, resource) if not each.lost]
    return []


def _in_a_line(session: Session) -> str:
    name = clean(session.session_id)
    if session.active and session.expires_at:
        until = clock.both(session.expires_at, now=clock.now())
        use = yours(f"exec {name} -- CMD")
        return f"{render.headline(session)} until {until}; to use it: {use}"
    return f"{render.headline(session)}; to follow it: {yours(f'show {name} --watch')}"


def _ask(api: "Api", body: dict[str, Any]) -> dict[str, Any]:
    # A fresh key per run: a try that got no answer may be repeated without asking twice.
    return api.post("/pam/request", body, idempotency_key=str(uuid4()))


def _wait(api: "Api", document: dict[str, Any], timeout: int | None) -> dict[str, Any]:
    session_id = Session.parse(document).session_id
    return watch(
        api,
        Watched(session_id=session_id, known=document, timeout=timeout),
        view=_live_view,
        until=lambda session: session.active or session.lost,
        stderr=True,
    )


def _live_view(session: Session, now: datetime) -> str:
    without_votes = "nobody has voted yet" if session.approvals.required else "no vote is needed"
    return (
        f"{render.headline(session)}\n{render.next_step(session, now=now)}"
        f"\n{render.voted(session) or without_votes} (Ctrl-C stops the waiting, not the request)"
    )


def _report(session: Session) -> None:
    # As PAM took it: `--for 5` is five seconds, and who meant minutes sees it here.
    length = render_length(timedelta(seconds=session.duration_seconds))
    asked = f"{render.headline(session)}, for {length}"
    render.put(asked, render.next_step(session, now=clock.now()))


def _no_access(session: Session) -> str:
    if session.activated_at:
        return f"{render.headline(session)}; the access was there and is over"
    why = render.why(session)
    return f"{render.headline(session)}{why and ': '}{why}; no access was given"
