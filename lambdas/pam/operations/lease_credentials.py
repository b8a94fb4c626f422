"""The requester of an active session gets one set of credentials."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from pam.domain import echo
from pam.domain.audit_record import Entry, RecordType
from pam.domain.errors import Conflict, IssuerUnavailable, NotEligible, Unproven
from pam.domain.limits import OpenNow
from pam.domain.session import Session
from pam.ids import new_id
from pam.operations.call import Call
from pam.operations.confirm_session import confirmed_by, word_of
from pam.operations.count_open import room_for
from pam.operations.prove_session import Gate, check_granted, record_unproven
from pam.operations.refuse_blocked import kept_out, refuse
from pam.operations.transition import Step, load, transition
from pam.policy.cedar import Action
from pam.ports.audit import AuditLog
from pam.ports.proofs import Verifier
from pam.ports.targets import Credentials, Lenders, SignInPlace
from pam.side_by_side import side_by_side


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """`lease_id` is empty where nothing was handed out."""

    lease_id: str
    session: Session
    credentials: Credentials | SignInPlace


def lease_credentials(
    session_id: str, call: Call, *, issuers: Lenders, audit_log: AuditLog, verifier: Verifier
) -> Lease:
    """Credentials that end with the session or before, handed out once and kept nowhere.

    They exist before their record, because the record names their access key, but leave this
    function only after the record stands in the log group. If the session ends in between they are
    dropped: the record is conditional on the session still allowing access, and the target's deny
    speaks of the session, so it covers them as well.

    That the session says ACTIVE is not enough: its request, its votes and its activation must be
    proven, and its grant must stand. Raises NotEligible, Unproven (on record), Blocked, Conflict,
    IssuerUnavailable.
    """
    gate = Gate(verifier)
    try:
        return _leased(session_id, gate, issuers, audit_log, call)
    except Unproven as fault:
        # An end may have come in between, and took the grant with it: then that is the answer.
        _check_active(load(call.store, session_id), call.now)
        record_unproven(fault, session_id, now=call.now, store=call.store)
        raise


def _leased(
    session_id: str, gate: Gate, issuers: Lenders, audit_log: AuditLog, call: Call
) -> Lease:
    session = load(call.store, session_id)
    if call.may(Action.LEASE, session) is None:
        message = "only the requester of a session may use it"
        raise NotEligible(message, session_id=session_id)
    person, resource = session.requester_name, session.resource
    blocked, grants, _ = side_by_side(
        partial(kept_out, [person], resource, now=call.now, store=call.store),
        partial(call.store.grants, person, resource),
        partial(gate.ask, session),
    )
    refuse(blocked.get(person), session_id=session_id)
    _check_active(session, call.now)
    gate.check_activated(session)
    check_granted(session, grants)
    if session.standing:
        return Lease(lease_id="", session=session, credentials=_place_of(session))
    # Whoever may not have one more session is told so before credentials exist.
    _stood_by(session, call)
    try:
        credentials = issuers[session.target.kind].lease(session, call.now)
    except IssuerUnavailable:
        # The target may refuse because an end overtook this call: then that is the answer.
        _check_active(load(call.store, session_id), call.now)
        raise
    lease_id = new_id(call.now)

    def leased(stored: Session) -> Step:
        _check_active(stored, call.now)
        gate.check_activated(stored)
        stored, word, held = _stood_by(stored, call)
        entry = call.entry(
            RecordType.LEASED, lease_id=lease_id, access_key_id=credentials.access_key_id
        )
        expected = echo.expected(
            stored.target,
            lease_id=lease_id,
            session_id=session_id,
            access_key_id=credentials.access_key_id,
            at=call.now,
        )
        return Step(_with_lease(stored, credentials), (*word, entry), held, expected)

    session = transition(call.store, session_id, leased, now=call.now)
    audit_log.settle(session)
    return Lease(lease_id=lease_id, session=session, credentials=credentials)


def _place_of(session: Session) -> SignInPlace:
    """Nothing is handed out, so nothing is recorded: its access has its records already."""
    url, instructions = session.target.sign_in
    ends = session.expires_at
    if ends is None:
        message = "the session has no end"
        raise Conflict(message, session_id=session.session_id)
    return SignInPlace(url=url, instructions=instructions, expires_at=ends)


def _with_lease(session: Session, credentials: Credentials) -> Session:
    """Credentials of before may last longer than these."""
    ends, live = credentials.expires_at, credentials.live_until
    return replace(
        session,
        leases=session.leases + 1,
        leases_end_at=max(ends, session.leases_end_at or ends),
        credentials_live_until=max(live, session.credentials_live_until or live),
    )


def _stood_by(session: Session, call: Call) -> tuple[Session, tuple[Entry, ...], OpenNow | None]:
    """A session opened in somebody's name is confirmed by their first signed lease: the session,
    what is recorded of it, and what it is added to. The word has no proof and needs none, because
    each lease is asked for by that very person. Raises LimitReached.
    """
    if not session.unconfirmed:
        return session, (), None
    given = word_of(call)
    confirmed, word = confirmed_by(given, session, call)
    return confirmed, word, room_for(confirmed, store=call.store, policy=call.policy)


def _check_active(session: Session, now: datetime) -> None:
    if not session.allows(now):
        over = session.expires_at is not None and now >= session.expires_at
        state = "over" if over else session.status.value
        message = f"the session is {state}; credentials are given only while it is ACTIVE"
        raise Conflict(message, session_id=session.session_id)
