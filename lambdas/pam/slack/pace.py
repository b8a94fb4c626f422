"""How fast PAM may write to Slack: so many calls in so long, by what is counted together.

The time is a little longer than Slack's, which counts when a call arrives. Its own word for too
fast (429) stands all the same: other functions call it too.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

Taken = tuple[datetime, ...]
"""When the latest calls were made, oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """`most` calls `within` so long."""

    key: str
    most: int
    within: timedelta

    def left_of(self, taken: Taken, now: datetime) -> Taken:
        return tuple(at for at in taken if at > now - self.within)

    def wait(self, taken: Taken, now: datetime) -> timedelta:
        """How long until one more call may be made; nothing: now."""
        counted = self.left_of(taken, now)
        if len(counted) < self.most:
            return timedelta()
        return counted[-self.most] + self.within - now


UPDATES = Pace(key="chat.update", most=50, within=timedelta(seconds=61))
"""Tier 3: 50 a minute, of the whole workspace."""


def posts_to(channel: str) -> Pace:
    """One a second in each channel, and a few at once."""
    return Pace(key=f"chat.postMessage {channel}", most=5, within=timedelta(seconds=6))


DELETIONS = Pace(key="chat.delete", most=50, within=timedelta(seconds=61))
