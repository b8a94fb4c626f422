"""Doing an end that is decided: the access is unmade, and the end is reported (EXPIRED, REVOKED,
ENDED, FAILED) only after the target was seen to refuse. Anybody may repeat it at any time.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from pam.domain.audit_record import Entry, Outcome, RecordType
from pam.domain.ending import NOTHING_MADE
from pam.domain.lifecycle import Status
from pam.domain.people import CLOCK
from pam.domain.session import Session
from pam.domain.standing import LONGEST_CALL
from pam.operations.decide_end import Verdict, record_of_end
from pam.operations.transition import Step, transition
from pam.ports.sessions import SessionStore
from pam.ports.targets import Issuers, Receipt

_DELIVERED_WITHIN = timedelta(minutes=1)


def confirm_end(
    session: Session, verdict: Verdict, *, now: datetime, store: SessionStore, issuers: Issuers
) -> Session:
    """The second half of an end: unmake the access, see the target refuse, close the session.

    Raises IssuerUnavailable if the target did not confirm; the session then stays REVOKING.
    """
    if session.status is not Status.REVOKING:
        return session
    receipt = _unmake(session, now, store, issuers)
    return record_receipt(session, receipt, verdict, now=now, store=store)


def record_receipt(
    session: Session, receipt: Receipt, verdict: Verdict, *, now: datetime, store: SessionStore
) -> Session:
    """Closes a session whose end is decided, with this receipt; a closed one stays as it is. As of
    when the end was seen, which may have taken a while from `now` on.
    """
    at = _seen_at(receipt, now)

    def confirm(stored: Session) -> Step | None:
        if stored.closed or stored.ending is None:
            return None
        bites = stored.target.row.bites
        ending = stored.ending.seen(
            receipt.method,
            receipt.evidence,
            now=at,
            bites=bites if receipt.on_time else replace(bites, by_the_clock=False),
            expires_at=stored.expires_at,
            proven=receipt.proven,
        )
        closed = stored.advance(
            ending.outcome,
            ending=ending,
            ended_at=at,
            traces_until=_stands_until(stored, receipt, at),
        )
        return Step(closed, (record_of_end(verdict, ending), *_left_behind(stored, receipt)))

    return transition(store, session.session_id, confirm, now=at, read=session)


def _seen_at(receipt: Receipt, now: datetime) -> datetime:
    """Never earlier than now, and no later than a call may take: clocks differ."""
    return max(now, min(receipt.seen_at or now, now + LONGEST_CALL))


def _unmake(session: Session, now: datetime, store: SessionStore, issuers: Issuers) -> Receipt:
    known = _as_leased(session, store.lease_delivered_at(session.session_id))
    # Of a standing kind the checkout knows whether anything was made, whatever the session says.
    if known.activating_at is None and not known.standing:
        return Receipt.never_granted(NOTHING_MADE)
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


def _stands_until(session: Session, receipt: Receipt, now: datetime) -> datetime | None:
    """A deny goes when its end was delivered long enough ago, which takes a moment."""
    outlasting = session.target.row.outlasting
    if receipt.traces_until is None or outlasting is None:
        return receipt.traces_until
    return max(receipt.traces_until, now + outlasting.at_most + _DELIVERED_WITHIN)


def _left_behind(session: Session, receipt: Receipt) -> tuple[Entry, ...]:
    """What the session left at its target, on its own chain: a person has to look at it."""
    if not receipt.left:
        return ()
    detail = f"left: at {session.target.label} the session left {'; '.join(receipt.left)}"
    return (Entry(type=RecordType.DRIFT, actor=CLOCK, outcome=Outcome.FAILURE, detail=detail),)
