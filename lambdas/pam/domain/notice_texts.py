"""The notices that PAM sends of a session: what each says, and what it offers to do.

Shortest sensible text: the two lines of the headline say who, what, where, for how long, and what
happens if nobody does anything.
"""

from datetime import datetime

from pam.domain import durations, notice_facts
from pam.domain.lifecycle import Status
from pam.domain.naming import few, may_vote, place_of, voted
from pam.domain.people import Surface
from pam.domain.pictures import (
    About,
    Occasion,
    Particulars,
    Picture,
    Words,
    person_of,
    undecided,
    whose_words,
)
from pam.domain.relative_times import shown
from pam.domain.session import Session

_ID = "ID"
"""In a command, in place of the session's id."""


def approval_needed(session: Session, about: Particulars, now: datetime) -> Picture:
    subject = f"{session.requester_name} asks for {session.resource}"
    return _asked(Occasion.APPROVAL_NEEDED, subject, session, about, now)


def still_waiting(session: Session, about: Particulars, now: datetime) -> Picture:
    subject = f"reminder: {session.requester_name} still waits for {session.resource}"
    return _asked(Occasion.STILL_WAITING, subject, session, about, now)


def _asked(
    occasion: Occasion, subject: str, session: Session, about: Particulars, now: datetime
) -> Picture:
    waits = undecided(session, now)
    how = "by break-glass " if session.circumstances.break_glass else ""
    state = (
        f"{_needed(session)} until {shown(session.approval_expires_at, now)}; otherwise the "
        f"request is {Status.UNANSWERED.value} then."
        if waits
        else f"It is {session.status.value} now; nothing is left to decide."
    )
    rows = [("May vote", may_vote(session, about.benches))] if waits else []
    rows.append(("Voted", voted(session.votes)))
    if waits and session.held_until_confirmed:
        rows.append(("Waits for", f"{session.requester_name}'s own confirmation as well"))
    return _of(
        session,
        about,
        occasion,
        subject,
        (f"{person_of(session)} asks {how}for {_thing(session)} for {_length(session)}.", state),
        rows,
        [("show", _ID), *([("approve", _ID), ("deny", _ID)] if waits else [])],
    )


def break_glass(session: Session, about: Particulars, now: datetime) -> Picture:
    owed = session.review
    acts = [] if session.closed else [_revoke()]
    review = [_review(finding) for finding in _FINDINGS] if owed and owed.open else []
    told = (
        f"It must be reviewed until {shown(owed.due_at, now)}; otherwise Tier-1 is told again and "
        f"{session.requester_name} can use no break-glass."
        if owed
        else "It needs no review."
    )
    waits = undecided(session, now)
    if waits:
        told = f"{_needed(session)} until {shown(session.approval_expires_at, now)}. {told}"
    return _of(
        session,
        about,
        Occasion.BREAK_GLASS,
        f"TIER 1: break-glass by {session.requester_name} on {session.resource}",
        (
            f"{person_of(session)} {'asks for' if waits else 'uses'} break-glass on "
            f"{_thing(session)} for {_length(session)}.",
            " ".join([*_over(session, now), told]),
        ),
        [],
        [("show", _ID), *acts, *review],
    )


def confirmation_needed(session: Session, about: Particulars, now: datetime) -> Picture:
    what = "break-glass on" if session.circumstances.break_glass else "access to"
    by_slack = session.circumstances.surface is Surface.SLACK
    asked = "you ask by Slack" if by_slack else "a runbook asks in your name"
    waits = session.unconfirmed and undecided(session, now)
    state = (
        "Nothing is granted before you confirm it yourself, until "
        f"{shown(session.approval_expires_at, now)}; otherwise you get nothing."
        if waits
        else f"It is {session.status.value} now; nothing waits for your word."
    )
    return _of(
        session,
        about,
        Occasion.CONFIRMATION_NEEDED,
        f"is it you who asks for {session.resource}?",
        (f"{session.requester_name}, {asked} for {what} {_thing(session)}.", state),
        [],
        [("show", _ID), *([("confirm", _ID), ("end", _ID)] if waits else [])],
        to=session.requester_name,
    )


