"""Permission-set assignments as targets of a standing kind."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from pam.aws.permission_set_items import PermissionSetItems
from pam.domain.errors import IssuerUnavailable, TryAgain
from pam.domain.lifecycle import Status
from pam.domain.resource import Target
from pam.domain.session import Session
from pam.identity_center.asking import NotThere
from pam.identity_center.end import End
from pam.identity_center.notes import Notes
from pam.identity_center.patience import OutOfTime, Patience
from pam.identity_center.start import Start
from pam.identity_center.traces import clear_traces
from pam.identity_center.vendor import Vendor
from pam.identity_center.visit import People, Visit
from pam.identity_center.watch import Watch
from pam.ports.targets import Receipt

_STARTING, _ENDING, _LOOKING = 8.0, 14.0, 8.0
"""Seconds for which one call polls and waits."""


class PermissionSetTarget:
    """Implements `ports.targets.StandingTarget`. The clients try once; `items` is that of DynamoDB.
    `user_ids`: what identities.yaml says, by person. `user_name`: how others are called there, over
    `{person}`. `full` is told the permission set whose policy has no room.
    """

    def __init__(
        self,
        *,
        sso_admin: Any,
        identity_store: Any,
        items: Any,
        table: str,
        user_ids: Mapping[str, str],
        user_name: str,
        clock: Callable[[], datetime],
        pause: Callable[[float], None],
        seconds_left: Callable[[], float],
        full: Callable[[str], None],
    ) -> None:
        self._clients = (sso_admin, identity_store)
        self._notes = Notes(PermissionSetItems(items, table, pause))
        self._people = People(user_ids=user_ids, user_name=user_name)
        self._clock, self._pause, self._seconds_left = clock, pause, seconds_left
        self._full = full

    def stands(self, session: Session) -> bool:
        """Raises TryAgain of a session whose access is being made, if AWS does not answer now."""
        visit = self._visit(session.target, _LOOKING)
        with _told_as(TryAgain if session.status is Status.ACTIVATING else IssuerUnavailable):
            try:
                user_id, assigned = visit.user_of(session), visit.vendor.assigned()
                if not visit.has_access(user_id, assigned):
                    return False
            except NotThere:
                return False  # whoever, or whatever, is not there
            if session.status is Status.ACTIVATING:
                visit.refuse_late_list(user_id, assigned)
            return True

    def make(self, session: Session, now: datetime) -> datetime | None:
        """From when the end was armed: by the clock, because a call takes a while."""
        del now
        with _told_as(TryAgain):
            try:
                return (
                    Start(visit=self._visit(session.target, _STARTING), session=session)
                    .run()
                    .begins
                )
            except NotThere as missing:
                message = f"Identity Center misses something of the target: {missing}"
                raise IssuerUnavailable(message) from missing

    def unmake(self, session: Session, now: datetime) -> Receipt:
        del now
        with _told_as(IssuerUnavailable):
            return End(visit=self._visit(session.target, _ENDING), session=session).run()

    def clear_traces(self, session: Session, now: datetime) -> None:
        with _told_as(IssuerUnavailable):
            clear_traces(self._visit(session.target, _ENDING), session, now)

    def sessions_at(self, target: Target) -> list[str]:
        """Of those whose access was seen to be gone nothing is left but what keeps them out, for as
        long as that has to stay: `tidy` knows.
        """
        known = self._visit(target, _LOOKING).permission_set()
        return [deny.session_id for deny in known.at(target.account) if deny.live]

    def standing_at(self, target: Target) -> list[str]:
        with _told_as(IssuerUnavailable):
            return Watch(visit=self._visit(target, _LOOKING)).standing()

    def keep(self, target: Target, now: datetime) -> dict[str, datetime]:
        del now
        watch = Watch(visit=self._visit(target, _ENDING))
        with _told_as(IssuerUnavailable), _nothing_there():
            watch.keep()
        return watch.undone()

    def undone_at(self, target: Target) -> dict[str, datetime]:
        return Watch(visit=self._visit(target, _LOOKING)).undone()

    def strangers(self, target: Target, now: datetime) -> list[str]:
        del now
        with _told_as(IssuerUnavailable), _nothing_there():
            return Watch(visit=self._visit(target, _LOOKING)).strangers()

    def tidy(self, target: Target, now: datetime) -> None:
        with _told_as(IssuerUnavailable):
            Watch(visit=self._visit(target, _LOOKING)).tidy(now)

    def _visit(self, target: Target, most: float) -> Visit:
        patience = Patience(
            clock=self._clock, pause=self._pause, seconds_left=self._seconds_left, most=most
        )
        return Visit(
            target=target,
            vendor=Vendor(*self._clients, target, patience),
            notes=self._notes,
            patience=patience,
            people=self._people,
            full=self._full,
        )


@contextmanager
def _told_as(error: type[TryAgain] | type[IssuerUnavailable]) -> Iterator[None]:
    """What this call has no patience for, or AWS throttles, as this."""
    try:
        yield
    except OutOfTime as over:
        message = f"Identity Center is at it: {over}" if str(over) else "Identity Center is at it"
        raise error(message) from over
    except TryAgain as later:
        if error is TryAgain:
            raise
        raise IssuerUnavailable(str(later)) from later


@contextmanager
def _nothing_there() -> Iterator[None]:
    try:
        yield
    except NotThere as missing:
        message = f"Identity Center misses something of the target: {missing}"
        raise IssuerUnavailable(message) from missing
