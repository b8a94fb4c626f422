"""`pam whoami` and `pam inbox`: whom PAM takes one for, and what waits for one."""

from collections.abc import Mapping
from typing import Any

from cli import clock, render
from cli.invocation import Invocation, command
from cli.problems import Failure
from cli.session import Session
from cli.text import clean, short_principal

_ACTS = {
    "votes": ("to vote on", "pam approve ID, or pam deny ID"),
    "reviews": ("to review", "pam review ID --justified, or --unjustified"),
    "confirmations": ("opened in your name, to confirm", "pam confirm ID, or pam end ID"),
}


@command
def whoami(invocation: Invocation) -> None:
    """Show whom PAM takes you for."""
    document = invocation.api().get("/pam/me")
    invocation.emit(document, lambda: _print_me(document))


@command
def inbox(invocation: Invocation) -> None:
    """Show what waits for you."""
    document = invocation.api().get("/pam/inbox")
    invocation.emit(document, lambda: _print_inbox(document))


def _print_me(document: Mapping[str, Any]) -> None:
    groups = ", ".join(clean(str(each)) for each in _list(document, "groups")) or "no group"
    who = clean(str(document.get("person") or "?"))
    render.put(f"{who} of {clean(str(document.get('domain') or '?'))}: {groups}")
    proof = clean(str(document.get("auth") or "?"))
    render.put(f"by {proof}; known as")
    for principal in _list(document, "principals"):
        render.put(f"  {clean(str(principal))}")


def _print_inbox(document: Mapping[str, Any]) -> None:
    waiting = {name: _sessions(document, name) for name in _ACTS}
    if not any(waiting.values()):
        render.put("nothing waits for you")
        return
    now = clock.now()
    for name, sessions in waiting.items():
        if not sessions:
            continue
        what, act = _ACTS[name]
        render.put(f"{what} ({act}):")
        for session in sessions:
            who = short_principal(session.requester)
            asked = clock.both(session.created_at, now=now) if session.created_at else "?"
            urgent = ", BREAK-GLASS" if session.break_glass else ""
            render.put(
                f"  {clean(session.session_id)}  {clean(session.resource)} for {who}{urgent}, "
                f"asked {asked}: {clean(session.reason)}"
            )


def _sessions(document: Mapping[str, Any], name: str) -> list[Session]:
    return [Session.parse(each) for each in _list(document, name)]


def _list(document: Mapping[str, Any], name: str) -> list[Any]:
    found = document.get(name)
    if not isinstance(found, list):
        message = f"the API's answer has no {name}; is this pam newer than the API?"
        raise Failure(message)
    return found
