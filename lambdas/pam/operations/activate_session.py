"""An approved session becomes access: intent recorded, access made and seen, outcome recorded."""

from collections.abc import Container, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from pam.domain import proofs, timestamps
from pam.domain.audit_record import ACTIVE_UNTIL, Entry, PolicyTrace, RecordType
from pam.domain.block import Block
from pam.domain.errors import (
    Conflict,
    ForeignAccess,
    IssuerUnavailable,
    NotEligible,
    TryAgain,
    Unproven,
    Unreached,
)
from pam.domain.lifecycle import Status
from pam.domain.people import WORKFLOW
from pam.domain.session import Session
from pam.domain.standing import LONGEST_CALL, must_wait
from pam.operations.close_session import close_session
from pam.operations.decide_end import verdict_of_lost_turn
from pam.operations.fail_session import fail_unmade
from pam.operations.prove_session import Gate, check_not_over, record_unproven, struck
from pam.operations.refuse_blocked import kept_out, refuse, refuse_blocked
from pam.operations.transition import Step, load, transition
from pam.operations.vote import concerned_by, grant_decision
from pam.policy.cedar import CedarPolicy
from pam.ports.proofs import Signer, Verifier
from pam.ports.sessions import SessionStore
from pam.ports.targets import Issuers
from pam.side_by_side import side_by_side

_ROUNDED_UP = timedelta(seconds=1)
_BEFORE = frozenset({Status.APPROVED, Status.ACTIVATING})
_ON_THE_WAY = _BEFORE | {Status.ACTIVE}


def activate_session(
    session_id: str,
    *,
    now: datetime,
    store: SessionStore,
    policy: CedarPolicy,
    issuers: Issuers,
    verifier: Verifier,
    signer: Signer,
) -> Session:
    """Makes the access of an approved session. Safe to repeat.

    It goes by what is proven, not by what the table says: a request that PAM's door did not take
    makes no access, a vote that nobody vouches for does not count, and policy is asked once more
    whether the others suffice. Raises NotEligible, Unproven (on record), Blocked, Conflict (the
    session ended meanwhile, or another has what only one may have), TryAgain (it is to be waited
    for), IssuerUnavailable.
    """
    gate = Gate(verifier)
    try:
        return _activated(session_id, gate, now, store, policy, issuers, signer)
    except Unproven as fault:
        record_unproven(fault, session_id, now=now, store=store)
        raise


def _activated(
    session_id: str,
    gate: Gate,
    now: datetime,
    store: SessionStore,
    policy: CedarPolicy,
    issuers: Issuers,
    signer: Signer,
) -> Session:
    stored = load(store, session_id)
    blocked = _seen_over(stored, gate, now, store)
    if stored.status is Status.APPROVED and stored.comes_after:
        _take_turn(stored, now, store, issuers)
    if stored.status is Status.APPROVED:
        # Before the intent, because it may have to be waited for; it changes nothing at the target.
        issuers[stored.target.kind].reserve(gate.approved(stored, now), now)

    def intent(session: Session) -> Step | None:
        kept = blocked if session is stored else _seen_over(session, gate, now, store)
        return _intent(session, gate, policy, kept, now)

    session = transition(store, session_id, intent, now=now, read=stored)
    if session.status is Status.ACTIVE:
        return session
    proven = gate.approved(session, now)
    issuer = issuers[proven.target.kind]
    try:
        armed = issuer.activate(proven, now)
    except (Unreached, ForeignAccess) as fault:
        fail_unmade(session_id, fault, now=now, store=store)
        raise
    begins = _begins(proven, armed, now)
    # Read anew, like a lease's: what was changed around PAM meanwhile is not what was proven.
    session = transition(
        store,
        session_id,
        lambda s: _outcome(s, proven, begins, signer, policy),
        # An end that is armed for an instant within this call is on record from then.
        now=max(now, begins - _ROUNDED_UP),
    )
    if session.status is not Status.ACTIVE:
        # Someone ended it while the access was being made: unmake what this call just made.
        issuer.end(session, now)
        raise _over(session)
    # Whoever blocks looks for grants after writing the block: one of both sees the other's half.
    refuse_blocked(
        session.requester_name, session.resource, now=now, store=store, session_id=session_id
    )
    return session


