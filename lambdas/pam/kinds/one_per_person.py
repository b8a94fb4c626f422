"""What the issuers of all standing kinds have in common, around what each does at its target.

A person has one session of a target at a time: the checkout that says which is keyed by both.
What PAM has not made there is neither adopted nor removed: before it makes anything, PAM looks, and
notes in the checkout that it is about to; without that note an end takes nothing away.
"""

from collections.abc import Sequence
from datetime import datetime

from pam.domain import timestamps
from pam.domain.errors import ForeignAccess, IssuerUnavailable, TryAgain, Unreached
from pam.domain.resource import Target
from pam.domain.session import Session
from pam.domain.standing import LONGEST_CALL, checkout_of
from pam.ports.targets import Checkouts, Receipt, StandingTarget


class OnePerPerson:
    """Implements `ports.targets.StandingIssuer`."""

    def __init__(self, target: StandingTarget, checkouts: Checkouts) -> None:
        self._target = target
        self._checkouts = checkouts

    def reserve(self, session: Session, now: datetime) -> None:
        if not self._checkouts.take(checkout_of(session), session.session_id):
            message = f"{session.requester_name} has another session of it; waiting for its end"
            raise TryAgain(message)

    def activate(self, session: Session, now: datetime) -> datetime | None:
        what = checkout_of(session)
        if not self._checkouts.has(what, session.session_id):
            message = f"the session does not hold {session.resource}"
            raise IssuerUnavailable(message)
        try:
            self._refuse_foreign(what, session)
            return self._make(what, session, now)
        except Unreached as fault:
            # A call before this one, or beside it, may have reached the target.
            raise IssuerUnavailable(fault.detail) from fault

    def _refuse_foreign(self, what: str, session: Session) -> None:
        """Raises ForeignAccess. The note is read after the target was asked: what stands there by
        a call that is made at the same time has its note already. A note that was there before is
        answer enough.
        """
        if self._made_by_pam(what, session) or not self._target.stands(session):
            return
        if self._made_by_pam(what, session):
            return
        # Nobody unmakes what is foreign, so no other call of this session may begin to make it.
        self._checkouts.stop_making(what, session.session_id)
        if self._made_by_pam(what, session):
            message = "another call is making the access"
            raise IssuerUnavailable(message)
        message = (
            f"{session.requester_name} has this access already, and not by PAM; it is left as it is"
        )
        raise ForeignAccess(message, session_id=session.session_id)

    def _make(self, what: str, session: Session, now: datetime) -> datetime | None:
        if not self._checkouts.begin_making(what, session.session_id, until=now + LONGEST_CALL):
            message = "the session has ended, and no access is made for it any more"
            raise IssuerUnavailable(message)
        try:
            begins = self._target.make(session, now)
        except ForeignAccess:
            self._checkouts.finish_making(what, session.session_id)
            self._forget_made(what, session)
            raise
        except (TryAgain, Unreached):
            self._checkouts.finish_making(what, session.session_id)
            raise
        # After any other error what was asked for may still be under way at the target.
        self._checkouts.finish_making(what, session.session_id)
        return begins

    def _forget_made(self, what: str, session: Session) -> None:
        """The target saw access of others where PAM was about to make its own: the note that PAM
        makes it goes with the checkout, or an end would take what is theirs. Not while another call
        of the session is at it: what that made is PAM's.
        """
        if self._checkouts.stop_making(what, session.session_id) is not None:
            message = "another call is making the access"
            raise IssuerUnavailable(message)
        receipt = Receipt.never_granted("PAM made nothing there")
        self._checkouts.give_back(what, session.session_id, receipt)

    def _made_by_pam(self, what: str, session: Session) -> bool:
        return self._checkouts.remembered(what, session.session_id) is not None

    def end(self, session: Session, now: datetime) -> Receipt:
        """The access taken at once, after which no call begins that would make it. The receipt
        stands when those are over that began before.
        """
        what = checkout_of(session)
        if not self._checkouts.has(what, session.session_id):
            earlier = self._checkouts.receipt(what, session.session_id)
            if earlier is None and session.activated_at is not None:
                message = "its access was made, and no checkout of this target is the session's"
                raise IssuerUnavailable(message)
            return earlier or Receipt.never_granted("it had not been taken")
        under_way_until = self._checkouts.stop_making(what, session.session_id)
        if not self._made_by_pam(what, session):
            receipt = Receipt.never_granted("PAM had made nothing there")
        else:
            receipt = self._target.unmake(session, now)
        if under_way_until is not None and now < under_way_until:
            message = f"what made the access may go on until {timestamps.render(under_way_until)}"
            raise IssuerUnavailable(message)
        self._checkouts.give_back(what, session.session_id, receipt)
        return receipt

    def clear_traces(self, session: Session, now: datetime) -> None:
        self._target.clear_traces(session, now)

    def sessions_at(self, target: Target) -> list[str]:
        return self._target.sessions_at(target)

    def missing(self, target: Target, active: Sequence[Session]) -> dict[str, str]:
        """By one question to the target for all of them: it is asked every minute."""
        if not active:
            return {}
        standing = frozenset(self._target.standing_at(target))
        gone: dict[str, str] = {}
        for session in active:
            if not self._checkouts.has(checkout_of(session), session.session_id):
                gone[session.session_id] = "the target is not checked out to the session"
            elif session.session_id not in standing:
                gone[session.session_id] = "the target does not know of it"
        return gone

    def tidy(self, target: Target, now: datetime) -> None:
        self._target.tidy(target, now)

    def keep(self, target: Target, now: datetime) -> dict[str, datetime]:
        return self._target.keep(target, now)

    def undone_at(self, target: Target) -> dict[str, datetime]:
        return self._target.undone_at(target)

    def strangers(self, target: Target, now: datetime) -> list[str]:
        return self._target.strangers(target, now)
