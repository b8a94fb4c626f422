"""One person's assignment: asked for, polled, seen; taken, polled, seen to be gone.

Identity Center answers before it has done anything, and what it answers then may still fail. What
counts is what it lists.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pam.domain.errors import IssuerUnavailable
from pam.identity_center.asking import NotThere, Unclear
from pam.identity_center.notes import MOST_ENDS, MOST_STARTS, Note, Notes
from pam.identity_center.patience import OutOfTime, Patience
from pam.identity_center.permission_set import PermissionSet
from pam.identity_center.vendor import Operation, Status, Vendor

_APART = 1.0
"""Seconds between the two times that somebody is seen not to be listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Identity Center said later that it did not make what it had taken."""

    reason: str


class Assignments:
    """Of one session. Raises OutOfTime, IssuerUnavailable, NotThere. `known`: what PAM knows of the
    permission set now, asked for before anything is made or taken, because a turn is waited for.
    """

    def __init__(
        self,
        vendor: Vendor,
        notes: Notes,
        patience: Patience,
        *,
        session_id: str,
        instance: str,
        known: Callable[[], PermissionSet],
    ) -> None:
        self._vendor = vendor
        self._notes = notes
        self._patience = patience
        self._session_id = session_id
        self._instance = instance
        self._known = known

    def make(self, note: Note) -> datetime | Refused:
        """When it was listed. Its deny is noted as begun before: from then on it may exist."""
        if note.listed_at is not None:
            return note.listed_at
        if note.refused:
            return Refused(reason=note.refused)
        operation = self._recover(note) if note.unsure else None
        if operation is None and note.creation:
            operation = Operation(request_id=note.creation, status=Status.IN_PROGRESS)
        if operation is None and note.unsure and self._is_listed(note):
            return self._listed()
        return self._polled(note, operation or self._ask(note))

    def _ask(self, note: Note) -> Operation:
        self._take_turn(MOST_STARTS)
        deny = self._known().deny_of(self._session_id)
        if deny is None or deny.over or not deny.live:
            self._give_turn_back()
            message = "the session has ended, and no access is made for it any more"
            raise IssuerUnavailable(message)
        # Nobody knows of the request until its answer is stored.
        self._notes.note(self._session_id, unsure=True)
        try:
            operation = self._vendor.create(note.user_id)
        except Unclear:
            raise  # it may be under way
        except (IssuerUnavailable, NotThere, OutOfTime):
            self._give_turn_back()
            raise
        self._notes.note(self._session_id, creation=operation.request_id, unsure=False)
        return operation

    def _recover(self, note: Note) -> Operation | None:
        """The request of which the answer was lost, if it is under way."""
        operation = self._vendor.running_creation(note.user_id)
        if operation is not None:
            self._notes.note(self._session_id, creation=operation.request_id, unsure=False)
        return operation

    def _polled(self, note: Note, operation: Operation) -> datetime | Refused:
        polls = self._patience.polls()
        while operation.status is Status.IN_PROGRESS:
            polls.wait()
            operation = self._progress(operation.request_id)
        if operation.status is Status.FAILED:
            self._notes.note(self._session_id, refused=operation.reason or "no reason was given")
            self._give_turn_back()
            return Refused(reason=operation.reason or "no reason was given")
        while not self._is_listed(note):
            polls.wait()
        return self._listed()

    def _listed(self) -> datetime:
        at = self._patience.now()
        self._notes.note(self._session_id, listed_at=at, unsure=False)
        self._give_turn_back()
        return at

    def take(self, note: Note) -> str:
        """What was seen, once it is gone. Whatever the answers were, it has to be seen unlisted."""
        self._see_creation_over(note)
        made = not note.refused or self._is_listed(note)
        said = self._deleted(note) if made else ""
        try:
            self._see_gone(note)
        except OutOfTime as over:
            message = f"{note.user_id} is still assigned: {said or over or 'it takes longer'}"
            raise IssuerUnavailable(message) from over
        self._give_turn_back()
        return f"user {note.user_id} not listed, twice" + (f" ({said})" if said else "")

    def _see_creation_over(self, note: Note) -> None:
        """What is still being made would stand after it was seen to be gone."""
        operation = self._recover(note) if note.unsure else None
        if operation is None and note.creation and note.listed_at is None and not note.refused:
            operation = self._progress(note.creation)
        polls = self._patience.polls()
        while operation is not None and operation.status is Status.IN_PROGRESS:
            polls.wait()
            operation = self._progress(operation.request_id)

    def _progress(self, request_id: str) -> Operation:
        try:
            return self._vendor.creation(request_id)
        except NotThere:
            reason = "Identity Center does not know of the request"
            return Operation(request_id=request_id, status=Status.FAILED, reason=reason)

    def _deleted(self, note: Note) -> str:
        """What Identity Center said, where it did not say that it deleted it."""
        try:
            operation = self._earlier_deletion(note) or self._ask_to_delete(note)
        except NotThere as missing:
            return f"Identity Center says: {missing}"
        polls = self._patience.polls()
        while operation.status is Status.IN_PROGRESS:
            polls.wait()
            operation = self._vendor.deletion(operation.request_id)
        # Of what comes to nothing again and again each try takes a turn: it keeps nobody waiting.
        self._give_turn_back()
        if operation.status is Status.FAILED:
            # The next try asks anew.
            self._notes.note(self._session_id, deletion="")
            return f"Identity Center says: {operation.reason or 'deletion failed'}"
        return ""

    def _earlier_deletion(self, note: Note) -> Operation | None:
        """The one that an earlier try asked for, while it is under way; and once it is over, if
        nothing is left to delete: one more may again take longer than a try.
        """
        if not note.deletion:
            return None
        try:
            operation = self._vendor.deletion(note.deletion)
        except NotThere:
            return None
        over = operation.status is not Status.IN_PROGRESS
        return None if over and self._is_listed(note) else operation

    def _ask_to_delete(self, note: Note) -> Operation:
        self._take_turn(MOST_ENDS)
        if self._known().is_succeeded(self._session_id):
            self._give_turn_back()
            message = "it was seen to be gone; what is assigned now is the person's next session's"
            raise IssuerUnavailable(message)
        try:
            operation = self._vendor.delete(note.user_id)
        except (IssuerUnavailable, NotThere, OutOfTime):
            self._give_turn_back()
            raise
        self._notes.note(self._session_id, deletion=operation.request_id)
        return operation

    def _see_gone(self, note: Note) -> None:
        polls, unseen = self._patience.polls(), 0
        while True:
            unseen = 0 if self._is_listed(note) else unseen + 1
            if unseen > 1:
                return
            if unseen:
                self._patience.wait(_APART)
            else:
                polls.wait()

    def _is_listed(self, note: Note) -> bool:
        return note.user_id in self._vendor.assigned().users

    def _take_turn(self, most: int) -> None:
        polls = self._patience.polls()
        while not self._notes.take_turn(
            self._instance, self._session_id, most=most, now=self._patience.now()
        ):
            polls.wait()

    def _give_turn_back(self) -> None:
        self._notes.give_turn_back(self._instance, self._session_id)
