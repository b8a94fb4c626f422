"""A process that dies at its n-th call of a collaborator, or that another one overtakes there."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

Answer = TypeVar("Answer")


class Died(BaseException):
    """No handler of the code under test catches it, as none catches a power cut."""


@dataclass
class Fuse:
    """Counts every call to the outside. Whoever is dead makes no further call, not even to tidy up:
    what a handler would do on the way out is not done either.
    """

    blows_at: int = 0
    """0: never."""
    after: bool = False
    """Whether the call still takes effect and only its answer is lost."""
    when: Callable[[], object] | None = None
    """At the first call before which this holds, wherever that is."""
    meanwhile: Callable[[], object] | None = None
    """What another process does, all of it, just before the call `meanwhile_at`."""
    meanwhile_at: int = 0
    blown: int = 0
    """How often it blew."""
    count: int = 0
    dead: bool = False
    off: bool = True

    def arm(
        self,
        blows_at: int = 0,
        *,
        after: bool = False,
        when: Callable[[], object] | None = None,
        meanwhile: Callable[[], object] | None = None,
        meanwhile_at: int = 0,
    ) -> None:
        self.blows_at, self.after, self.when = blows_at, after, when
        self.meanwhile, self.meanwhile_at = meanwhile, meanwhile_at
        self.count, self.dead, self.off = 0, False, False

    def disarm(self) -> None:
        """As it was when it was new, but for how often it blew."""
        self.off, self.dead, self.after = True, False, False
        self.blows_at = self.count = self.meanwhile_at = 0
        self.when = self.meanwhile = None

    def call(self, act: Callable[[], Answer]) -> Answer:
        if self.off:
            return act()
        if self.dead:
            raise Died
        self.count += 1
        if self.meanwhile is not None and self.count == self.meanwhile_at:
            self.off = True
            self.meanwhile()
            self.off = False
        if self.count != self.blows_at and not (self.when and self.when()):
            return act()
        self.dead = True
        self.blown += 1
        if self.after:
            with suppress(Exception):
                act()
        raise Died


class Dying:
    """A collaborator, each call of which passes the fuse."""

    def __init__(self, real: Any, fuse: Fuse) -> None:
        self._real, self._fuse = real, fuse

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        if not callable(found):
            return found

        def call(*given: Any, **named: Any) -> Any:
            return self._fuse.call(lambda: found(*given, **named))

        return call
