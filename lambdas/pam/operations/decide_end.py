"""Deciding that a session ends, for all who end one: person, operator, clock, failed workflow.

An end asks no policy, no directory and no catalogue: what was granted can always be taken back
from what was stored. From the instant of the decision (REVOKING) no lease is given and `check` says
no. What was never made at a target is closed by the decision itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pam.domain import timestamps
from pam.domain.audit_record import Entry, Outcome, RecordType
from pam.domain.ending import Ending
from pam.domain.lifecycle import AWAITING, Status
from pam.domain.people import CLOCK, WORKFLOW, Actor, ActorKind
from pam.domain.session import Session
from pam.domain.standing import turn_lost
from pam.operations.transition import Step
from pam.ports.sessions import SessionStore

_RECORDED_AS: Mapping[Status, RecordType] = {
    Status.EXPIRED: RecordType.EXPIRED,
    Status.REVOKED: RecordType.REVOKED,
    Status.ENDED: RecordType.ENDED,
    Status.FAILED: RecordType.FAILED,
    Status.WITHDRAWN: RecordType.WITHDRAWN,
    Status.UNANSWERED: RecordType.UNANSWERED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """That a session is to end, as what, by whose word and why."""

    outcome: Status
    actor: Actor
    reason: str
    written: bool = False
    """Whether a person wrote the reason."""
    request_id: str = ""


def decide_end(session: Session, verdict: Verdict, now: datetime) -> Step | None:
    """The first half of an end; None where it is decided or done already."""
    if session.closed or session.status is Status.REVOKING:
        return None
    never_begun = session.status in AWAITING and session.activating_at is None
    if never_begun and verdict.outcome in {Status.ENDED, Status.FAILED}:
        # Nothing was made, so there is nothing to unmake and nothing to confirm.
        outcome = Status.WITHDRAWN if verdict.outcome is Status.ENDED else Status.FAILED
        return _close_at_once(session, outcome, verdict, now)
    if verdict.outcome is Status.UNANSWERED:
        return _close_at_once(session, Status.UNANSWERED, verdict, now)
    ending = Ending(
        decided_at=now,
        outcome=verdict.outcome,
        reason=verdict.reason,
        written=verdict.written,
        by=verdict.actor.principal,
    )
    revoking = session.advance(Status.REVOKING, ending=ending)
    return Step(revoking, (_entry(RecordType.REVOKING, verdict, ending),))


def verdict_of(ending: Ending) -> Verdict:
    """The verdict that stands in the store, for whoever does the end without having decided it."""
    pam = {actor.principal: actor for actor in (CLOCK, WORKFLOW)}
    return Verdict(
        outcome=ending.outcome,
        actor=pam.get(ending.by) or Actor(principal=ending.by, kind=ActorKind.PERSON),
        reason=ending.reason,
        written=ending.written,
    )


def verdict_of_lost_turn(session: Session, *, store: SessionStore) -> Verdict | None:
    """How a session closes that waited for another and must not begin; None if it may."""
    told = {record.get("type") for record in store.records(session.comes_after)}
    taken_away = bool(told & {RecordType.REVOKED, RecordType.FAILED})
    lost = turn_lost(session, store.get(session.comes_after), taken_away=taken_away)
    if lost is None:
        return None
    return Verdict(outcome=lost.outcome, actor=CLOCK, reason=lost.reason)


def record_of_end(verdict: Verdict, ending: Ending) -> Entry:
    """What is recorded when the session closes with this ending."""
    return _entry(_RECORDED_AS[ending.outcome], verdict, ending)


def _close_at_once(session: Session, outcome: Status, verdict: Verdict, now: datetime) -> Step:
    ending = Ending.never_granted(
        outcome,
        by=verdict.actor.principal,
        reason=verdict.reason,
        written=verdict.written,
        now=now,
    )
    closed = session.advance(outcome, ended_at=now, ending=ending)
    return Step(closed, (record_of_end(verdict, ending),))


def _seen(ending: Ending) -> str:
    """How the target refused, and from when on at the latest, as the record of the end has it."""
    if not ending.method:
        return ""
    late = (
        f"; in force from {timestamps.render(ending.effective_at)}" if ending.effective_at else ""
    )
    unproven = "; not proven" if ending.proven is False else ""
    return f"[{ending.method}: {ending.evidence}{late}{unproven}]"


def _entry(kind: RecordType, verdict: Verdict, ending: Ending) -> Entry:
    own_words = "" if ending.written else ending.reason
    return Entry(
        type=kind,
        actor=verdict.actor,
        detail=" ".join(part for part in (own_words, _seen(ending)) if part),
        comment=ending.reason if ending.written else "",
        outcome=Outcome.FAILURE if kind is RecordType.FAILED else Outcome.SUCCESS,
        request_id=verdict.request_id,
    )
