"""The thread under a card: one message for each thing that happened.

Each is a function of the session and of one audit record (or of a notice, which has none). So it
can be painted anew, and says nothing any more that was erased meanwhile. What a record quotes of
logs stays in PAM: Slack is told how much was done, and where to read it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Self

from pam.domain import durations, pictures, timestamps
from pam.domain.activity import DARK, OPENED
from pam.domain.audit_record import Outcome, Record, RecordType
from pam.domain.session import Session
from pam.slack import blocks, wording
from pam.slack.blocks import Block, Message

_PIECES_OF_A_COMMENT = 4


def happened(session: Session, record: Record) -> Message | None:
    """What the record tells; None for one that the thread leaves out."""
    teller = _TELLERS.get(record["type"])
    if teller is None:
        return None
    lines, words = teller(session, record)
    return _message(session, lines, words, sequence=record["sequence"])


def reminded(session: Session, now: datetime) -> Message:
    lines = [f"Reminder: {session.requester_name} still waits.", *wording.state(session, now)]
    return _message(session, lines, "", sequence=session.sequence)


def warned(session: Session, now: datetime) -> Message:
    left = session.expires_at - now if session.expires_at and session.allows(now) else None
    told = f"{durations.render(left)} left." if left else "Its time is over."
    return _message(session, [told], "", sequence=session.sequence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How many acts a session's log shows."""

    acts: int = 0
    refused: int = 0
    """Of them, by the target."""
    found: int = 0
    """Of them, that no session should have."""

    def __add__(self, other: "Done") -> "Done":
        return Done(
            acts=self.acts + other.acts,
            refused=self.refused + other.refused,
            found=self.found + other.found,
        )

    @classmethod
    def shown_by(cls, records: Iterable[Record]) -> Self:
        acts = [each for each in records if each["type"] == RecordType.ACTIVITY]
        return cls(
            acts=len(acts),
            refused=sum(each["outcome"] == Outcome.REFUSED for each in acts),
            found=sum(each["detail"].startswith((DARK, OPENED)) for each in acts),
        )


def what_was_done(session: Session, done: Done) -> Message | None:
    """How much; None if nothing."""
    if not done.acts:
        return None
    told = [f"What was done: {done.acts} acts, {done.refused} of them refused by the target."]
    if done.found:
        told.append(f"{done.found} of them no session should have: an operator looks at them.")
    return _message(session, [*told, _where(session)], "", sequence=session.sequence)


_Told = tuple[list[str], str]
"""PAM's lines, and a person's words; empty for none."""


def _vote(session: Session, record: Record) -> _Told:
    cast = next((each for each in session.votes if _made(each.principal, each.at, record)), None)
    if cast is None:
        return ["A vote was cast that counts no more.", _where(session)], ""
    return [wording.voted(cast)], cast.comment


def _activated(session: Session, record: Record) -> _Told:
    return [f"Active since {record['at']}, {record['detail']}."], ""


def _ended(session: Session, record: Record) -> _Told:
    ending = session.ending
    words = ending.reason if ending and ending.written else ""
    # The vote that denied it stands above, with its comment.
    words = "" if record["type"] == RecordType.DENIED else words
    return wording.outcome(session) if session.closed else [f"{record['type']}."], words


def _revoking(session: Session, record: Record) -> _Told:
    return [f"The end was decided at {record['at']}; the access is being taken away."], ""


def _reviewed(session: Session, record: Record) -> _Told:
    given = session.review.given if session.review else ()
    look = next((each for each in given if _made(each.principal, each.at, record)), None)
    if look is None:
        return ["It was reviewed.", _where(session)], ""
    return [wording.looked(look), *wording.review(session)], look.comment


def _drifted(session: Session, record: Record) -> _Told:
    return [
        "Drift: what PAM found is not what it had made. Operators are told.",
        _where(session),
    ], ""


def _always(*lines: str) -> Callable[[Session, Record], _Told]:
    return lambda _session, _record: (list(lines), "")


def _confirmed(session: Session, record: Record) -> _Told:
    return [f"{session.requester_name} confirmed that it is theirs."], ""


_TELLERS: Mapping[str, Callable[[Session, Record], _Told]] = MappingProxyType(
    {
        RecordType.VOTED: _vote,
        RecordType.CONFIRMED: _confirmed,
        RecordType.APPROVED: _always("Approved: policy wants no more votes."),
        RecordType.BREAK_GLASS: _always("Break-glass: Tier-1 was alerted."),
        RecordType.ACTIVATED: _activated,
        RecordType.REVOKING: _revoking,
        RecordType.DENIED: _ended,
        RecordType.REVOKED: _ended,
        RecordType.EXPIRED: _ended,
        RecordType.ENDED: _ended,
        RecordType.FAILED: _ended,
        RecordType.UNANSWERED: _ended,
        RecordType.WITHDRAWN: _ended,
        RecordType.REVIEWED: _reviewed,
        RecordType.REVIEW_OVERDUE: _always("The review is overdue; Tier-1 was told."),
        RecordType.DRIFT: _drifted,
        RecordType.ERASED: _always("What people had written was erased."),
    }
)


def _made(principal: str, at: datetime, record: Record) -> bool:
    return bool(record["actor"]["principal"] == principal and record["at"] == timestamps.render(at))


def _where(session: Session) -> str:
    return f"To read more: pam audit show {session.session_id}"


def _message(session: Session, lines: list[str], words: str, *, sequence: int) -> Message:
    def told() -> Iterator[Block]:
        yield blocks.row(*lines)
        yield from blocks.quoted(words, _PIECES_OF_A_COMMENT)

    about = pictures.what_of(session, session.requester_name)
    return blocks.message(f"PAM: {about}: {lines[0]}", told(), sequence=sequence)
