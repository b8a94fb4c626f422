"""What a person reads: what happened, who must do what next, and when it ends.

Everything that came from people goes through `clean` and is never parsed as markup.
"""

import sys
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import typer

from cli import clock, facts, terminal
from cli.next_command import anybodys, yours
from cli.session import Session
from cli.text import clean, short_principal
from pam.domain.ending import ReceiptMethod
from pam.domain.lifecycle import Status

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

_UNFOLDED = 400
"""Columns where nobody looks: output into a file or a pipe is not cut to a guessed width."""
STYLES: Mapping[str, str] = {
    Status.PENDING_APPROVAL: "yellow",
    Status.APPROVED: "cyan",
    Status.ACTIVATING: "cyan",
    Status.ACTIVE: "bold green",
    Status.REVOKING: "magenta",
    Status.DENIED: "red",
    Status.FAILED: "bold red",
    Status.REVOKED: "red",
}
_ENDS: Mapping[str, str] = {
    Status.DENIED: "denied by an approver",
    Status.WITHDRAWN: "withdrawn by the requester",
    Status.UNANSWERED: "not enough approvers answered in time",
    Status.FAILED: "the access could not be made; nothing of it is left",
    Status.EXPIRED: "ended by the clock",
    Status.REVOKED: "revoked by an operator",
    Status.ENDED: "given back by the requester",
}


def console(*, stderr: bool = False) -> "Console":
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(
        file=stream,
        # Rich takes a pipe for a terminal where FORCE_COLOR is set, and would redraw lines in it.
        force_terminal=stream.isatty(),
        markup=False,
        emoji=False,
        highlight=False,
        width=None if stream.isatty() else _UNFOLDED,
        color_system="auto" if terminal.has_colours() else None,
    )


def put(*parts: "RenderableType") -> None:
    """Prints on stdout. Off a terminal, nothing is folded or padded to a width that nobody has."""
    texts = [part for part in parts if isinstance(part, str)]
    if len(texts) == len(parts) and not sys.stdout.isatty():
        typer.echo("\n".join(line.rstrip() for line in "\n".join(texts).splitlines()))
        return
    out = console()
    if out.is_terminal:
        for part in parts:
            # The terminal folds lines of text itself: a command in them can be pasted whole.
            out.print(part, soft_wrap=isinstance(part, str))
        return
    with out.capture() as capture:
        out.print(*parts, sep="\n")
    typer.echo("\n".join(line.rstrip() for line in capture.get().splitlines()))


def show_session(session: Session, *, now: datetime) -> None:
    """The whole session, then what happens next."""
    put(session_table(session, now=now), "", next_step(session, now=now))


def session_table(session: Session, *, now: datetime) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    for name, value in facts.lines_of(session, now=now):
        style = STYLES.get(session.status, "") if name == "status" else ""
        table.add_row(Text(name), Text(clean(value), style=style, overflow="fold"))
    return table


def headline(session: Session) -> str:
    """`01J... core-ledger-admin is ACTIVE`."""
    return clean(f"{session.session_id}: {session.resource} is {session.status}")


def _waits_for_the_word(session: Session) -> bool:
    """Whether nothing happens before the person named confirms; elsewhere the first lease does."""
    return session.break_glass or not session.approvals.missing


def next_step(session: Session, *, now: datetime) -> str:
    """A line or a few: what this state means and who does what next."""
    name = clean(session.session_id)
    match session.status:
        case Status.PENDING_APPROVAL:
            steps = [waiting(session, now=now)]
            if session.needs_confirmation and _waits_for_the_word(session):
                who = clean(session.requester)
                steps = [] if not session.approvals.missing else steps
                steps.append(
                    f"waiting for the word of {who}: {yours(f'confirm {name}')}, "
                    f"or {yours(f'end {name}')}"
                )
            if session.approvals.missing:
                steps.append(f"an approver runs: {anybodys(f'approve {name}')}")
            return "\n".join(steps)
        case Status.APPROVED if session.waits_for:
            return (
                f"approved; it begins when session {clean(session.waits_for)} is over\n"
                f"to give that back: {yours(f'end {clean(session.waits_for)}')}"
            )
        case Status.APPROVED | Status.ACTIVATING:
            follow = yours(f"show {name} --watch")
            return f"approved; the access is being made\nto follow it: {follow}"
        case Status.ACTIVE:
            end = _ends(session.expires_at, now=now)
            owed = facts.break_glass(session, now=now).removeprefix("yes; ")
            return (
                f"the access is there{end}\n"
                f"to use it: {yours(f'exec {name} -- CMD')}\n"
                f"to give it back: {yours(f'end {name}')}"
                + (f"\nbreak-glass: Tier-1 has been told; {clean(owed)}" if owed else "")
            )
        case Status.REVOKING:
            return "the access is being taken away; no credentials are given any more"
        case _:
            return ended(session)


def progress(session: Session, *, now: datetime) -> str:
    """One line for a log: it changes only when something happened, not with the time."""
    line = headline(session)
    if session.status == Status.PENDING_APPROVAL:
        line += f"; waiting for {_count(session.approvals.missing, 'more approval')}"
    if session.active and session.expires_at:
        line += f" until {clock.local(session.expires_at, now=now)}"
    if session.over and why(session):
        line += f": {why(session)}"
    votes = voted(session)
    return f"{line} ({votes})" if votes else line


def outcome(session: Session, *, now: datetime) -> str:
    """What an act led to, for its caller: the state's meaning, and the receipt of an end."""
    meaning = next_step(session, now=now).splitlines()[0]
    granted = session.ending.get("method") != ReceiptMethod.NEVER_GRANTED
    receipt = facts.receipt(session.ending, now=now) if session.over and granted else []
    return "\n".join([meaning, *map(clean, receipt)])


def waiting(session: Session, *, now: datetime) -> str:
    """`waiting for 2 approvals (1 of 3 so far), at least 1 from bank-kyc, until ...`."""
    votes = session.approvals
    text = f"waiting for {_count(votes.missing, 'approval')} ({votes.received} so far)"
    if votes.domain_missing:
        text += f", at least {votes.domain_missing} by an approver of {clean(session.domain)}"
    if session.approval_expires_at:
        text += f"; unanswered at {clock.both(session.approval_expires_at, now=now)}"
    return text


def ended(session: Session) -> str:
    """How it ended, and what to do if the access is still needed."""
    how, reason = _ENDS.get(session.status, clean(session.status)), why(session)
    if reason and reason not in _ENDS.values():
        how += f": {reason}"
    again = yours(f"request --like {clean(session.session_id)}")
    return f"{how}\nstill needed? Ask anew: {again}"


def why(session: Session) -> str:
    """Why it ended, in the words of the person who ended it; empty if nobody said."""
    said = [vote.comment for vote in session.approvals.votes if vote.decision == "deny"]
    return clean(session.end_reason or "; ".join(filter(None, said)))


def reviewed(session: Session, *, now: datetime) -> str:
    """`reviewed: justified`, or who has looked so far and until when somebody else must."""
    return clean(facts.break_glass(session, now=now).removeprefix("yes; "))


def voted(session: Session) -> str:
    """`bob approved, carol denied`; empty if nobody has voted."""
    return ", ".join(
        f"{short_principal(vote.approver)} {facts.verb(vote)}" for vote in session.approvals.votes
    )


def _ends(instant: datetime | None, *, now: datetime) -> str:
    return f" until {clock.both(instant, now=now)}" if instant else ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
