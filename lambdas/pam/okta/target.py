"""A group of Okta that is lent: who is a member of it while a session is ACTIVE.

Nothing at Okta ends by itself. So an end asks for nothing but what was noted before anything was
made, and says that a membership is gone only after both of Okta's lists said so, twice each.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from pam.domain.ending import ReceiptMethod
from pam.domain.errors import ForeignAccess, IssuerUnavailable, TryAgain, Unreached
from pam.domain.lifecycle import Status
from pam.domain.resource import Target
from pam.domain.session import Session
from pam.okta import ending, made, watch
from pam.okta.api import OktaApi, Organisation
from pam.okta.budget import Budget
from pam.okta.errors import Limited, Locked, OktaFailed, Unanswered
from pam.okta.fitness import (
    Unfit,
    check_group,
    check_same,
    check_user,
    user_of_id,
    user_of_login,
)
from pam.okta.readback import Lists, Shown
from pam.ports.okta_notes import Note, OktaNotes
from pam.ports.targets import Receipt

_MARKS_KEPT = timedelta(minutes=10)
_FOR_A_MOMENT = (Limited, Locked, Unanswered)
"""The same call, a little later, may be answered."""


class GroupTarget:
    """Implements `ports.targets.StandingTarget`.

    `user_ids` by person, as `identities.yaml` says; of others `login` says how they sign in, over
    `{person}`. Nobody is found by a mail address. `seconds_left`: of the function's own time.
    """

    def __init__(
        self,
        *,
        api: OktaApi,
        notes: OktaNotes,
        user_ids: Mapping[str, str],
        login: str,
        clock: Callable[[], datetime],
        pause: Callable[[float], None],
        seconds_left: Callable[[], float],
    ) -> None:
        self._api, self._notes = api, notes
        self._user_ids, self._login = user_ids, login
        self._clock, self._pause, self._seconds_left = clock, pause, seconds_left

    def stands(self, session: Session) -> bool:
        """Raises TryAgain of a session whose access is being made, if Okta does not answer now."""
        with _told(at_start=session.status is Status.ACTIVATING):
            organisation, group = _names(session.target)
            okta = self._at(organisation)
            note = self._notes.note(session.session_id)
            user_id = note.user_id if note and note.user_id else self._user_id(session, okta)
            lists, ours = Lists(okta, user_id, group), note is not None and note.made
            if lists.of_user() is Shown.MEMBER:
                if not ours:
                    self._refuse_late_list(organisation, group, user_id)
                return True
            # Of what PAM made, one list alone may be behind.
            return ours and lists.of_group() is Shown.MEMBER

    def make(self, session: Session, now: datetime) -> None:
        """Also raises Unreached (nothing was made, and nothing will be while its reason stands),
        ForeignAccess.
        """
        with _told(at_start=True):
            okta = self._at(session.target.names["organisation"])
            note = self._whom(session, okta)
            admin = session.target.settings.get("carries_admin_role") == "true"
            check_group(okta, note.group, may_carry_admin_role=admin)
            lists = Lists(okta, note.user_id, note.group)
            if not note.made:
                self._refuse_foreign(note, lists)
                self._note_making(note, now)
        self._add(okta, note)
        with _told(at_start=True):
            if not lists.seen_made():
                message = f"Okta does not show {note.user_id} in {note.group} yet"
                raise TryAgain(message)

    def unmake(self, session: Session, now: datetime) -> Receipt:
        notes = made.all_made(session, self._notes)
        if not notes and session.activated_at is not None:
            message = "its access was made, and the note is gone of whom at Okta that is"
            raise IssuerUnavailable(message)
        if not notes:
            self._notes.gone(self._notes.stop(session.session_id), "nothing was made", now)
            return Receipt.never_granted("PAM had made no membership at Okta")
        receipts = [self._taken(note) for note in notes]
        told = "; ".join(receipt.evidence for receipt in receipts)
        return replace(receipts[-1], evidence=told)

    def clear_traces(self, session: Session, now: datetime) -> None:
        """What a closed session left: its own membership, and nobody else's. Of one that was seen
        to be gone nothing is left: what stands there now is others'.
        """
        del now
        marked = made.marked(session, self._notes)
        if self._notes.note(session.session_id) is None and not marked:
            return
        for note in made.all_made(session, self._notes):
            if note.gone_at is None or note.user_id in marked:
                self._taken(note)

    def sessions_at(self, target: Target) -> list[str]:
        marks = self._notes.marks(*_names(target))
        return [mark.session_id for mark in marks if mark.gone_at is None]

    def standing_at(self, target: Target) -> list[str]:
        """As `watch.standing`."""
        organisation, group = _names(target)
        with _told(at_start=False):
            return watch.standing(
                self._at(organisation), group, self._notes.marks(organisation, group)
            )

    def tidy(self, target: Target, now: datetime) -> None:
        """Takes away marks of what is gone, once no list is behind any more."""
        for mark in self._notes.marks(*_names(target)):
            if mark.gone_at is not None and mark.gone_at + _MARKS_KEPT <= now:
                self._notes.forget(*_names(target), mark)

    def keep(self, target: Target, now: datetime) -> dict[str, datetime]:
        """None: nothing of Okta's ends a session by itself, so nothing could be missing."""
        del now
        return self.undone_at(target)

    def undone_at(self, target: Target) -> dict[str, datetime]:
        del target
        return {}

    def strangers(self, target: Target, now: datetime) -> list[str]:
        """Members by no session of this deployment. They are told by their ids: names at Okta are
        what people call themselves.
        """
        organisation, group = _names(target)
        with _told(at_start=False):
            members = self._at(organisation).members(group)
        # After the list: who was made a member meanwhile has a mark by now.
        marks = self._notes.marks(organisation, group)
        users = watch.unexplained(members, watch.believed(marks, self._notes.note), now)
        return [f"user {user} is a member of group {group}" for user in users]

    def _at(self, organisation: str) -> Organisation:
        try:
            return self._api.at(organisation, Budget(self._seconds_left, self._pause))
        except ValueError as fault:
            raise Unfit(str(fault)) from None

    def _whom(self, session: Session, okta: Organisation) -> Note:
        """Of a session that is proven, so nobody else decides whose it is. Noted the first time;
        what is noted is asked for by its id alone. Raises Unfit.
        """
        note = self._notes.note(session.session_id)
        if note is not None and (note.stopped or note.gone_at is not None):
            raise _over()
        listed = self._user_ids.get(session.requester_name)
        if note is not None and note.user_id:
            user = user_of_id(okta, note.user_id)
            if not note.made:
                check_same(user, listed, self._named(session))
            check_user(user)
            return note
        user = user_of_id(okta, listed) if listed else user_of_login(okta, self._named(session))
        check_user(user)
        return self._notes.found(session, user.user_id, self._clock())

    def _user_id(self, session: Session, okta: Organisation) -> str:
        """Of a session about which nothing is noted; nothing is noted by that."""
        listed = self._user_ids.get(session.requester_name)
        return listed or user_of_login(okta, self._named(session)).user_id

    def _named(self, session: Session) -> str:
        return self._login.format(person=session.requester_name)

    def _refuse_late_list(self, organisation: str, group: str, user_id: str) -> None:
        """A list may still have whom another session's end took. Raises TryAgain then."""
        mark = self._notes.mark(organisation, group, user_id)
        if mark is None or mark.gone_at is None or self._clock() >= mark.gone_at + watch.SHOWN_LATE:
            return
        message = f"Okta still shows the membership of session {mark.session_id}, which is over"
        raise TryAgain(message)

    def _refuse_foreign(self, note: Note, lists: Lists) -> None:
        """By the list that was not asked yet, at the last moment. The note is read after it: what
        another call of the same session made has its note by then.
        """
        if lists.of_group() is not Shown.MEMBER:
            return
        again = self._notes.note(note.session_id)
        if again is not None and again.made:
            return
        self._refuse_late_list(note.organisation, note.group, note.user_id)
        message = (
            f"user {note.user_id} is a member of group {note.group} already, and not by this "
            "session; that is left as it is"
        )
        raise ForeignAccess(message, session_id=note.session_id)

    def _note_making(self, note: Note, now: datetime) -> None:
        in_the_way = self._notes.will_make(note, now)
        if in_the_way == note.session_id:
            raise _over()
        if in_the_way is not None:
            message = f"user {note.user_id} has this by session {in_the_way}, which is not over"
            raise TryAgain(message)

    def _add(self, okta: Organisation, note: Note) -> None:
        """Raises TryAgain only if Okta did certainly nothing: what it may still be at keeps an end
        from being reported.
        """
        failed: TryAgain | IssuerUnavailable
        try:
            okta.add(note.user_id, note.group)
        except (Limited, Locked) as fault:
            failed = TryAgain(fault.says)
        except OktaFailed as fault:
            failed = IssuerUnavailable(fault.says)
        else:
            return
        raise failed

    def _taken(self, note: Note) -> Receipt:
        """How it was seen to be gone. Raises IssuerUnavailable.

        Taken anew each time, also after it was seen gone: a call that was making it may have come
        through since. But what the next session of the user made is not this one's to take.
        """
        mark = self._notes.mark(note.organisation, note.group, note.user_id)
        if mark is not None and mark.session_id != note.session_id and mark.gone_at is None:
            if note.gone_at is not None:
                return _gone(note.evidence, note.gone_at)
            message = f"user {note.user_id} is a member by session {mark.session_id}, by its mark"
            raise IssuerUnavailable(message)
        with _told(at_start=False):
            evidence = ending.take(self._at(note.organisation), note)
        seen_at = self._clock()
        self._notes.gone(note, evidence, seen_at)
        return _gone(evidence, seen_at)


def _gone(evidence: str, seen_at: datetime) -> Receipt:
    return Receipt(method=ReceiptMethod.MEMBERSHIP_GONE, evidence=evidence, seen_at=seen_at)


def _over() -> IssuerUnavailable:
    return IssuerUnavailable("the session has ended, and no access is made for it any more")


def _names(target: Target) -> tuple[str, str]:
    return target.names["organisation"], target.names["group"]


@contextmanager
def _told(*, at_start: bool) -> Iterator[None]:
    """What came of Okta, as what it means for a session. Nothing is chained."""
    failed: TryAgain | IssuerUnavailable
    try:
        yield
    except _FOR_A_MOMENT as fault:
        failed = TryAgain(fault.says) if at_start else IssuerUnavailable(fault.says)
    except (Unfit, OktaFailed) as fault:
        failed = Unreached(fault.says) if at_start else IssuerUnavailable(fault.says)
    else:
        return
    raise failed
