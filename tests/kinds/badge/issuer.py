"""The doors: a system that knows who may pass, and not by whose word."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from pam.domain.ending import ReceiptMethod
from pam.domain.errors import IssuerUnavailable, TryAgain
from pam.domain.resource import Target
from pam.domain.session import Session
from pam.ports.targets import Receipt
from pam.settings import TargetSettings

Answer = TypeVar("Answer")


def at_once(call: Callable[[], Answer]) -> Answer:
    return call()


@dataclass
class Doors:
    """Implements `ports.targets.StandingTarget`. `passes` are label and person; `slow` is how often
    it still has to be asked before it does something.
    """

    passes: set[tuple[str, str]] = field(default_factory=set)
    call: Callable[[Callable[[], object]], object] = at_once
    slow: int = 0
    down: bool = False
    unmade: list[str] = field(default_factory=list)
    noted: dict[str, tuple[str, str]] = field(default_factory=dict)
    """What PAM made, by session."""

    def stands(self, session: Session) -> bool:
        self._answer()
        return bool(self.call(lambda: _pass_of(session) in self.passes))

    def make(self, session: Session, now: datetime) -> None:
        del now
        self._answer()
        if self.slow:
            self.slow -= 1
            message = "the doors are still being told"
            raise TryAgain(message)
        self.noted[session.session_id] = _pass_of(session)
        self.call(lambda: self.passes.add(_pass_of(session)))
        if not self.stands(session):
            message = "the badge does not open the door"
            raise IssuerUnavailable(message)

    def unmake(self, session: Session, now: datetime) -> Receipt:
        del now
        self._answer()
        self.call(lambda: self.passes.discard(_pass_of(session)))
        if self.stands(session):
            message = "the badge still opens the door"
            raise IssuerUnavailable(message)
        self.unmade.append(session.session_id)
        return Receipt(method=ReceiptMethod.MEMBERSHIP_GONE, evidence="the door said no")

    def clear_traces(self, session: Session, now: datetime) -> None:
        """Nothing is left."""

    def sessions_at(self, target: Target) -> list[str]:
        """It does not know of sessions."""
        del target
        return []

    def standing_at(self, target: Target) -> list[str]:
        del target
        self._answer()
        return [each for each, noted in self.noted.items() if noted in self.passes]

    def tidy(self, target: Target, now: datetime) -> None:
        """As with `sessions_at`."""

    def _answer(self) -> None:
        if self.down:
            message = "the doors did not answer"
            raise IssuerUnavailable(message)


def _pass_of(session: Session) -> tuple[str, str]:
    return session.target.label, session.requester_name


BUILDING = Doors()
"""What `make` is for; there are no real doors."""


def make(settings: TargetSettings) -> Doors:
    assert settings.env_name
    return BUILDING
