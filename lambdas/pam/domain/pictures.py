"""What people are shown of a session: each picture is a function of (session, now), and no more.

So one that is painted late or twice is still right: what cannot be done any more it does not offer.
It has the number of the session's newest record, by which a surface knows an older picture from a
newer one. It is built from the catalogue and from policy; the requester's own words (reason,
ticket) stand on lines of their own that are marked as quoted. It holds no token and no link that
acts: approving is a signed call.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pam.domain import durations, timestamps
from pam.domain.block import Block
from pam.domain.lifecycle import Status
from pam.domain.links import Link
from pam.domain.people import Surface
from pam.domain.session import Session


class Occasion(StrEnum):
    """Why somebody is shown it."""

    APPROVAL_NEEDED = "approval needed"
    STILL_WAITING = "still waiting"
    BREAK_GLASS = "break-glass"
    CONFIRMATION_NEEDED = "confirmation needed"
    ENDING_SOON = "ending soon"
    REVIEW_OVERDUE = "review overdue"
    OPERATOR_BLOCKED = "operator blocked"
    PRINCIPAL_LINKED = "principal linked"


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """By which people choose what they are told of: ids and names, never anybody's own words."""

    environment: str
    domain: str
    resource: str
    kind: str
    """Of the target, as in the catalogue."""
    requester: str
    """Name of the person who asked, or in whose name it was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    occasion: Occasion
    about: About | None = None
    """None for what is about no session."""
    session_id: str = ""
    """Empty for what is about no session."""
    sequence: int = 0
    """Of the newest audit record that it shows."""
    subject: str
    lines: tuple[str, ...]
    to: str = ""
    """Name of the person whom it is for; empty where it is for an office."""

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def replaces(self, shown: int | None) -> bool:
        """Whether it may take the place of the picture with that number, or of none."""
        return shown is None or self.sequence >= shown


def approval_needed(session: Session, title: str, now: datetime) -> Picture:
    subject = f"PAM: {session.requester_name} asks for {session.resource}"
    return _asked(Occasion.APPROVAL_NEEDED, subject, "", session, title, now)


def still_waiting(session: Session, title: str, now: datetime) -> Picture:
    subject = f"PAM reminder: {session.requester_name} still waits for {session.resource}"
    so_far = f"so far {session.gathered.total}, "
    return _asked(Occasion.STILL_WAITING, subject, so_far, session, title, now)


def break_glass(session: Session, title: str, now: datetime) -> Picture:
    review = (
        f"It must be reviewed until {timestamps.render(session.review.due_at)}."
        if session.review
        else "It needs no review."
    )
    acts = [] if session.closed else ["revoke ID --reason WHY"]
    if session.review and session.review.open:
        acts.append("review ID --justified|--unjustified")
    return _of(
        session,
        Occasion.BREAK_GLASS,
        f"TIER 1: break-glass by {session.requester_name} on {session.resource}",
        [
            f"{person_of(session)} uses break-glass on {what_of(session, title)} "
            f"for {durations.render(session.duration)}.",
            *_over(session, now),
            "",
            *_own_words(session),
            "",
            review,
        ],
        ["show ID", *acts],
    )


def confirmation_needed(session: Session, title: str, now: datetime) -> Picture:
    what = "break-glass on" if session.circumstances.break_glass else "access to"
    by_slack = session.circumstances.surface is Surface.SLACK
    asked = "you ask by Slack" if by_slack else "a runbook asks in your name"
    waits = session.unconfirmed and undecided(session, now)
    until = timestamps.render(session.approval_expires_at)
    state = (
        f"Nothing is granted before you confirm it yourself, until {until}."
        if waits
        else f"It is {session.status.value} now; nothing waits for your word."
    )
    return _of(
        session,
        Occasion.CONFIRMATION_NEEDED,
        f"PAM: is it you who asks for {session.resource}?",
        [
            f"{session.requester_name}, {asked} for {what} {what_of(session, title)}. {state}",
            "",
            *_own_words(session),
        ],
        ["show ID", *(["confirm ID", "end ID"] if waits else [])],
        to=session.requester_name,
    )


def ending_soon(session: Session, title: str, now: datetime) -> Picture:
    end = timestamps.render(session.expires_at) if session.expires_at else "soon"
    told = (
        f"ends at {end}. It cannot be made longer; if you need more, ask anew."
        if session.allows(now)
        else "is over; if you need more, ask anew."
    )
    return _of(
        session,
        Occasion.ENDING_SOON,
        f"PAM: your access to {session.resource} ends soon",
        [f"{session.requester_name}, your access to {what_of(session, title)} {told}"],
        ["show ID", f"request {session.resource} --reason WHY"],
        to=session.requester_name,
    )


def review_overdue(session: Session, title: str, now: datetime) -> Picture:
    review = session.review
    owed = review is not None and review.open
    late = review is not None and now >= review.due_at
    due, looked = (timestamps.render(review.due_at), len(review.people)) if review else ("", 0)
    told = (
        f"Two approvers {'had' if late else 'have'} to review this break-glass session until "
        f"{due}; {looked} did. "
        f"{person_of(session)} had used it on {what_of(session, title)}, and can use no "
        "break-glass until it is reviewed."
        if owed
        else f"The break-glass session of {person_of(session)} on {what_of(session, title)} is "
        f"reviewed: {review.outcome if review else ''}."
    )
    act = "review ID --justified|--unjustified --comment WHAT-YOU-FOUND"
    return _of(
        session,
        Occasion.REVIEW_OVERDUE,
        f"TIER 1: break-glass of {session.requester_name} on {session.resource} not reviewed",
        [told, "", *_own_words(session)],
        ["audit show ID", *([act] if owed else [])],
    )


def operator_blocked(block: Block) -> Picture:
    """About no session."""
    return Picture(
        occasion=Occasion.OPERATOR_BLOCKED,
        subject=f"TIER 1: operator {block.person} is blocked",
        lines=(
            f"{block.in_words()}, by {block.by}.",
            "",
            "Until then this person can revoke, block and erase nothing. If it was not meant, "
            "another operator lifts it:",
            "",
            "  pam blocklist list",
            f"  pam blocklist lift {block.person} --reason WHY",
        ),
    )


def principal_linked(link: Link, display: str, team: str) -> Picture:
    """About no session. For the person, and for operators."""
    place = f" ({display} of {team})" if display and team else ""
    return Picture(
        occasion=Occasion.PRINCIPAL_LINKED,
        subject=f"PAM: {link.principal} is {link.person}'s from now on",
        lines=(
            f"{link.accepted_by} has linked {link.principal}{place} to {link.person}.",
            "",
            f"It votes from {timestamps.render(link.votes_from)} on. If it was not meant, undo it:",
            "",
            f"  pam unlink {link.principal}",
        ),
        to=link.person,
    )


def _asked(
    occasion: Occasion, subject: str, so_far: str, session: Session, title: str, now: datetime
) -> Picture:
    waits = undecided(session, now)
    state = (
        votes_needed(session, so_far)
        if waits
        else f"It is {session.status.value} now; nothing is left to decide."
    )
    return _of(
        session,
        occasion,
        subject,
        [
            f"{person_of(session)} asks for {what_of(session, title)} "
            f"for {durations.render(session.duration)}.",
            "",
            *_own_words(session),
            "",
            state,
        ],
        ["show ID", *(["approve ID", "deny ID --comment WHY"] if waits else [])],
    )


def _of(
    session: Session,
    occasion: Occasion,
    subject: str,
    lines: list[str],
    commands: list[str],
    *,
    to: str = "",
) -> Picture:
    """`commands` are those of `pam`, with ID for the session's."""
    offered = [f"  pam {command.replace(' ID', f' {session.session_id}')}" for command in commands]
    return Picture(
        occasion=occasion,
        about=About(
            environment=session.environment.value,
            domain=session.domain,
            resource=session.resource,
            kind=session.target.kind,
            requester=session.requester_name,
        ),
        session_id=session.session_id,
        sequence=session.sequence,
        subject=subject,
        lines=(*lines, "", *offered),
        to=to,
    )


