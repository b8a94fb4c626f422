"""Who wakes the painter: an event, of which nothing is believed; and every minute the sessions
themselves, so that whatever event or job was lost, what stands in Slack is right again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Protocol

from pam.domain.session import Session
from pam.policy.cedar import CedarPolicy
from pam.ports.slack import SlackQueue
from pam.slack.jobs import Paint, to_text
from pam.slack.posted import Posted, version_of, what_is_stale

LOOKED_BACK = timedelta(hours=1)
"""For sessions of which nothing stands in Slack yet."""
_MOST = 1000
"""Sessions that one sweep looks at, of each of two lists: it bounds the sweep."""
_MOST_LISTED = 50 * _MOST
"""Names of sessions, of which each sweep takes the next ones."""
_FULL = 1000
"""Jobs that wait. While Slack is down, more of them would only be in the way of what comes after.
"""
_NOWHERE = "C0"
"""The line of those who stand in no channel: their requesters are told all the same."""


class Sessions(Protocol):
    def several(self, session_ids: Sequence[str]) -> list[Session]: ...

    def opened_since(self, since: datetime, most: int) -> list[str]: ...


class Cards(Protocol):
    def several(self, session_ids: Sequence[str]) -> dict[str, Posted]: ...

    def unfinished(self) -> Iterable[str]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Waker:
    policy: CedarPolicy
    queue: SlackQueue

    def wake(self, session_id: str, *, resource: str, domain: str, once: str) -> None:
        """The painter reads by itself what there is to paint, and where. `once`: for five minutes
        nobody is woken for the same again.
        """
        channel = self.policy.slack_channel(resource, domain) or _NOWHERE
        job = Paint(session_id=session_id, channel=channel)
        self.queue.put(to_text(job), group=channel, once=f"{session_id} {once}")


def wake_all_in(channel: str, *, cards: Cards, queue: SlackQueue, now: datetime) -> None:
    """For each session that is not over and has a card there; once a minute."""
    listed = list(islice(cards.unfinished(), _MOST))
    for session_id, posted in cards.several(listed).items():
        if posted.ts and posted.channel == channel:
            job = Paint(session_id=session_id, channel=channel)
            queue.put(to_text(job), group=channel, once=f"{session_id} shared {now:%d %H:%M}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finder:
    store: Sessions
    cards: Cards
    waker: Waker
    waiting: Callable[[], int]
    """How many jobs wait already."""

    def wake_for_stale(self, now: datetime) -> int:
        """For how many sessions the painter was woken."""
        if self.waiting() >= _FULL:
            return 0
        waking = 0
        for session, why in self._stale(now):
            self.waker.wake(
                session.session_id,
                resource=session.resource,
                domain=session.domain,
                # For what becomes due within five minutes of another finding as well.
                once=f"found {version_of(session)} {why}",
            )
            waking += 1
        return waking

    def _stale(self, now: datetime) -> Iterator[tuple[Session, str]]:
        listed = _next_of(list(islice(self.cards.unfinished(), _MOST_LISTED)), now)
        recent = self.store.opened_since(now - LOOKED_BACK, _MOST)
        session_ids = list(dict.fromkeys([*listed, *recent]))
        cards = self.cards.several(session_ids)
        for session in self.store.several(session_ids):
            why = what_is_stale(session, cards.get(session.session_id), now)
            if why:
                yield session, why


def _next_of(listed: list[str], now: datetime) -> list[str]:
    """Of more than one sweep looks at, others each minute, until all were looked at."""
    if len(listed) <= _MOST:
        return listed
    first = int(now.timestamp() // 60) * _MOST % len(listed)
    return [*listed[first:], *listed[:first]][:_MOST]