def _seen_over(
    session: Session, gate: Gate, now: datetime, store: SessionStore
) -> Mapping[str, Block]:
    """Who is kept from its resource, and all else that is asked of a session once it was read: what
    is read of its end is never older than itself. Raises Blocked, Unproven, IssuerUnavailable.
    """
    if session.status not in _ON_THE_WAY:
        return {}
    blocked, trail, end_delivered_at, _ = side_by_side(
        partial(kept_out, concerned_by(session), session.resource, now=now, store=store),
        partial(store.records, session.session_id),
        partial(store.end_delivered_at, session.session_id),
        partial(_ask_early, gate, session),
    )
    refuse(blocked.get(session.requester_name), session_id=session.session_id)
    if session.status in _BEFORE:
        check_not_over(session, trail, end_delivered_at)
    return blocked


def _ask_early(gate: Gate, session: Session) -> None:
    """While the store is read, what is asked of the keys in any case; only of a session that is not
    active yet, about which nothing is asked.
    """
    if session.status in _BEFORE:
        gate.ask(session)


def _take_turn(session: Session, now: datetime, store: SessionStore, issuers: Issuers) -> None:
    """Raises TryAgain while the session before this one is not over; Conflict if this one must not
    begin after it, and is closed for that.
    """
    if must_wait(session, store.get(session.comes_after), now):
        message = f"session {session.comes_after} is not over; this one begins when it is"
        raise TryAgain(message)
    verdict = verdict_of_lost_turn(session, store=store)
    if verdict is not None:
        raise _over(
            close_session(session.session_id, verdict, now=now, store=store, issuers=issuers)
        )


def _intent(
    session: Session, gate: Gate, policy: CedarPolicy, blocked: Container[str], now: datetime
) -> Step | None:
    if session.status is Status.ACTIVE:
        return None
    if session.status not in _BEFORE:
        raise _over(session)
    proven = gate.approved(session, now)
    lawful = grant_decision(proven, policy, blocked=blocked)
    if not lawful.allowed:
        message = "the votes gathered do not make this grant lawful"
        raise NotEligible(message, session_id=session.session_id, policy_ids=lawful.policy_ids)
    if session.status is Status.ACTIVATING:
        return None
    trace = PolicyTrace(
        policy_ids=lawful.policy_ids,
        required=session.needed.total,
        received=proven.gathered.total,
    )
    activating = proven.advance(Status.ACTIVATING, activating_at=now)
    entries = (*struck(session, proven), _entry(RecordType.ACTIVATING, policy, trace))
    return Step(activating, entries)


def _begins(session: Session, armed: datetime | None, now: datetime) -> datetime:
    """From when its time runs. Raises IssuerUnavailable for a session that is over by then: its end
    stands at the target, and it would have had no access.
    """
    if armed is None:
        # From the next whole second on: IAM's date conditions and Step Functions' Wait know no
        # fractions, and so the window is exact, to the second, at every belt.
        return timestamps.parse(timestamps.whole_second_at_or_after(now))
    if armed > now + LONGEST_CALL or armed.microsecond:
        message = f"its end is armed for an instant of which this call knows nothing: {armed}"
        raise IssuerUnavailable(message)
    if armed + session.duration <= now:
        message = "its time was over before the access was seen to be there; ask for it anew"
        raise IssuerUnavailable(message)
    return armed


def _outcome(
    session: Session, made_for: Session, begins: datetime, signer: Signer, policy: CedarPolicy
) -> Step | None:
    if session.status is not Status.ACTIVATING:
        return None
    if not _same(session, made_for):
        message = "nothing is given by this session: it was changed while its access was made"
        raise Unproven(message, session_id=session.session_id)
    ends = begins + made_for.duration
    kept = replace(session, votes=made_for.votes, duration=made_for.duration)
    active = kept.advance(Status.ACTIVE, activated_at=begins, expires_at=ends)
    signed = replace(active, activation_proof=signer.sign(proofs.of_activation(active)))
    entry = _entry(RecordType.ACTIVATED, policy, PolicyTrace())
    return Step(signed, (replace(entry, detail=f"{ACTIVE_UNTIL}{timestamps.render(ends)}"),))


def _same(session: Session, made_for: Session) -> bool:
    """Whether the session still asks for what was made, by the word of the same approvers."""
    kept = tuple(vote for vote in session.votes if vote in made_for.votes)
    now, then = proofs.evidence(session), proofs.evidence(made_for)
    same = (now.request, now.confirmation) == (then.request, then.confirmation)
    return same and kept == made_for.votes


def _over(session: Session) -> Conflict:
    message = f"the session is {session.status.value}"
    return Conflict(message, session_id=session.session_id)


def _entry(kind: RecordType, policy: CedarPolicy, trace: PolicyTrace) -> Entry:
    return Entry(type=kind, actor=WORKFLOW, trace=trace, policy_version=policy.version)
