"""One call at one target: all that its steps share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pam.domain import timestamps
from pam.domain.errors import TryAgain
from pam.domain.resource import Target
from pam.domain.session import Session
from pam.identity_center.assignments import Assignments
from pam.identity_center.notes import Notes
from pam.identity_center.patience import Patience
from pam.identity_center.permission_set import Change, PermissionSet
from pam.identity_center.vendor import Assigned, User, Vendor
from pam.identity_center.writer import Order, PolicyWriter

_LISTED_LATE = timedelta(seconds=60)
"""So long after an end a list may still have whom that took. Later, it is another's work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """How a person is found there: by an id that a person wrote down, or by the user name. Never by
    mail.
    """

    user_ids: Mapping[str, str]
    user_name: str

    def user_id(self, person: str, vendor: Vendor) -> str:
        """Raises NotThere."""
        known = self.user_ids.get(person)
        return known or vendor.user_id(self.user_name.format(person=person))

    def is_meant(self, person: str, user: User) -> bool:
        """Whether it is this user that the person's access is made for."""
        known = self.user_ids.get(person)
        if known is not None:
            return user.user_id == known
        return user.name.lower() == self.user_name.format(person=person).lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    target: Target
    vendor: Vendor
    notes: Notes
    patience: Patience
    people: People
    full: Callable[[str], None]

    @property
    def arn(self) -> str:
        return self.target.names["permission_set"]

    @property
    def name(self) -> str:
        return self.target.settings.get("permission_set_name", "")

    def now(self) -> datetime:
        return self.patience.now()

    def permission_set(self) -> PermissionSet:
        return self.notes.permission_set(self.arn)

    def change(self, change: Change) -> PermissionSet | None:
        return self.notes.change_set(self.arn, change)

    @property
    def writer(self) -> PolicyWriter:
        return PolicyWriter(
            self.vendor,
            self.notes,
            self.patience,
            permission_set=self.arn,
            account=self.target.account,
        )

    def bring(self, order: Order) -> None:
        self.writer.bring(order)

    def assignments(self, session_id: str) -> Assignments:
        return Assignments(
            self.vendor,
            self.notes,
            self.patience,
            session_id=session_id,
            instance=self.target.names["instance"],
            known=self.permission_set,
        )

    def user_of(self, session: Session) -> str:
        """As it was noted first: whoever makes access by that looks whether it is the person's.
        Raises NotThere.
        """
        note = self.notes.of_session(session.session_id)
        if note.user_id:
            return note.user_id
        user_id = self.people.user_id(session.requester_name, self.vendor)
        return self.notes.note_user(session.session_id, user_id).user_id

    def has_access(self, user_id: str, assigned: Assigned) -> bool:
        """By an assignment of their own, or of a group that they are in."""
        if user_id in assigned.users:
            return True
        return bool(assigned.groups) and bool(assigned.groups & self.vendor.groups_of(user_id))

    def refuse_late_list(self, user_id: str, assigned: Assigned) -> None:
        """Before what is listed is taken for others' work. Raises TryAgain."""
        if user_id not in assigned.users:
            return
        for deny in self.permission_set().denies:
            gone_at = deny.gone_at if deny.holder == (self.target.account, user_id) else None
            if gone_at is not None and self.now() < gone_at + _LISTED_LATE:
                message = (
                    f"Identity Center still lists the assignment of session {deny.session_id}, "
                    "which is over"
                )
                raise TryAgain(message)


def second_after(instant: datetime) -> datetime:
    return timestamps.parse(timestamps.whole_second_at_or_after(instant))


def second_before(instant: datetime) -> datetime:
    return timestamps.parse(timestamps.whole_second_at_or_before(instant))
