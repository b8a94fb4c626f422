"""An approved session becomes access: intent recorded, access made and seen, outcome recorded."""

from dataclasses import replace
from datetime import datetime

from pam.domain import timestamps
from pam.domain.audit_record import ACTIVE_UNTIL, Entry, PolicyTrace, RecordType
from pam.domain.errors import Conflict, NotEligible, Unreached
from pam.domain.lifecycle import Status
from pam.domain.session import Session
from pam.operations.blocklist import refuse_blocked
from pam.operations.close_session import WORKFLOW, Issuers, fail_unmade
from pam.operations.transition import Step, load, transition
from pam.operations.vote import grant_decision
from pam.policy.cedar import CedarPolicy
from pam.ports.sessions import SessionStore

_ON_THE_WAY = frozenset({Status.APPROVED, Status.ACTIVATING, Status.ACTIVE})


def activate_session(
    session_id: str,
    *,
    now: datetime,
    store: SessionStore,
    policy: CedarPolicy,
    issuers: Issuers,
) -> Session:
    """Makes the access of an approved session. Safe to repeat.

    Whether the votes suffice is asked of the policy once more, from the stored votes: a table
    somebody tampered with, or a vote that policy no longer counts, makes no access. Raises
    NotEligible, Blocked, Conflict (the session ended meanwhile, or another has what only one may
    have), TryAgain (it is to be waited for), IssuerUnavailable.
    """
    stored = load(store, session_id)
    if stored.status in _ON_THE_WAY:
        _refuse_blocked(stored, now, store)
    if stored.status is Status.APPROVED:
        # Before the intent, because it may have to be waited for; it changes nothing at the target.
        issuers[stored.target.kind].reserve(stored, now)
    session = transition(store, session_id, lambda s: _intent(s, policy, now, store), now=now)
    if session.status is Status.ACTIVE:
        return session
    issuer = issuers[session.target.kind]
    try:
        issuer.activate(session, now)
    except Unreached as fault:
        fail_unmade(session_id, fault, now=now, store=store)
        raise
    session = transition(store, session_id, lambda s: _outcome(s, policy, now), now=now)
    if session.status is not Status.ACTIVE:
        # Someone ended it while the access was being made: unmake what this call just made.
        issuer.end(session, now)
        raise _over(session)
    # Whoever blocks looks for grants after writing the block: one of both sees the other's half.
    _refuse_blocked(session, now, store)
    return session


def _intent(
    session: Session, policy: CedarPolicy, now: datetime, store: SessionStore
) -> Step | None:
    if session.status in {Status.ACTIVATING, Status.ACTIVE}:
        return None
    if session.status is not Status.APPROVED:
        raise _over(session)
    if session.held_until_confirmed:
        message = f"{session.requester_name} has not confirmed what was asked for in their name"
        raise NotEligible(message, session_id=session.session_id)
    lawful = grant_decision(session, policy, now=now, store=store)
    if not lawful.allowed:
        message = "the votes gathered do not make this grant lawful"
        raise NotEligible(message, session_id=session.session_id, policy_ids=lawful.policy_ids)
    trace = PolicyTrace(
        policy_ids=lawful.policy_ids,
        required=session.needed.total,
        received=session.gathered.total,
    )
    activating = session.advance(Status.ACTIVATING, activating_at=now)
    return Step(activating, (_entry(RecordType.ACTIVATING, policy, trace),))


def _outcome(session: Session, policy: CedarPolicy, now: datetime) -> Step | None:
    if session.status is not Status.ACTIVATING:
        return None
    # From the next whole second on: IAM's date conditions and Step Functions' Wait know no
    # fractions, and so the window is exact, to the second, at every belt.
    begins = timestamps.parse(timestamps.whole_second_at_or_after(now))
    ends = begins + session.duration
    active = session.advance(Status.ACTIVE, activated_at=begins, expires_at=ends)
    entry = _entry(RecordType.ACTIVATED, policy, PolicyTrace())
    return Step(active, (replace(entry, detail=f"{ACTIVE_UNTIL}{timestamps.render(ends)}"),))


def _refuse_blocked(session: Session, now: datetime, store: SessionStore) -> None:
    refuse_blocked(
        session.requester_name,
        session.resource,
        now=now,
        store=store,
        session_id=session.session_id,
    )


def _over(session: Session) -> Conflict:
    message = f"the session is {session.status.value}"
    return Conflict(message, session_id=session.session_id)


def _entry(kind: RecordType, policy: CedarPolicy, trace: PolicyTrace) -> Entry:
    return Entry(type=kind, actor=WORKFLOW, trace=trace, policy_version=policy.version)