def ending_soon(session: Session, about: Particulars, now: datetime) -> Picture:
    """Without anybody's words: the requester knows what they wrote."""
    there = session.allows(now)
    end = f"ends at {shown(session.expires_at, now)}" if session.expires_at else "ends soon"
    return _of(
        session,
        about,
        Occasion.ENDING_SOON,
        f"your access to {session.resource} ends soon",
        (
            f"{session.requester_name}, your access to {_thing(session)} "
            f"{end if there else 'is over'}.",
            f"{'It cannot be made longer; if' if there else 'If'} you need more, ask anew.",
        ),
        [],
        [("show", _ID), ("request", session.resource)],
        to=session.requester_name,
        quoted=False,
    )


def review_overdue(session: Session, about: Particulars, now: datetime) -> Picture:
    review = session.review
    owed = review is not None and review.open
    if review is not None and owed:
        had = "had" if now >= review.due_at else "have"
        told = (
            f"Two approvers {had} to review it until {shown(review.due_at, now)}; until they did, "
            f"{session.requester_name} can use no break-glass."
        )
    else:
        told = f"It is reviewed: {review.outcome if review else ''}."
    looked = few(sorted(review.people)) if review and review.people else "nobody"
    return _of(
        session,
        about,
        Occasion.REVIEW_OVERDUE,
        f"TIER 1: break-glass of {session.requester_name} on {session.resource} not reviewed",
        (f"{person_of(session)} used break-glass on {_thing(session)}.", told),
        [("Reviewed by", looked)],
        [("audit", "show", _ID), *([_review(finding) for finding in _FINDINGS] if owed else [])],
    )


_FINDINGS = ("--justified", "--unjustified")


def _review(finding: str) -> tuple[str, ...]:
    return ("review", _ID, finding)


def _revoke() -> tuple[str, ...]:
    """With words that are true if nobody changes them."""
    return ("revoke", _ID, "--reason", "break-glass stopped")


def _of(
    session: Session,
    about: Particulars,
    occasion: Occasion,
    subject: str,
    headline: tuple[str, str],
    rows: list[tuple[str, str]],
    commands: list[tuple[str, ...]],
    *,
    to: str = "",
    quoted: bool = True,
) -> Picture:
    allows = [("Allows", about.description)] if about.description else []
    words = Words(
        heading=whose_words(session),
        reason=session.reason,
        ticket=session.circumstances.ticket,
    )
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
        headline=headline,
        rows=(("What", about.title), *allows, *rows),
        words=words if quoted else None,
        commands=tuple(
            tuple(session.session_id if word == _ID else word for word in command)
            for command in commands
        ),
        facts=notice_facts.of_session(session, about),
        to=to,
    )


def _thing(session: Session) -> str:
    place = ", ".join([session.environment.value, session.domain, place_of(session.target)])
    return f"{session.resource} ({place})"


def _length(session: Session) -> str:
    return durations.render(session.duration)


def _needed(session: Session) -> str:
    """`Needs 3 approvals, 1 of them from bank-kyc (1 so far, 0 from bank-kyc)`, or, where they all
    are to come from there, `Needs 1 approval from bank-kyc (0 so far)`.
    """
    needed, gathered, domain = session.needed, session.gathered, session.domain
    count = f"{needed.total} approval{'' if needed.total == 1 else 's'}"
    if not needed.domain:
        return f"Needs {count} ({gathered.total} so far)"
    if needed.domain == needed.total:
        return f"Needs {count} from {domain} ({gathered.domain} so far)"
    so_far = f"{gathered.total} so far, {gathered.domain} from {domain}"
    return f"Needs {count}, {needed.domain} of them from {domain} ({so_far})"


def _over(session: Session, now: datetime) -> list[str]:
    if session.closed:
        return [f"It is over: {session.status.value}."]
    past = session.expires_at is not None and now >= session.expires_at
    return ["Its time is over."] if past else []
