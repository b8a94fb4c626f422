"""Messages on their way to Slack: what is being posted is written down before, and where it stands
afterwards.

Slack tells nobody whether a message came whose answer was lost. So such a one is posted again, but
only once Slack answers at all, and three times at the most.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil

from aws_lambda_powertools import Logger

from pam.domain.session import Session
from pam.painting.ports import Cards, Paces, Web
from pam.ports.slack_cards import StaleCard
from pam.slack.blocks import Message
from pam.slack.card import Shown
from pam.slack.pace import DELETIONS, UPDATES, Pace, posts_to
from pam.slack.posted import MOST_TRIES, Posted, Said
from pam.slack_web.errors import Gone, Rejected, Silent, SlackFailed

logger = Logger()

_LOST_RACES = 3


class Later(Exception):
    """It would be too fast for Slack now."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"in {seconds} s")
        self.seconds = seconds


@dataclass(slots=True, kw_only=True)
class Work:
    """One session, while it is painted."""

    session: Session
    posted: Posted
    shown: Shown
    channel: str
    """Empty where nothing of it is to stand in any channel."""
    refused: bool = False
    """Whether the channel cannot be written to for now."""
    painted: bool = False
    """Whether its card was posted or painted just now."""

    @property
    def has_thread(self) -> bool:
        posted = self.posted
        return bool(self.channel and posted.ts) and not (self.refused or posted.given_up)


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    clock: Callable[[], datetime]
    cards: Cards
    paces: Paces
    web: Web

    def keep(self, work: Work, posted: Posted) -> None:
        if posted != work.posted:
            work.posted = self.cards.save(posted)

    def message(
        self, work: Work, said: Said, message: Message, channel: str, thread_ts: str = ""
    ) -> Said | None:
        """Where it stands now. None for one that is given up: it may stand there unseen.

        What Slack answers is written down by whoever asked: it is a card, or one more message.
        """
        posted = work.posted
        again = posted.begun == said.key
        if again and posted.tries >= MOST_TRIES:
            logger.error("given up: Slack never answered", extra=_about(work, said))
            self.keep(work, replace(posted, begun="", tries=0))
            return None
        if again:
            # Whoever is silent to this would be silent again, and might do it all the same.
            self.web("auth.test", {})
        self._wait(posts_to(channel))
        tries = posted.tries if again else 0
        self.keep(work, replace(posted, begun=said.key, tries=tries + 1))
        thread = {"thread_ts": thread_ts} if thread_ts else {}
        try:
            answer = self.web("chat.postMessage", _to(channel, message) | thread)
        except Silent:
            raise
        except SlackFailed:
            self.keep(work, replace(work.posted, begun="", tries=0))
            raise
        return replace(said, channel=answer["channel"], ts=answer["ts"])

    def update(self, message: Message, channel: str, ts: str) -> None:
        self._wait(UPDATES)
        self.web("chat.update", _to(channel, message) | {"ts": ts})

    def delete(self, work: Work, channel: str, ts: str) -> None:
        self._wait(DELETIONS)
        try:
            self.web("chat.delete", {"channel": channel, "ts": ts})
        except (Gone, Rejected) as error:
            logger.warning("not deleted", extra={"error": error.error, **_of(work)})

    def keep_painted(self, work: Work, posted: Posted) -> None:
        """Of a card. If another has painted it meanwhile, nobody knows which picture it has: it is
        painted again.
        """
        try:
            self.keep(work, posted)
        except StaleCard:
            for _ in range(_LOST_RACES):
                stands = self.cards.get(work.session.session_id)
                if stands is None:
                    break
                try:
                    self.cards.save(replace(stands, picture="", sequence=0, seen=""))
                except StaleCard:
                    continue
                break
            raise

    def _wait(self, pace: Pace) -> None:
        wait = self.paces.take(pace, self.clock())
        if wait:
            raise Later(ceil(wait.total_seconds()))


def _to(channel: str, message: Message) -> dict[str, object]:
    return {"channel": channel, "text": message.text, "blocks": list(message.blocks)}


def _of(work: Work) -> dict[str, str]:
    return {"session_id": work.session.session_id, "channel": work.channel}


def _about(work: Work, said: Said) -> dict[str, str]:
    return {"what": said.key, **_of(work)}
