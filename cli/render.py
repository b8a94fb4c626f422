"""What a person reads: what happened, who must do what next, and when it ends.

Everything that came from people goes through `clean` and is never parsed as markup.
"""

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import typer

from cli import clock
from cli.session import Session, Vote
from cli.text import clean, short_principal, shorten
from pam.domain import durations
from pam.domain.ending import ReceiptMethod
from pam.domain.lifecycle import Status

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

_UNFOLDED = 400
"""Columns where nobody looks: output into a file or a pipe is not cut to a guessed width."""
_STYLES: Mapping[str, str] = {
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
        markup=False,
        emoji=False,
        highlight=False,
        width=None if stream.isatty() else _UNFOLDED,
    )


def put(*parts: "RenderableType") -> None:
    """Prints on stdout. Off a terminal, tables are not padded to a width that nobody has."""
    out = console()
    if out.is_terminal:
        out.print(*parts, sep="\n")
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
    for name, value in _facts(session, now=now):
        style = _STYLES.get(session.status, "") if name == "status" else ""
        table.add_row(Text(name, style="dim"), Text(clean(value), style=style, overflow="fold"))
    return table


def session_list(sessions: Sequence[Session], *, now: datetime) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("SESSION", no_wrap=True, min_width=26)  # to be copied whole
    for heading in ("STATUS", "RESOURCE", "REQUESTER", "UNTIL"):
        table.add_column(heading, no_wrap=True)
    table.add_column("REASON")  # the one that gives way where the terminal is narrow
    for session in sessions:
        until = _until(session)
        table.add_row(
            Text(clean(session.session_id)),
            Text(clean(session.status), style=_STYLES.get(session.status, "")),
            Text(clean(session.resource)),
            Text(short_principal(session.requester)),
            Text(clock.relative(until, now=now) if until else "-"),
            Text(shorten(clean(session.reason), 60), no_wrap=True, overflow="ellipsis"),
        )
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
                    f"waiting for the word of {who}: pam confirm {name}, or pam end {name}"
                )
            if session.approvals.missing:
                steps.append(f"an approver runs: pam approve {name}")
            return "\n".join(steps)
        case Status.APPROVED if session.waits_for:
            return (
                f"approved; it begins when session {clean(session.waits_for)} is over\n"
                f"to give that back: pam end {clean(session.waits_for)}"
            )
        case Status.APPROVED | Status.ACTIVATING:
            return f"approved; the access is being made\nto follow it: pam show {name} --watch"
        case Status.ACTIVE:
            end = _ends(session.expires_at, now=now)
            owed = _break_glass(session, now=now).removeprefix("yes; ")
            return (
                f"the access is there{end}\n"
                f"to use it: pam exec {name} -- CMD\n"
                f"to give it back: pam end {name}"
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
    receipt = clean(_receipt(session.ending, now=now)) if session.over and granted else ""
    return f"{meaning}\n{receipt}" if receipt else meaning


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
    if reason and reason != how:
        how += f": {reason}"
    return f"{how}\nstill needed? Ask anew: pam request {clean(session.resource)} --reason ..."


def why(session: Session) -> str:
    """Why it ended, in the words of the person who ended it; empty if nobody said."""
    said = [vote.comment for vote in session.approvals.votes if vote.decision == "deny"]
    return clean(session.end_reason or "; ".join(filter(None, said)))


def reviewed(session: Session, *, now: datetime) -> str:
    """`reviewed: justified`, or who has looked so far and until when somebody else must."""
    return clean(_break_glass(session, now=now).removeprefix("yes; "))


def voted(session: Session) -> str:
    """`bob approved, carol denied`; empty if nobody has voted."""
    return ", ".join(
        f"{short_principal(vote.approver)} {_verb(vote)}" for vote in session.approvals.votes
    )


def _facts(session: Session, *, now: datetime) -> list[tuple[str, str]]:
    """Name and value of each line; only what there is to say."""
    votes = session.approvals
    required = f"{votes.received} of {votes.required}"
    if votes.domain_required:
        required += f"; of {session.domain}: {votes.domain_received} of {votes.domain_required}"
    confirmed = ", not confirmed yet" if session.needs_confirmation else ""
    claimed = f" (named by a runbook{confirmed})"
    if session.requester_verified:
        # Asked for in person, and all the same not begun: an emergency that came by Slack.
        claimed = " (not confirmed yet)" if session.needs_confirmation else ""
    lines = [
        ("session", session.session_id),
        ("status", session.status),
        ("resource", f"{session.resource} ({session.environment}, {session.domain})"),
        ("requester", f"{session.requester} ({session.requester_domain}){claimed}"),
        ("reason", session.reason),
        ("ticket", session.ticket),
        ("break-glass", _break_glass(session, now=now)),
        ("duration", _length(session.duration_seconds)),
        ("asked", _instant(session.created_at, now=now)),
        ("approvals", required),
        *(("", _vote(vote, now=now)) for vote in votes.votes),
        ("active since", _instant(session.activated_at, now=now)),
        ("expires", _instant(session.expires_at, now=now)),
        ("ended", _instant(session.ended_at, now=now)),
        ("end reason", session.end_reason),
        ("receipt", _receipt(session.ending, now=now)),
        ("tries", _tries(session)),
    ]
    return [(name, value) for name, value in lines if value]


def _tries(session: Session) -> str:
    if session.over or not session.tries:
        return ""
    return f"PAM has tried {session.tries} times to end it, and goes on every minute"


def _vote(vote: Vote, *, now: datetime) -> str:
    at = f" at {clock.local(vote.at, now=now)}" if vote.at else ""
    said = f': "{vote.comment}"' if vote.comment else ""
    return f"{vote.approver} {_verb(vote)}{at}{said}"


def _verb(vote: Vote) -> str:
    return {"approve": "approved", "deny": "denied"}.get(vote.decision, clean(vote.decision))


def _break_glass(session: Session, *, now: datetime) -> str:
    if not session.break_glass:
        return ""
    outcome, due = session.review.get("outcome"), clock.parse(session.review.get("due_at"))
    if outcome:
        return f"yes; reviewed: {outcome}"
    if not due:
        return "yes"
    looked = session.review.get("reviewers")
    names = [short_principal(str(each)) for each in looked] if isinstance(looked, list) else []
    so_far = f" (so far by {', '.join(names)})" if names else ""
    return (
        f"yes; review {'overdue since' if due <= now else 'due'} {clock.both(due, now=now)}{so_far}"
    )


def _receipt(ending: Mapping[str, Any], *, now: datetime) -> str:
    """How the target was seen to refuse, and when."""
    if not ending:
        return ""
    confirmed = clock.parse(ending.get("confirmed_at"))
    seen = f"confirmed {clock.both(confirmed, now=now)}" if confirmed else "not confirmed yet"
    effective = clock.parse(ending.get("effective_at"))
    parts = [seen]
    if effective and confirmed and effective > confirmed:
        parts.append(f"in force from {clock.both(effective, now=now)} at the latest")
    if ending.get("proven") is False:
        parts.append("not proven")
    parts += [str(ending[name]) for name in ("method", "evidence") if ending.get(name)]
    return "; ".join(parts)


def _until(session: Session) -> datetime | None:
    if session.status == Status.PENDING_APPROVAL:
        return session.approval_expires_at
    return session.ended_at or session.expires_at


def _ends(instant: datetime | None, *, now: datetime) -> str:
    return f" until {clock.both(instant, now=now)}" if instant else ""


def _instant(instant: datetime | None, *, now: datetime) -> str:
    return clock.both(instant, now=now) if instant else ""


def _length(seconds: int) -> str:
    return durations.render(timedelta(seconds=seconds)) if seconds else ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
