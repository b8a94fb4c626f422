"""A vendor that knows who has what, and keeps notes of what PAM made there."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pam.domain.ending import ReceiptMethod
from pam.domain.errors import ForeignAccess, IssuerUnavailable, TryAgain
from pam.domain.resource import Target
from pam.domain.session import Session
from pam.ports.targets import Receipt

HOUR = timedelta(hours=1)


@dataclass
class Directory:
    """Implements `ports.targets.StandingTarget`. `access` are label and person. `arms`: whether the
    end is armed there, for so long after it is made.
    """

    access: set[tuple[str, str]] = field(default_factory=set)
    notes: dict[str, tuple[str, str]] = field(default_factory=dict)
    armed: dict[str, datetime] = field(default_factory=dict)
    arms: timedelta | None = None
    slow: int = 0
    down: bool = False
    foreign: bool = False
    undone: dict[str, datetime] = field(default_factory=dict)
    fails_to_keep: bool = False
    unexplained: list[str] = field(default_factory=list)
    tidied: list[str] = field(default_factory=list)
    cleared: list[str] = field(default_factory=list)
    lengths: list[timedelta] = field(default_factory=list)
    """For how long each was made."""
    calls: list[str] = field(default_factory=list)
    takes: timedelta = timedelta(0)
    """To see that access is gone."""
    on_time: bool = True
    while_making: Callable[[], None] = lambda: None

    def stands(self, session: Session) -> bool:
        self._answer("stands")
        return _key(session) in self.access

    def make(self, session: Session, now: datetime) -> datetime | None:
        self._answer("make")
        if self.foreign:
            message = "by a group"
            raise ForeignAccess(message, session_id=session.session_id)
        self.notes.setdefault(session.session_id, _key(session))
        if self.arms is not None:
            begins = (now + self.arms).replace(microsecond=0)
            self.armed.setdefault(session.session_id, begins)
        if self.slow:
            self.slow -= 1
            message = "it is in progress"
            raise TryAgain(message)
        self.access.add(_key(session))
        self.lengths.append(session.duration)
        self.while_making()
        return self.armed.get(session.session_id)

    def unmake(self, session: Session, now: datetime) -> Receipt:
        self._answer("unmake")
        self.access.discard(_key(session))
        return Receipt(
            method=ReceiptMethod.ASSIGNMENT_GONE,
            evidence="not listed, twice",
            traces_until=now + HOUR,
            left=("a key",),
            seen_at=now + self.takes,
            on_time=self.on_time,
        )

    def clear_traces(self, session: Session, now: datetime) -> None:
        del now
        self._answer("clear_traces")
        self.cleared.append(session.session_id)
        self.notes.pop(session.session_id, None)

    def sessions_at(self, target: Target) -> list[str]:
        self._answer("sessions_at")
        return [each for each, (label, _) in self.notes.items() if label == target.label]

    def tidy(self, target: Target, now: datetime) -> None:
        del now
        self._answer("tidy")
        self.tidied.append(target.label)

    def standing_at(self, target: Target) -> list[str]:
        self._answer("standing_at")
        return [each for each, key in self.notes.items() if key in self.access]

    def keep(self, target: Target, now: datetime) -> dict[str, datetime]:
        del now
        self._answer("keep")
        if self.fails_to_keep:
            message = "it took too long"
            raise IssuerUnavailable(message)
        return self._undone(target)

    def undone_at(self, target: Target) -> dict[str, datetime]:
        self._answer("undone_at")
        return self._undone(target)

    def _undone(self, target: Target) -> dict[str, datetime]:
        return {it: at for it, at in self.undone.items() if self.notes[it][0] == target.label}

    def strangers(self, target: Target, now: datetime) -> list[str]:
        del target, now
        self._answer("strangers")
        return self.unexplained

    def _answer(self, what: str) -> None:
        self.calls.append(what)
        if self.down:
            message = "it did not answer"
            raise IssuerUnavailable(message)


def _key(session: Session) -> tuple[str, str]:
    return session.target.label, session.requester_name
