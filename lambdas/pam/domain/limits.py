"""How much one person may have at once. The numbers are policy (`limits:` in the catalogue); what
counts against which of them stands here.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pam.domain.errors import LimitReached
from pam.domain.lifecycle import Status
from pam.domain.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Each: as many as one person may have. One more is refused."""

    waiting: int
    """Requests that wait for votes; break-glass takes none of these."""
    per_resource: int
    """Sessions that are not closed, on one resource of a leased kind."""
    open: int
    """Sessions that are not closed, in all."""
    unreviewed_break_glass: int
    """Break-glass sessions whose review is not finished, closed ones included."""
    unconfirmed: int
    """Open sessions that runbooks opened in this person's name, or Slack as emergencies, and that
    the person has not confirmed. They count in none of the other limits, or a runbook could lock
    somebody out."""


_ONE_AND_ONE_WAITING = 2
"""Of one target of a standing kind: no policy, but what such a target bears."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """One session that is not closed, as the limits see it."""

    session_id: str
    resource: str
    waiting: bool
    confirmed: bool
    target: str = ""
    """The label of its target, where its kind is a standing one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenNow:
    """What a person has. `version` moves with everything that adds to it, and with nothing that
    takes away: so two that add cannot both count without the other, and an end waits for nobody.
    """

    version: int = 0
    sessions: tuple[OpenSession, ...] = ()
    unreviewed: tuple[str, ...] = ()
    """Ids of the break-glass sessions that owe a review."""


def open_as(session: Session) -> OpenSession | None:
    """What the session counts as; None once it is closed."""
    if session.closed:
        return None
    return OpenSession(
        session_id=session.session_id,
        resource=session.resource,
        waiting=session.status is Status.PENDING_APPROVAL and not session.circumstances.break_glass,
        confirmed=not session.unconfirmed,
        target=session.target.label if session.standing else "",
    )


def check_limits(session: Session, held: OpenNow, limits: Limits) -> None:
    """Raises LimitReached, naming those in the way, if this session would be one too many."""
    for what, most, others in _counted(session, held, limits):
        in_the_way = tuple(sorted(set(others) - {session.session_id}))
        if len(in_the_way) >= most:
            message = f"{session.requester_name} has {len(in_the_way)} {what}; {most} is the limit"
            raise LimitReached(message, sessions=in_the_way)


def _counted(
    session: Session, held: OpenNow, limits: Limits
) -> Iterator[tuple[str, int, Iterable[str]]]:
    """Of each limit that applies: what it is of, how many may be, and which there are."""
    if session.unconfirmed:
        unconfirmed = [each.session_id for each in held.sessions if not each.confirmed]
        yield "unconfirmed sessions", limits.unconfirmed, unconfirmed
        return
    own = [each for each in held.sessions if each.confirmed]
    if session.review is not None:
        yield (
            "break-glass sessions without a finished review",
            limits.unreviewed_break_glass,
            held.unreviewed,
        )
    counted_as = open_as(session)
    if counted_as is not None and counted_as.waiting:
        waiting = [each.session_id for each in own if each.waiting]
        yield "requests waiting for votes", limits.waiting, waiting
    if session.standing:
        same = [each.session_id for each in own if each.target == session.target.label]
        yield f"open sessions of what {session.resource} lends", _ONE_AND_ONE_WAITING, same
    else:
        same = [each.session_id for each in own if each.resource == session.resource]
        yield f"open sessions on {session.resource}", limits.per_resource, same
    yield "open sessions", limits.open, [each.session_id for each in own]
