"""What is said of a session's end while a command runs: five minutes before, one minute, and then.

On stderr, a line each, and nothing is done to the command.
"""

import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from threading import Event, Thread
from types import TracebackType
from typing import Self

from cli import clock
from cli.text import clean

_BEFORE = (timedelta(minutes=5), timedelta(minutes=1), timedelta())
_LOOK = 10.0
"""Seconds between two looks at the clock: a laptop that slept has missed its timer."""


def tell(line: str) -> None:
    """One line on stderr, if anybody can be told. A child may have set the terminal to raw."""
    with suppress(OSError, ValueError, AttributeError):
        end = "\r\n" if sys.stderr.isatty() else "\n"
        print(f"pam: {clean(line)}", end=end, file=sys.stderr, flush=True)


class Reminders:
    """Tells while it is entered, and only what still lies ahead then."""

    def __init__(
        self,
        name: str,
        ends: datetime | None,
        *,
        ended_early: Callable[[], bool] = lambda: False,
        tell: Callable[[str], None] = tell,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        """`name` is what people call the session by; without `ends` nothing is told, nor after
        `ended_early`.
        """
        self._name, self._tell, self._now = name, tell, now
        self._ended_early = ended_early
        self._ends = ends
        self._due = [] if ends is None else [ends - b for b in _BEFORE if ends - b > now()]
        self._stop = Event()

    def __enter__(self) -> Self:
        if self._due:
            Thread(target=self._run, name="reminders", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._stop.set()

    def _run(self) -> None:
        while self._due and not self._stop.wait(self.pause()):
            if self._ended_early():
                return
            if line := self.line():
                self._tell(line)

    def pause(self) -> float:
        """Seconds until the next look."""
        return max(0.0, min(_LOOK, (self._due[0] - self._now()).total_seconds()))

    def line(self) -> str:
        """What is to be told now, once; of several that are due only the last. Else empty."""
        passed = [at for at in self._due if at <= self._now()]
        if not passed or self._ends is None:
            return ""
        del self._due[: len(passed)]
        left = self._ends - passed[-1]
        if not left:
            return f"{self._name} is over: what was lent is refused now; your command still runs"
        minutes = left // timedelta(minutes=1)
        length = f"{minutes} minute{'s' if minutes > 1 else ''}"
        return f"{self._name} ends in {length}, at {clock.local(self._ends, now=self._now())}"
