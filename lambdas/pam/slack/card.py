"""The one card of a request: posted into its channel, and painted anew in its place.

It offers buttons only while there is something to decide that Slack may decide; after that it says
what became of the request. Where an approval by Slack would not count, it gives the command.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from pam.domain import pictures
from pam.domain.session import Session
from pam.slack import actions, blocks, wording
from pam.slack.blocks import Block, Button, Message, Span

_MOST_VOTES = 6
_PIECES_OF_A_COMMENT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the card shows that the session does not say."""

    title: str
    """Of the resource, in the catalogue."""
    owner: str = ""
    """Who answers for the resource: its domain's groups of approvers; empty where it has none."""
    by_slack: bool = True
    """Whether one more approval by Slack would count, as policy says now."""


def card(session: Session, now: datetime, shown: Shown) -> Message:
    return blocks.message(
        f"PAM: {headline(session, shown.title)}: {session.status.value}",
        _blocks(session, now, shown),
        sequence=session.sequence,
    )


def headline(session: Session, title: str) -> str:
    if session.circumstances.break_glass:
        return f"BREAK-GLASS by {session.requester_name} on {title}"
    return f"{session.requester_name} asks for {title}"


def _blocks(session: Session, now: datetime, shown: Shown) -> Iterator[Block]:
    yield blocks.header(headline(session, shown.title))
    yield blocks.facts(facts(session, shown))
    yield blocks.line(Span(text=pictures.whose_words(session), style="bold"))
    yield from blocks.quoted(session.reason)
    yield blocks.row(*wording.state(session, now), *wording.review(session))
    if session.ending and session.ending.written:
        yield from _in_their_words("Why it was ended", session.ending.reason)
    yield from _votes(session)
    yield from acts(session, now, shown)
    yield blocks.small(f"session {session.session_id}, as of record {session.sequence}")


def facts(session: Session, shown: Shown) -> list[tuple[str, str]]:
    """From the catalogue and the identities; only the ticket is the requester's, and says so."""
    named = [
        ("Requester", pictures.person_of(session)),
        ("Resource", f"{shown.title} [{session.resource}]"),
        ("Environment", session.environment.value),
        ("Domain", session.domain),
        ("For", wording.length(session)),
    ]
    if shown.owner:
        named.append(("Owner", shown.owner))
    if session.circumstances.break_glass:
        named.append(("Break-glass", "yes: Tier-1 is told"))
    if session.circumstances.ticket:
        named.append(("Ticket (requester's words)", session.circumstances.ticket))
    return named


def _votes(session: Session) -> Iterator[Block]:
    """The newest ones; those that were before stand in the thread."""
    earlier = len(session.votes) - _MOST_VOTES
    if earlier > 0:
        yield blocks.small(f"{earlier} earlier votes in the thread")
    for vote in session.votes[-_MOST_VOTES:]:
        yield blocks.row(wording.voted(vote))
        # Of a denial the comment stands as the reason of the end already.
        if not (session.ending and session.ending.reason == vote.comment):
            yield from blocks.quoted(vote.comment, _PIECES_OF_A_COMMENT)


def _in_their_words(what: str, text: str) -> Iterator[Block]:
    yield blocks.line(Span(text=f"{what}, in the words of whoever ended it:", style="bold"))
    yield from blocks.quoted(text, _PIECES_OF_A_COMMENT)


def acts(session: Session, now: datetime, shown: Shown) -> Iterator[Block]:
    """The buttons, or what to run instead; nothing where there is nothing to decide."""
    if not pictures.undecided(session, now):
        return
    approve, deny = (f"pam {act} {session.session_id}" for act in ("approve", "deny"))
    if session.circumstances.break_glass:
        whoever = "Approvers run" if _approvable(session) else "Whoever is against it runs"
        offered_here = [approve] if _approvable(session) else []
        yield blocks.row(f"Of break-glass no vote is by Slack. {whoever}:")
        yield blocks.commands(*offered_here, f"{deny} --comment WHY")
        return
    offered = []
    if _approvable(session):
        if shown.by_slack:
            offered += [_button(*each, session) for each in (_APPROVE, _SHORTER)]
        else:
            yield blocks.row("One more approval by Slack would not count. An approver runs:")
            yield blocks.commands(approve)
    yield blocks.buttons(*offered, _button(*_DENY, session))


def _approvable(session: Session) -> bool:
    """Not where all votes are there, and it waits for its requester's word alone."""
    needed, gathered = session.needed, session.gathered
    missing = gathered.total < needed.total or gathered.domain < needed.domain
    return missing or not session.held_until_confirmed


_APPROVE = (actions.APPROVE, "Approve", "primary")
_SHORTER = (actions.SHORTER, "Approve shorter…", "")
_DENY = (actions.DENY, "Deny…", "danger")


def _button(action_id: str, text: str, style: str, session: Session) -> Button:
    return Button(action_id=action_id, text=text, style=style, session_id=session.session_id)
