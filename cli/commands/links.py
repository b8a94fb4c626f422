"""`pam link` and `pam unlink`: principals of other surfaces that act as the person who signs."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

import typer

from cli import clock, render
from cli.invocation import Invocation, command
from cli.next_command import yours
from cli.problems import Failure
from cli.terminal import agreed
from cli.text import clean


@command
def slack(
    invocation: Invocation,
    code: Annotated[str, typer.Argument(metavar="CODE", help="What PAM shows you in Slack.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Link it without being asked.")] = False,
) -> None:
    """Link your Slack user to yourself."""
    _link(invocation, "slack", code, yes=yes)


@command
def unlink(
    invocation: Invocation,
    principal: Annotated[
        str, typer.Argument(metavar="PRINCIPAL", help="As `pam link` showed it: slack:TEAM/USER.")
    ],
) -> None:
    """Undo a link of yours (operators: anybody's)."""
    document = invocation.api().delete(f"/pam/links/{quote(principal, safe='')}", {})
    invocation.emit(document, lambda: _print_unlinked(document))


def _link(invocation: Invocation, surface: str, code: str, *, yes: bool) -> None:
    """In two steps, so that a code that somebody sent links nothing that was not read."""
    body = {"surface": surface, "code": code}
    would = invocation.api().post("/pam/links", body)
    question = f"Link {_named(would)} to you? Whoever has it then asks and votes as you."
    if not agreed(question, yes=yes):
        run = yours(f"link {surface} CODE --yes")
        message = f"{question} Nothing is linked yet; if so, run: {run}"
        raise Failure(message)
    accepted = {"accept": str(would.get("principal") or "")}
    document = invocation.api().post("/pam/links", body | accepted)
    invocation.emit(document, lambda: _print_linked(document))


def _named(document: Mapping[str, Any]) -> str:
    principal, display, team = (
        clean(str(document.get(name) or "?")) for name in ("principal", "display", "team")
    )
    return f"{display} of {team} ({principal})"


def _print_linked(document: Mapping[str, Any]) -> None:
    votes_from = clock.parse(document.get("votes_from"))
    when = f"; it may vote from {clock.both(votes_from, now=clock.now())}" if votes_from else ""
    render.put(f"{_named(document)} is linked to you{when}")


def _print_unlinked(document: Mapping[str, Any]) -> None:
    principal, person = (clean(str(document.get(name) or "?")) for name in ("principal", "person"))
    render.put(f"{principal} is no longer {person}'s")