def votes_needed(session: Session, so_far: str) -> str:
    """`so_far` is empty, or ends with a comma and a space."""
    needed = session.needed
    gate = f", {needed.domain} of them from {session.domain} (DT-001)" if needed.domain else ""
    until = timestamps.render(session.approval_expires_at)
    return f"Needed: {needed.total} approval(s){gate}, {so_far}until {until}."


def undecided(session: Session, now: datetime) -> bool:
    """Whether votes are still taken."""
    return session.status is Status.PENDING_APPROVAL and now < session.approval_expires_at


def person_of(session: Session) -> str:
    return f"{session.requester_name} ({session.requester_domain})"


def what_of(session: Session, title: str) -> str:
    """`title` is the catalogue's."""
    place = f"{session.resource}, {session.environment.value}, {session.domain}"
    return f"{title} [{place}]"


def _over(session: Session, now: datetime) -> list[str]:
    if session.closed:
        return [f"It is over: {session.status.value}."]
    past = session.expires_at is not None and now >= session.expires_at
    return ["Its time is over."] if past else []


def whose_words(session: Session) -> str:
    """What stands over the reason and the ticket."""
    verified = "" if session.requester_verified else " (as claimed by a runbook)"
    return f"In the requester's own words{verified}:"


def _own_words(session: Session) -> list[str]:
    return [
        whose_words(session),
        f"> {session.reason}",
        f"> ticket: {session.circumstances.ticket or '-'}",
    ]
