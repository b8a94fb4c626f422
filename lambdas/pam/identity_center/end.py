"""A session's access is taken: denied first, then unassigned, and both seen."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from pam.domain.ending import ReceiptMethod
from pam.domain.errors import IssuerUnavailable
from pam.domain.session import Session
from pam.identity_center import denies, statements
from pam.identity_center.asking import NotThere
from pam.identity_center.assignments import Assignments
from pam.identity_center.denies import Deny
from pam.identity_center.notes import Note
from pam.identity_center.patience import OutOfTime
from pam.identity_center.permission_set import LONGEST_ROLE_SESSION, Change, PermissionSet
from pam.identity_center.visit import Visit, second_after, second_before
from pam.identity_center.writer import Order
from pam.ports.targets import Receipt

_APART = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Denied:
    says: str
    on_time: bool = True
    """As `Receipt.on_time`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    visit: Visit
    session: Session

    def run(self) -> Receipt:
        """Raises OutOfTime, IssuerUnavailable."""
        note_of = self.session.session_id
        note = self.visit.notes.of_session(note_of)
        known = self.visit.permission_set()
        deny = known.deny_of(self.session.session_id)
        if deny is not None and deny.gone_at and known.is_succeeded(deny.session_id):
            return _gone_before(deny, deny.gone_at)
        if not note.asked and not (deny and deny.begun):
            return self._never_asked(deny)
        note = self._whose(note, deny)
        if deny is not None and deny.user_id != note.user_id:
            raise self._taken_of_both(note, deny)
        taking = self.visit.assignments(self.session.session_id)
        try:
            denied = self._denied_or_taken(note, taking)
            # A start may have noted more of it since.
            gone = taking.take(self._whose(self.visit.notes.of_session(note_of), deny))
        except NotThere as missing:
            late = deny is not None and deny.late
            denied = _Denied(says="no deny is needed", on_time=not late)
            gone = self._gone_with_its_set(str(missing))
        seen_at = self.visit.now()
        at = second_after(seen_at)
        self.visit.change(lambda it: it.gone(self.session.session_id, at))
        return Receipt(
            method=ReceiptMethod.ASSIGNMENT_GONE,
            evidence=f"{denied.says}; {gone}",
            traces_until=at + LONGEST_ROLE_SESSION,
            seen_at=seen_at,
            on_time=denied.on_time,
        )

    def _never_asked(self, deny: Deny | None) -> Receipt:
        if self.session.activated_at is not None:
            message = "its access was made, and what PAM noted of it is gone: a person has to look"
            raise IssuerUnavailable(message)
        if deny is not None:
            left = self.visit.change(_forbidden(deny.session_id))
            known = (left or self.visit.permission_set()).deny_of(deny.session_id)
            if known is not None:
                message = "the assignment is being asked for"
                raise IssuerUnavailable(message)
        return Receipt.never_granted("the assignment had not been asked for")

    def _whose(self, note: Note, deny: Deny | None) -> Note:
        user_id = note.user_id or (deny.user_id if deny else "")
        if not user_id:
            message = "nobody knows any more whose access it is: a person has to look"
            raise IssuerUnavailable(message)
        return replace(note, user_id=user_id)

    def _taken_of_both(self, note: Note, deny: Deny) -> IssuerUnavailable:
        """Somebody changed what PAM noted. Whose access it is nobody knows; so both lose it who
        have it by no other session, and none of that is reported as an end.
        """
        with suppress(IssuerUnavailable, NotThere, OutOfTime):
            self._denied(note)
        denies_now = self.visit.permission_set().denies
        others = {it.holder for it in denies_now if it.live and it.session_id != deny.session_id}
        for user_id in (deny.user_id, note.user_id):
            if (deny.account, user_id) not in others:
                with suppress(IssuerUnavailable, NotThere, OutOfTime):
                    taking = self.visit.assignments(self.session.session_id)
                    taking.take(replace(note, user_id=user_id))
        return IssuerUnavailable(
            f"PAM's notes name two users, {deny.user_id} and {note.user_id}: a person has to look"
        )

    def _denied_or_taken(self, note: Note, taking: Assignments) -> "_Denied":
        try:
            return self._denied(note)
        except IssuerUnavailable:
            # Whatever cannot be done of the one, the other stops whoever signs in from now on.
            with suppress(IssuerUnavailable, NotThere, OutOfTime):
                taking.take(note)
            raise

    def _denied(self, note: Note) -> "_Denied":
        """The deny in force and seen to stand. An end in time finds it so, and writes nothing."""
        now = self.visit.now()
        known = PermissionSet()

        def end(it: PermissionSet) -> PermissionSet | None:
            nonlocal known
            known = it
            return self._ended(it, note, now)

        ended = self.visit.change(end) or self.visit.permission_set()
        before = known.deny_of(self.session.session_id)
        deny = ended.deny_of(self.session.session_id)
        if deny is None:
            message = "what ends the session is not noted"
            raise IssuerUnavailable(message)
        stood = before if before is not None and known.is_armed(before) else None
        moved = stood if stood is not None and stood.end != deny.end else None
        if stood is not None and moved is None:
            text = self.visit.vendor.policy()
            if denies.covers(statements.read(text)[0], deny):
                seen, version = deny, stood.version
                self.visit.change(lambda it: it.stands(seen, version))
                return _Denied(says=_seen(deny, self.visit.name), on_time=not deny.late)
            # One that was seen to be gone may be narrowed by now, and is nobody's doing.
            if deny.session_id in self.visit.writer.undone(known, text):
                # Whose else is gone with it, its writer sees and notes.
                session_id = deny.session_id
                lost = self.visit.change(lambda it: it.lost(session_id, now))
                deny = (lost and lost.deny_of(session_id)) or deny
        self.visit.bring(Order(version=deny.version, moved=moved, is_there=self._is_there))
        return _Denied(says=_seen(deny, self.visit.name), on_time=not deny.late)

    def _ended(self, known: PermissionSet, note: Note, now: datetime) -> PermissionSet | None:
        ended = known.ended(self.session.session_id, now)
        if ended is not None:
            return ended
        # Somebody took the deny out of PAM's own notes.
        begins = second_before(now)
        lost = Deny(
            session_id=self.session.session_id,
            user_id=note.user_id,
            account=self.visit.target.account,
            armed_at=begins,
            begins=begins,
            end=begins,
            begun=True,
            over=True,
            late=True,
        )
        return known.armed(lost)

    def _is_there(self) -> bool:
        assigned = self.visit.vendor.assigned()
        return bool(assigned.users or assigned.groups)

    def _gone_with_its_set(self, said: str) -> str:
        """Identity Center lets no permission set go that anybody is assigned."""
        for again in (True, False):
            try:
                self.visit.vendor.fault_of_set(self.visit.name)
            except NotThere:
                if again:
                    self.visit.patience.wait(_APART)
                continue
            message = f"Identity Center says that something of the assignment is missing: {said}"
            raise IssuerUnavailable(message)
        return f"permission set {self.visit.name} is not there, seen twice"


def _forbidden(session_id: str) -> Change:
    def change(known: PermissionSet) -> PermissionSet | None:
        deny = known.deny_of(session_id)
        return None if deny is None or deny.begun else known.without({session_id})

    return change


def _gone_before(deny: Deny, at: datetime) -> Receipt:
    return Receipt(
        method=ReceiptMethod.ASSIGNMENT_GONE,
        evidence=f"user {deny.user_id} not listed, twice, before {at.isoformat()}; what is "
        "assigned now is their next session's",
        traces_until=at + LONGEST_ROLE_SESSION,
        on_time=not deny.late,
    )


def _seen(deny: Deny, name: str) -> str:
    return f"deny Pam{deny.session_id} from {deny.end.isoformat()} read back at {name}"
