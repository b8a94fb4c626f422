"""A session's access is made: its end armed and seen to stand, and only then the assignment."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pam.domain.errors import ForeignAccess, IssuerUnavailable, TryAgain, Unreached
from pam.domain.session import Session
from pam.domain.standing import LONGEST_CALL
from pam.identity_center import denies
from pam.identity_center.asking import NotThere
from pam.identity_center.assignments import Refused
from pam.identity_center.denies import Deny
from pam.identity_center.notes import Note
from pam.identity_center.patience import OutOfTime
from pam.identity_center.permission_set import PermissionSet
from pam.identity_center.vendor import Assigned
from pam.identity_center.visit import Visit, second_after
from pam.identity_center.writer import ForeignStatements, Order

_LATE = timedelta(seconds=10)
"""By so much less than granted a session may last because its start took longer than foreseen; if
it is more before there is access, the end is armed anew."""
_ROOM_AWAITED = timedelta(minutes=5)


@dataclass(slots=True, kw_only=True)
class Start:
    visit: Visit
    session: Session
    _seen: list[Assigned] = field(default_factory=list)

    def run(self) -> Deny:
        """The deny by which it ends: `begins` is past. Raises OutOfTime, TryAgain, Unreached,
        ForeignAccess, IssuerUnavailable.
        """
        visit, session_id = self.visit, self.session.session_id
        note = self._user_noted()
        deny = visit.permission_set().deny_of(session_id)
        if deny is None:
            self._check(note.user_id)
        while deny is None or not deny.begun:
            deny = self._begun(self._armed(note, deny))
        made = visit.assignments(session_id).make(note)
        if isinstance(made, Refused):
            message = f"Identity Center did not assign {visit.name}: {made.reason}"
            raise IssuerUnavailable(message)
        if not deny.made:
            self._see_given(deny)
            took = made - deny.armed_at
            visit.change(lambda it: it.made(session_id, took))
        visit.patience.until(deny.begins)
        return deny

    def _user_noted(self) -> Note:
        try:
            self.visit.user_of(self.session)
        except NotThere as missing:
            message = (
                f"Identity Center knows no user for {self.session.requester_name}: name the user's "
                "id in identities.yaml (identity_center_user), or create the user"
            )
            raise Unreached(message) from missing
        return self.visit.notes.of_session(self.session.session_id)

    def _check(self, user_id: str) -> None:
        """Raises Unreached: nothing was asked for yet."""
        try:
            user = self.visit.vendor.user(user_id)
        except NotThere as missing:
            message = f"user {user_id} of Identity Center is deleted: correct identities.yaml"
            raise Unreached(message) from missing
        if user.user_id != user_id:
            # A deny compares letter by letter, and so does who looks whether somebody is assigned.
            message = (
                f"Identity Center spells the id of user {user_id} otherwise ({user.user_id}): "
                "correct identities.yaml"
            )
            raise Unreached(message)
        if not self.visit.people.is_meant(self.session.requester_name, user):
            # It was noted by a look, of the session as it was then.
            message = (
                f"user {user_id} of Identity Center was noted for the session, and is another user "
                f"than {self.session.requester_name}'s: ask for it anew"
            )
            raise Unreached(message)
        if not user.enabled:
            message = f"user {user_id} of Identity Center is not enabled"
            raise Unreached(message)
        try:
            fault = self.visit.vendor.fault_of_set(self.visit.name)
        except NotThere as missing:
            message = f"there is no permission set {self.visit.arn}: correct the catalogue"
            raise Unreached(message) from missing
        if fault:
            raise Unreached(fault)

    def _armed(self, note: Note, deny: Deny | None) -> Deny:
        """The deny, seen at the account; armed anew if its beginning is past by too much."""
        if deny is not None and deny.over:
            message = "the session has ended, and no access is made for it any more"
            raise IssuerUnavailable(message)
        if deny is None or self.visit.now() > deny.begins + _LATE:
            deny = self._arm(note, deny)
        try:
            self.visit.bring(Order(version=deny.version, first=True, is_there=self._is_there))
        except ForeignStatements as found:
            message = (
                f"somebody else wrote into the inline policy of {self.visit.name} ({found}); it is "
                "left as it is, and PAM lends the permission set when it is gone"
            )
            raise self._conflict(message) from found
        return deny

    def _arm(self, note: Note, late: Deny | None) -> Deny:
        account, now = self.visit.target.account, self.visit.now()
        full = [False]

        def change(known: PermissionSet) -> PermissionSet | None:
            stored = known.deny_of(self.session.session_id)
            if stored is not None and (stored.over or stored.begun):
                return None  # a twin of this call, or the end, was faster
            if late is not None:
                known = known.learned(account, _longer(known, late, now)) or known
            # Of what was gone so long ago, no call is still at the end.
            known = known.without(denies.outdone(known.denies, now - LONGEST_CALL)) or known
            begins = second_after(now + known.begins_after(account))
            armed = known.armed(
                Deny(
                    session_id=self.session.session_id,
                    user_id=note.user_id,
                    account=account,
                    armed_at=now,
                    begins=begins,
                    end=begins + self.session.duration,
                )
            )
            full[0] = not denies.has_room(armed.denies)
            return None if full[0] else armed

        self.visit.change(change)
        if full[0]:
            self._no_room()
        found = self.visit.permission_set().deny_of(self.session.session_id)
        if found is None:
            raise OutOfTime
        return found

    def _no_room(self) -> None:
        self.visit.full(self.visit.arn)
        message = (
            f"the inline policy of {self.visit.name} has no room for one more session: lend fewer "
            "at a time, or another permission set"
        )
        since = self.session.activating_at
        if since is not None and self.visit.now() - since > _ROOM_AWAITED:
            raise Unreached(message)
        raise TryAgain(message)

    def _begun(self, deny: Deny) -> Deny:
        """Notes that the assignment may exist from now on. One not begun is to be armed anew."""
        if self.visit.now() > deny.begins + _LATE:
            return deny
        if self.visit.has_access(deny.user_id, self._assigned()):
            known = self.visit.permission_set().deny_of(deny.session_id)
            if known is not None and known.begun:
                return known  # a twin of this call made it
            self.visit.refuse_late_list(deny.user_id, self._assigned())
            message = (
                f"{self.session.requester_name} has this access already, and not by PAM; it is "
                "left as it is"
            )
            raise self._conflict(message)
        begun = self.visit.change(lambda it: it.begun(deny.session_id))
        if begun is None:
            self._refuse_taken(deny)
        found = (begun or self.visit.permission_set()).deny_of(deny.session_id)
        if found is None:
            # An end took it back: it said that nothing was made.
            message = "the session has ended, and no access is made for it any more"
            raise IssuerUnavailable(message)
        return found

    def _refuse_taken(self, deny: Deny) -> None:
        """Two people of PAM's may be one user there, by mistake: the second comes too late."""
        other = self.visit.permission_set().had_by(deny)
        if other is not None:
            message = f"user {deny.user_id} has this by session {other}, which is not over"
            raise TryAgain(message)

    def _see_given(self, deny: Deny) -> None:
        """Where the account was not provisioned with the deny, because it had no role of the set
        by what was listed, the assignment brought it along: unless a role was there all the same.
        """
        account = deny.account
        known = self.visit.permission_set()
        if known.given.get(account, 0) >= deny.version or not self.visit.vendor.is_behind():
            return

        def change(it: PermissionSet) -> PermissionSet | None:
            written = it.has_written(account, it.wanted)
            return it.doubted(account, self.visit.now()) if written else None

        wanted = (self.visit.change(change) or self.visit.permission_set()).wanted
        self.visit.bring(Order(version=wanted))

    def _conflict(self, message: str) -> ForeignAccess | IssuerUnavailable:
        """What was armed is taken back: nobody ends a session that was never begun."""

        def change(known: PermissionSet) -> PermissionSet | None:
            deny = known.deny_of(self.session.session_id)
            return None if deny is None or deny.begun else known.without({deny.session_id})

        self.visit.change(change)
        left = self.visit.permission_set().deny_of(self.session.session_id)
        if left is not None:
            return IssuerUnavailable("another call is making the access")
        return ForeignAccess(message, session_id=self.session.session_id)

    def _assigned(self) -> Assigned:
        """Asked once a call: whether the account has a role of the set, and whose access there is
        before any of ours.
        """
        if not self._seen:
            self._seen.append(self.visit.vendor.assigned())
        return self._seen[0]

    def _is_there(self) -> bool:
        assigned = self._assigned()
        return bool(assigned.users or assigned.groups)


def _longer(known: PermissionSet, late: Deny, now: datetime) -> timedelta:
    """What is foreseen next: what it took, but no more than three times what was foreseen, since
    whoever stood still once is not slow.
    """
    return min(now - late.armed_at, 3 * known.begins_after(late.account))
