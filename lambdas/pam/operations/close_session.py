"""The one way a session ends, for all who end one: person, operator, clock, failed workflow.

An end asks no policy, no directory and no catalogue: what was granted can always be taken back
from what was stored. It is decided first (REVOKING: from that instant no lease is given and `check`
says no), then done at the target, and only said (EXPIRED, REVOKED, ENDED) once the target was seen
to refuse. Each step may be repeated by anybody at any time.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pam.domain import timestamps
from pam.domain.audit_record import Entry, Outcome, RecordType
from pam.domain.errors import ForeignAccess, NotYet, StaleSession, Unreached
from pam.domain.ids import opened_at
from pam.domain.kinds import Outlasting
from pam.domain.lifecycle import AWAITING, Status
from pam.domain.notices import Duty
from pam.domain.people import Actor, ActorKind
from pam.domain.session import START_WITHIN, Ending, Session
from pam.domain.standing import turn_lost
from pam.operations.answer_workflow import stop_workflow
from pam.operations.transition import Step, load, transition
from pam.ports.people import Workflow
from pam.ports.sessions import SessionStore
from pam.ports.targets import Issuer, Receipt

Issuers = Mapping[str, Issuer]

CLOCK = Actor(principal="mod046:clock", kind=ActorKind.CLOCK)
WORKFLOW = Actor(principal="mod046:approval-workflow", kind=ActorKind.WORKFLOW)

_DELIVERED_WITHIN = timedelta(minutes=1)
_LONGEST_LIFE = timedelta(hours=30)
"""A day to be approved, four hours of access, and its last lease."""

_SAID: Mapping[Status, RecordType] = {
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


def close_session(
    session_id: str, verdict: Verdict, *, now: datetime, store: SessionStore, issuers: Issuers
) -> Session:
    """Decides the end if nobody has, then drives it as far as the target lets it go.

    Returns the session: closed, or REVOKING if the target has not confirmed yet (the tick and the
    workflow go on trying). A session that is closed already is returned as it is.
    """
    session = transition(store, session_id, lambda stored: decided(stored, verdict, now), now=now)
    return confirm_end(session, verdict, now=now, store=store, issuers=issuers)


def decided(session: Session, verdict: Verdict, now: datetime) -> Step | None:
    """The first half of an end; None where it is decided or done already."""
    if session.closed or session.status is Status.REVOKING:
        return None
    if session.status in AWAITING and verdict.outcome in {Status.ENDED, Status.FAILED}:
        # Nothing was made, so there is nothing to unmake and nothing to confirm.
        outcome = Status.WITHDRAWN if verdict.outcome is Status.ENDED else Status.FAILED
        return _said(session, outcome, verdict, now)
    if verdict.outcome is Status.UNANSWERED:
        return _said(session, Status.UNANSWERED, verdict, now)
    ending = Ending(
        decided_at=now,
        outcome=verdict.outcome,
        reason=verdict.reason,
        written=verdict.written,
        by=verdict.actor.principal,
    )
    revoking = session.advance(Status.REVOKING, ending=ending)
    return Step(revoking, (_entry(RecordType.REVOKING, verdict, ending),))


def as_decided(ending: Ending) -> Verdict:
    """The verdict that stands in the store, for whoever does the end without having decided it."""
    pam = {actor.principal: actor for actor in (CLOCK, WORKFLOW)}
    return Verdict(
        outcome=ending.outcome,
        actor=pam.get(ending.by) or Actor(principal=ending.by, kind=ActorKind.PERSON),
        reason=ending.reason,
        written=ending.written,
    )


def confirm_end(
    session: Session, verdict: Verdict, *, now: datetime, store: SessionStore, issuers: Issuers
) -> Session:
    """The second half: unmake the access, see the target refuse, say so.

    Raises IssuerUnavailable if the target did not confirm; the session then stays REVOKING.
    """
    if session.status is not Status.REVOKING:
        return session
    receipt = _unmake(session, now, store, issuers)
    return _confirmed(session.session_id, receipt, verdict, now=now, store=store)


def _confirmed(
    session_id: str, receipt: Receipt, verdict: Verdict, *, now: datetime, store: SessionStore
) -> Session:
    def confirm(stored: Session) -> Step | None:
        if stored.closed or stored.ending is None:
            return None
        ending = replace(
            stored.ending, confirmed_at=now, method=receipt.method, evidence=receipt.evidence
        )
        closed = stored.advance(
            ending.outcome,
            ending=ending,
            ended_at=now,
            traces_until=_stands_until(stored, receipt, now),
        )
        said = _entry(_SAID[ending.outcome], verdict, ending)
        return Step(closed, (said, *_left_behind(stored, receipt)))

    return transition(store, session_id, confirm, now=now)


def fail_unmade(
    session_id: str, fault: Unreached | ForeignAccess, *, now: datetime, store: SessionStore
) -> Session:
    """Closes a session whose target was never reached, or has the access already from others: it
    need not be asked whether it refuses, and what others made is not touched.

    Unless a twin of the call that did not reach it did: what was active once is unmade as ever.
    """
    reason = f"{fault.code.value}: {fault.detail}"
    verdict = Verdict(outcome=Status.FAILED, actor=WORKFLOW, reason=reason)

    def unmade(stored: Session) -> Step | None:
        return None if stored.activated_at else decided(stored, verdict, now)

    session = transition(store, session_id, unmade, now=now)
    if session.activated_at:
        return session
    foreign = isinstance(fault, ForeignAccess)
    evidence = "PAM made nothing there" if foreign else "nothing had been sent to the target"
    receipt = Receipt(method="never-granted", evidence=evidence)
    return _confirmed(session_id, receipt, verdict, now=now, store=store)


def close_failed(
    session_id: str,
    reason: str,
    *,
    timed_out: bool,
    now: datetime,
    store: SessionStore,
    issuers: Issuers,
) -> Session:
    """Closes a session whose workflow cannot go on. A time-out is UNANSWERED where votes were still
    waited for, and a failure like any other where they were not.
    """
    unanswered = load(store, session_id).status is Status.PENDING_APPROVAL and timed_out
    verdict = Verdict(
        outcome=Status.UNANSWERED if unanswered else Status.FAILED,
        actor=WORKFLOW,
        reason="nobody decided in time" if unanswered else reason,
    )
    return close_session(session_id, verdict, now=now, store=store, issuers=issuers)


def fail_unstarted(session_id: str, reason: str, *, now: datetime, store: SessionStore) -> Session:
    """Closes a session for which no workflow could be started."""
    verdict = Verdict(outcome=Status.FAILED, actor=WORKFLOW, reason=reason)
    return transition(store, session_id, lambda stored: decided(stored, verdict, now), now=now)


def look_at(session_id: str, *, now: datetime, store: SessionStore, issuers: Issuers) -> Session:
    """Does whatever the clock says is due for this session; the workflow and the tick call it.

    Raises NotYet if nothing is due, IssuerUnavailable if the target did not confirm an end.
    """
    session = load(store, session_id)
    deadline = session.deadline
    if session.closed:
        return _without_traces(session, now=now, store=store, issuers=issuers)
    if session.status is not Status.REVOKING and deadline is not None and now < deadline:
        message = f"session {session_id} is due at {timestamps.render(deadline)}"
        raise NotYet(message)
    verdict = _verdict_of_the_clock(session)
    if session.status is Status.APPROVED and session.comes_after:
        verdict = lost_turn(session, store=store) or verdict
        started_by = (session.approved_at or session.created_at) + START_WITHIN
        if verdict.outcome is Status.FAILED and now < started_by:
            message = f"session {session_id} may begin until {timestamps.render(started_by)}"
            raise NotYet(message)
    return close_session(session_id, verdict, now=now, store=store, issuers=issuers)


def sweep_session(
    session_id: str,
    *,
    now: datetime,
    store: SessionStore,
    issuers: Issuers,
    workflow: Workflow,
) -> Session:
    """`look_at`, on behalf of the tick: ends the workflow too, which no longer ends the session.

    The try is counted before it is made, so that it counts however it ends.
    """
    session = load(store, session_id)
    due_at = session.duties.get(Duty.END)
    if due_at is not None and due_at <= now:
        # Whoever came in between acts on it; that is as good.
        with suppress(StaleSession):
            store.note_try(session, now)
    session = look_at(session_id, now=now, store=store, issuers=issuers)
    stop_workflow(session, store=store, workflow=workflow)
    return session


def lost_turn(session: Session, *, store: SessionStore) -> Verdict | None:
    """How a session closes that waited for another and must not begin; None if it may."""
    lost = turn_lost(session, store.get(session.comes_after))
    if lost is None:
        return None
    return Verdict(outcome=lost.outcome, actor=CLOCK, reason=lost.reason)


def _verdict_of_the_clock(session: Session) -> Verdict:
    match session.status:
        case Status.PENDING_APPROVAL:
            outcome, reason = Status.UNANSWERED, "nobody decided in time"
        case Status.APPROVED:
            outcome, reason = Status.FAILED, "the workflow did not go on after the approval"
            if session.waits_its_turn:
                reason = "the resource did not become free in time"
        case Status.ACTIVATING:
            outcome, reason = Status.FAILED, "the access was not made in time"
        case _:
            outcome, reason = Status.EXPIRED, "the granted time is over"
    return Verdict(outcome=outcome, actor=CLOCK, reason=reason)


def _unmake(session: Session, now: datetime, store: SessionStore, issuers: Issuers) -> Receipt:
    known = _as_leased(session, store.lease_delivered_at(session.session_id))
    if known.activating_at is None:
        return Receipt(method="never-granted", evidence="no access had been made")
    return issuers[known.target.kind].end(known, now)


def _as_leased(session: Session, leased_at: datetime | None) -> Session:
    """With a lease that was handed out, where its item does not say so: an end that nothing seems
    to be needed for is none.
    """
    if leased_at is None:
        return session
    known = replace(session, activating_at=session.activating_at or leased_at)
    says = session.credentials_live_until or session.leases_end_at
    outlasting = session.target.row.outlasting
    if outlasting is None or (says and says >= leased_at + outlasting.at_least):
        return known
    until = leased_at + outlasting.at_most
    return replace(
        known, leases=max(1, session.leases), leases_end_at=until, credentials_live_until=until
    )


def _without_traces(
    session: Session, *, now: datetime, store: SessionStore, issuers: Issuers
) -> Session:
    if session.traces_until is None or now < session.traces_until:
        return session
    outlasting = session.target.row.outlasting
    if outlasting and not _surely_over(session, outlasting, now, store):
        return session
    issuers[session.target.kind].clear_traces(session, now)
    store.forget_traces(session)
    return session


def _stands_until(session: Session, receipt: Receipt, now: datetime) -> datetime | None:
    """A deny goes when its end was delivered long enough ago, which takes a moment."""
    outlasting = session.target.row.outlasting
    if receipt.traces_until is None or outlasting is None:
        return receipt.traces_until
    return max(receipt.traces_until, now + outlasting.at_most + _DELIVERED_WITHIN)


def _surely_over(
    session: Session, outlasting: Outlasting, now: datetime, store: SessionStore
) -> bool:
    """Whether no credential of it can live, whatever its item says: what keeps somebody out must
    not go because an item was changed.
    """
    ended_at = store.end_delivered_at(session.session_id)
    if ended_at is not None:
        return now >= ended_at + outlasting.at_most
    # Of an earlier version, or of a time when the auditor did not work.
    return now >= opened_at(session.session_id) + _LONGEST_LIFE


def _said(session: Session, outcome: Status, verdict: Verdict, now: datetime) -> Step:
    ending = Ending(
        decided_at=now,
        outcome=outcome,
        reason=verdict.reason,
        written=verdict.written,
        by=verdict.actor.principal,
        confirmed_at=now,
        method="never-granted",
        evidence="no access had been made",
    )
    closed = session.advance(outcome, ended_at=now, ending=ending)
    return Step(closed, (_entry(_SAID[outcome], verdict, ending),))


def _left_behind(session: Session, receipt: Receipt) -> tuple[Entry, ...]:
    """What the session left at its target, on its own chain: a person has to look at it."""
    if not receipt.left:
        return ()
    detail = f"left: at {session.target.label} the session left {'; '.join(receipt.left)}"
    return (Entry(type=RecordType.DRIFT, actor=CLOCK, outcome=Outcome.FAILURE, detail=detail),)


def _entry(kind: RecordType, verdict: Verdict, ending: Ending) -> Entry:
    own_words = "" if ending.written else ending.reason
    seen = f"[{ending.method}: {ending.evidence}]" if ending.method else ""
    return Entry(
        type=kind,
        actor=verdict.actor,
        detail=" ".join(part for part in (own_words, seen) if part),
        comment=ending.reason if ending.written else "",
        outcome=Outcome.FAILURE if kind is RecordType.FAILED else Outcome.SUCCESS,
        request_id=verdict.request_id,
    )
