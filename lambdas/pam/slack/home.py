"""App Home: a person's own sessions, and what waits for them, with a button each."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pam.domain import pictures
from pam.domain.lifecycle import Status
from pam.domain.session import Session
from pam.slack import actions, blocks, wording
from pam.slack.blocks import Block, Button, View
from pam.slack.text import truncate

_MOST_OF_EACH = 22
"""Four lists, each with a heading and what was left out, and the beginning: less than a view may
have."""
_LONGEST_REASON = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """Each in the order in which it is shown."""

    mine: Sequence[Session] = ()
    votes: Sequence[Session] = ()
    reviews: Sequence[Session] = ()
    confirmations: Sequence[Session] = ()


def home(agenda: Agenda, now: datetime, titles: Mapping[str, str]) -> View:
    """`titles` of the catalogue, by resource id; of what is not in it, the id."""

    def painted() -> Iterator[Block]:
        yield blocks.header("Privileged access")
        yield blocks.buttons(_button(actions.REQUEST, "Ask for access", "", "primary"))
        yield from _listed("My sessions", agenda.mine, _mine, "pam list --mine")
        yield from _listed("Waiting for your vote", agenda.votes, _vote, "pam inbox")
        yield from _listed("Waiting for your review", agenda.reviews, _review, "pam inbox")
        yield from _listed("Waiting for your word", agenda.confirmations, _word, "pam inbox")

    def _listed(
        heading: str,
        sessions: Sequence[Session],
        shown: Callable[[Session, datetime, str], Block],
        command: str,
    ) -> Iterator[Block]:
        yield blocks.header(f"{heading} ({len(sessions)})")
        for session in sessions[:_MOST_OF_EACH]:
            yield shown(session, now, titles.get(session.resource, session.resource))
        left_out = len(sessions) - _MOST_OF_EACH
        if left_out > 0:
            yield blocks.small(f"and {left_out} more: {command}")

    return blocks.home(painted(), sequence=0)


def _mine(session: Session, now: datetime, title: str) -> Block:
    ends = session.status in _MAY_BE_ENDED
    button = (
        _button(actions.END, "Withdraw" if _waits(session) else "End", session.session_id, "danger")
        if ends
        else _button(actions.SHOW, "Show", session.session_id)
    )
    return _row(session, title, wording.state(session, now), button)


def _vote(session: Session, now: datetime, title: str) -> Block:
    told = [f"{pictures.person_of(session)}, for {wording.length(session)}"]
    button = _button(actions.SHOW, "Look and decide", session.session_id, "primary")
    return _row(session, title, [*told, *wording.state(session, now)], button)


def _review(session: Session, now: datetime, title: str) -> Block:
    """A review is never by Slack."""
    command = f"pam review {session.session_id} --justified|--unjustified"
    told = [f"Break-glass by {pictures.person_of(session)}", *wording.review(session), command]
    return _row(session, title, told, _button(actions.SHOW, "Show", session.session_id))


def _word(session: Session, now: datetime, title: str) -> Block:
    """Nor is a confirmation."""
    told = [f"pam confirm {session.session_id}, or pam end {session.session_id}"]
    return _row(session, title, told, _button(actions.SHOW, "Show", session.session_id))


_MAY_BE_ENDED = frozenset(
    {Status.PENDING_APPROVAL, Status.APPROVED, Status.ACTIVATING, Status.ACTIVE}
)


def _waits(session: Session) -> bool:
    return session.status in {Status.PENDING_APPROVAL, Status.APPROVED}


def _row(session: Session, title: str, told: list[str], button: Button) -> Block:
    reason = f"{pictures.whose_words(session)} {truncate(session.reason, _LONGEST_REASON)}"
    return blocks.row(pictures.what_of(session, title), *told, reason, button=button)


def _button(action_id: str, text: str, session_id: str, style: str = "") -> Button:
    return Button(action_id=action_id, text=text, session_id=session_id, style=style)
