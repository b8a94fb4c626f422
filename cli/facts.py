"""A session, fact by fact: what `pam show` lists, and what other lines are made of."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from cli import clock
from cli.session import Session, Vote
from cli.text import clean, short_principal
from pam.domain import durations

_RECEIPT = ("receipt", "", "", "", "")
"""Its parts stand below each other: in one line it would be longer than any terminal."""


def lines_of(session: Session, *, now: datetime) -> list[tuple[str, str]]:
    """Name and value of each line; only what there is to say."""
    votes = session.approvals
    required = f"{votes.received} of {votes.required}" if votes.required else "none needed"
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
        ("break-glass", break_glass(session, now=now)),
        ("duration", _length(session.duration_seconds)),
        ("asked", instant(session.created_at, now=now)),
        ("approvals", required),
        *(("", _vote(vote, now=now)) for vote in votes.votes),
        ("active since", instant(session.activated_at, now=now)),
        # Of what was ended early it is an instant to come, beside an access that is gone.
        ("expires", "" if session.lost else instant(session.expires_at, now=now)),
        ("ended", instant(session.ended_at, now=now)),
        ("end reason", session.end_reason),
        *zip(_RECEIPT, receipt(session.ending, now=now), strict=False),
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
    return f"{vote.approver} {verb(vote)}{at}{said}"


def verb(vote: Vote) -> str:
    return {"approve": "approved", "deny": "denied"}.get(vote.decision, clean(vote.decision))


def break_glass(session: Session, *, now: datetime) -> str:
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


def receipt(ending: Mapping[str, Any], *, now: datetime) -> list[str]:
    """How the target was seen to refuse, and when: part by part."""
    if not ending:
        return []
    confirmed = clock.parse(ending.get("confirmed_at"))
    seen = f"confirmed {clock.both(confirmed, now=now)}" if confirmed else "not confirmed yet"
    effective = clock.parse(ending.get("effective_at"))
    parts = [seen]
    if effective and confirmed and effective > confirmed:
        parts.append(f"in force from {clock.both(effective, now=now)} at the latest")
    if ending.get("proven") is False:
        parts.append("not proven")
    parts += [str(ending[name]) for name in ("method", "evidence") if ending.get(name)]
    return parts


def instant(at: datetime | None, *, now: datetime) -> str:
    return clock.both(at, now=now) if at else ""


def _length(seconds: int) -> str:
    return durations.render(timedelta(seconds=seconds)) if seconds else ""
