"""When a session that somebody waits for is looked at next.

Quick at first and after each news, then more and more seldom: a look is a call that is paid for,
and whoever waited for an hour does not mind fifteen seconds. Pure: no clock, no sleep, no dice.
"""

from dataclasses import dataclass

QUICK = 1.0
"""Seconds between two looks right after news."""
SEEN_WITHIN = ((10.0, QUICK), (60.0, 2.0), (300.0, 5.0))
"""(for so many seconds after the last news, seconds between two looks at most)."""
LONGEST = 15.0
"""Seconds between two looks at most, later than that."""
JITTER = 0.2
"""The share of a pause that chance may take away, so that many who wait do not ask at once."""
LONGEST_ASKED = 300.0
"""Seconds for which a server's `Retry-After` is obeyed at most: a wrong one must not end a wait."""


def pause(quiet: float, *, chance: float = 0.5) -> float:
    """Seconds until the next look, `quiet` seconds after the last news. `chance` is 0 to 1."""
    longest = next((each for until, each in SEEN_WITHIN if quiet < until), LONGEST)
    return longest * (1 - JITTER * chance)


def looks(seconds: float, *, chance: float = 0.5) -> int:
    """How often a session is looked at in `seconds` of waiting without any news."""
    count, at = 0, 0.0
    while at < seconds:
        count += 1
        at += pause(at, chance=chance)
    return count


@dataclass(slots=True, kw_only=True)
class Polls:
    """When to look next (`due`). Every number is seconds of one monotonic clock."""

    due: float
    failing_since: float | None = None
    _news_at: float = 0.0
    _seen: object = None

    def answered(self, seen: object, *, left: float | None, now: float, chance: float) -> None:
        """`seen`: what is news when it changes. `left`: seconds until the session is to change by
        itself; the next look is no later than that, and quick looks follow.
        """
        known = (seen, left is not None and left <= 0)
        if known != self._seen:
            self._seen, self._news_at = known, now
        self.failing_since = None
        self.due = now + pause(now - self._news_at, chance=chance)
        if left is not None and left > 0:
            self.due = min(self.due, now + left)

    def failed(self, *, asked: float, now: float, chance: float) -> float:
        """`asked`: the answer's `Retry-After`, or 0. For how many seconds looks have failed."""
        self.failing_since = now if self.failing_since is None else self.failing_since
        failing = now - self.failing_since
        self.due = now + max(pause(failing, chance=chance), min(asked, LONGEST_ASKED))
        return failing
