"""How long one call goes on, and what it does while it waits."""

from collections.abc import Callable
from datetime import datetime

LAST_CALL = 7.5
"""Seconds that one call to AWS may take at the most (2 to connect, 5 to answer): so much is left
when the last one begins."""
_LONGEST_POLL = 4.0
_FASTER = 1.5


class OutOfTime(Exception):
    """What was begun goes on there; this call does not. Its text says what was waited for."""


class Patience:
    """`most` are the seconds that this call polls and waits altogether. Raises OutOfTime."""

    def __init__(
        self,
        *,
        clock: Callable[[], datetime],
        pause: Callable[[float], None],
        seconds_left: Callable[[], float],
        most: float,
    ) -> None:
        self.now = clock
        self._pause = pause
        self._seconds_left = seconds_left
        self._most = most
        self._began = clock()

    @property
    def left(self) -> float:
        spent = (self.now() - self._began).total_seconds()
        return min(self._most - spent, self._seconds_left() - LAST_CALL)

    def check(self) -> None:
        """Before anything is changed: no call may change anything when its time is over."""
        if self._seconds_left() < LAST_CALL:
            raise OutOfTime

    def wait(self, seconds: float) -> None:
        """Changes nothing, so it may take all but what the last call needs."""
        if self.left < seconds:
            raise OutOfTime
        self._pause(seconds)

    def until(self, instant: datetime) -> None:
        """Does not return before then."""
        while (missing := (instant - self.now()).total_seconds()) > 0:
            self.wait(missing)

    def polls(self) -> "Polls":
        return Polls(self)


class Polls:
    """At most one a second, and slower with each."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._next = 1.0

    def wait(self) -> None:
        self._patience.wait(self._next)
        self._next = min(_LONGEST_POLL, self._next * _FASTER)
