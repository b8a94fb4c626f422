"""What an act is about, in a few lines on stderr: before it is asked about, or chosen."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from textwrap import TextWrapper

from cli import clock, render
from cli.session import Session
from cli.text import clean, short_principal, shorten
from pam.domain import durations


def block(session: Session, *, now: datetime) -> str:
    """The session as somebody must know it before they act on it."""
    lines = [
        ("resource", f"{session.resource} ({session.environment}, {session.domain})"),
        ("requester", f"{session.requester} ({session.requester_domain}){_claimed(session)}"),
        ("for", _length(session)),
        ("reason", session.reason),
        ("ticket", session.ticket),
        ("break-glass", "yes: reviewed afterwards" if session.break_glass else ""),
        ("votes", votes(session)),
        ("status", f"{session.status}{_until(session, now=now)}"),
    ]
    shown = [f"  {name:<11}  {clean(value)}" for name, value in lines if value]
    return "\n".join([clean(session.session_id), *shown])


_NUMBER = "{:>3}  "


def numbered(sessions: Sequence[Session], *, now: datetime, width: int | None) -> str:
    """A line each, to choose from; where that is longer than `width`, what goes below it is
    indented, and no word is cut. None: no limit.
    """
    names = [(clean(each.resource), short_principal(each.requester)) for each in sessions]
    wide, who_wide = max(len(name) for name, _ in names), max(len(who) for _, who in names)
    return "\n".join(
        _folded(
            f"{_NUMBER.format(number)}{clean(each.session_id)}  {name:<{wide}}  {who:<{who_wide}}  "
            f"{clean(each.status)}{_until(each, now=now)}"
            f"{', BREAK-GLASS' if each.break_glass else ''}: {shorten(clean(each.reason), 40)}",
            width,
        )
        for number, (each, (name, who)) in enumerate(zip(sessions, names, strict=True), start=1)
    )


def _folded(line: str, width: int | None) -> str:
    if width is None:
        return line
    indent = " " * len(_NUMBER.format(0))
    wrapper = TextWrapper(
        width=width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return "\n".join(wrapper.wrap(line))


def named(sessions: Sequence[Session], *, most: int = 10) -> str:
    """All of them in one line: `01J... (core-ledger-admin, alice, ACTIVE), ...`."""
    parts = [
        f"{s.session_id} ({s.resource}, {short_principal(s.requester)}, {s.status})"
        for s in sessions[:most]
    ]
    more = len(sessions) - most
    return ", ".join([*parts, f"and {more} more"] if more > 0 else parts)


def votes(session: Session) -> str:
    """`1 of 2; bob approved`."""
    count = session.approvals
    if not count.required:
        return ""
    of_domain = (
        f", of {session.domain} {count.domain_received} of {count.domain_required}"
        if count.domain_required
        else ""
    )
    cast = render.voted(session)
    return f"{count.received} of {count.required}{of_domain}{cast and '; '}{cast}"


def _claimed(session: Session) -> str:
    if session.requester_verified:
        return ", not confirmed yet" if session.needs_confirmation else ""
    return f", named by a runbook{', not confirmed yet' if session.needs_confirmation else ''}"


def _length(session: Session) -> str:
    seconds = session.duration_seconds
    return durations.render(timedelta(seconds=seconds)) if seconds else ""


def _until(session: Session, *, now: datetime) -> str:
    if session.over or not (ends := session.expires_at):
        return ""
    return f" until {clock.both(ends, now=now)}"
