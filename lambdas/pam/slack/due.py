"""What is still to be said of a session beside its card: in its thread, and to its requester."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pam.domain import pictures, timestamps
from pam.domain.audit_record import Record
from pam.domain.lifecycle import Status
from pam.domain.session import Session
from pam.slack import direct, thread
from pam.slack.blocks import MOST_IN_MESSAGE, Message
from pam.slack.posted import WARNED, Posted, Said, warning_due

CONFIRM, GRANTED, ENDING_SOON, OVER = (
    "direct confirm",
    "direct granted",
    "direct ending soon",
    "direct over",
)
WHAT_WAS_DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A message, and what it will be remembered as. `said.ts` is of one that stands already."""

    said: Said
    message: Message


def thread_lines(session: Session, records: Sequence[Record]) -> Iterator[Line]:
    """Of new records in their order. Those of one moment come as one message: a channel takes one
    message a second.
    """
    gathered: list[tuple[int, Message]] = []
    for record in records:
        message = thread.happened(session, record)
        if message is None:
            continue
        size = sum(len(each.blocks) for _, each in gathered) + len(message.blocks)
        if gathered and size > MOST_IN_MESSAGE:
            yield _together(gathered)
            gathered = []
        gathered.append((record["sequence"], message))
    if gathered:
        yield _together(gathered)


def _together(gathered: Sequence[tuple[int, Message]]) -> Line:
    first, last = gathered[0][0], gathered[-1][0]
    blocks = tuple(block for _, message in gathered for block in message.blocks)
    return Line(
        said=Said(key=f"told {first}", first=first, last=last),
        message=replace(gathered[-1][1], blocks=blocks[:MOST_IN_MESSAGE]),
    )


def notices(session: Session, posted: Posted, now: datetime) -> Iterator[Line]:
    """What the clock tells in the thread: the newest reminder makes up for all that were missed."""
    at = session.noticed_at
    reminded = Said(key=f"reminded {timestamps.render(at)}" if at else "")
    waits = pictures.undecided(session, now) and not session.held_until_confirmed
    if at and waits and not posted.has_said(reminded.key):
        yield Line(said=reminded, message=thread.reminded(session, now))
    if warning_due(session, now) and not posted.has_said(WARNED):
        yield Line(said=Said(key=WARNED), message=thread.warned(session, now))


def what_was_done(session: Session, posted: Posted) -> Line | None:
    """Once the session is over, and anew in its place when more of it is heard."""
    message = thread.what_was_done(session, posted.done) if session.closed else None
    if message is None:
        return None
    stands = next((each for each in posted.said if each.key == WHAT_WAS_DONE), None)
    acts = posted.done.acts
    if stands is not None and stands.last == acts:
        return None
    return Line(said=replace(stands or Said(key=WHAT_WAS_DONE), last=acts), message=message)


def direct_lines(session: Session, posted: Posted, now: datetime, title: str) -> Iterator[Line]:
    """For the requester; each once. What is out of date by now is not said any more."""
    for key in _direct_keys(session, now):
        if not posted.has_said(key):
            yield Line(said=Said(key=key), message=direct_message(key, session, now, title))


def _direct_keys(session: Session, now: datetime) -> Iterator[str]:
    if session.held_until_confirmed and pictures.undecided(session, now):
        yield CONFIRM
    if session.allows(now):
        yield GRANTED
    if warning_due(session, now):
        yield ENDING_SOON
    if session.closed and session.status is not Status.WITHDRAWN:
        yield OVER


_DIRECT = {
    CONFIRM: direct.confirm,
    GRANTED: direct.granted,
    ENDING_SOON: direct.ending_soon,
    OVER: direct.over,
}


def direct_message(key: str, session: Session, now: datetime, title: str) -> Message:
    return _DIRECT[key](session, now, title)


def anew(
    said: Said, session: Session, records: Sequence[Record], now: datetime, title: str
) -> Message | None:
    """A message that stands already, as it is to be by now; None for one without people's words.
    `records`: those that it tells.
    """
    if said.key in _DIRECT:
        return direct_message(said.key, session, now, title)
    if said.first:
        return next((line.message for line in thread_lines(session, records)), None)
    return None
