"""Who wakes the painter: an event, of which nothing is believed; and every minute the sessions
themselves, so that whatever event or job was lost, what stands in Slack is right again.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Protocol

from pam.domain.session import Session
from pam.policy.cedar import CedarPolicy
from pam.ports.slack import SlackQueue
from pam.slack.jobs import Paint, to_text
from pam.slack.posted import Posted, is_stale, version_of

LOOKED_BACK = timedelta(hours=1)
"""For sessions of which nothing stands in Slack yet."""
_MOST = 1000
"""Sessions that one sweep looks at, of each of two lists: it bounds the sweep."""
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
    """For each session that is not over and has a card there."""
    listed = list(islice(cards.unfinished(), _MOST))
    for session_id, posted in cards.several(listed).items():
        if posted.ts and posted.channel == channel:
            job = Paint(session_id=session_id, channel=channel)
            queue.put(to_text(job), group=channel, once=f"{session_id} {now}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finder:
    store: Sessions
    cards: Cards
    waker: Waker

    def wake_for_stale(self, now: datetime) -> int:
        """For how many sessions the painter was woken."""
        waking = 0
        for session in self._stale(now):
            self.waker.wake(
                session.session_id,
                resource=session.resource,
                domain=session.domain,
                once=f"found {version_of(session)}",
            )
            waking += 1
        return waking

    def _stale(self, now: datetime) -> Iterator[Session]:
        listed = list(islice(self.cards.unfinished(), _MOST))
        recent = self.store.opened_since(now - LOOKED_BACK, _MOST)
        session_ids = list(dict.fromkeys([*listed, *recent]))
        cards = self.cards.several(session_ids)
        for session in self.store.several(session_ids):
            posted = cards.get(session.session_id)
            if is_stale(session, posted, now):
                yield session
