"""Messages on their way to Slack: what is being posted is written down before, and where it stands
afterwards.

Slack tells nobody whether a message came whose answer was lost. So such a one is posted again, but
only once Slack answers at all, and three times at the most. What Slack says it failed at is tried
again each time later, and then left to the sweep: nothing else of its channel waits for it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil
from typing import NoReturn

from aws_lambda_powertools import Logger

from pam.domain import timestamps
from pam.domain.session import Session
from pam.painting.ports import Cards, Paces, Web
from pam.ports.slack_cards import StaleCard
from pam.slack.blocks import Message
from pam.slack.card import Shown
from pam.slack.pace import DELETIONS, UPDATES, Pace, posts_to
from pam.slack.posted import MOST_TRIES, Posted, Said
from pam.slack_web.errors import Failing, Gone, Rejected, Silent, SlackFailed, Unreachable

logger = Logger()

_LOST_RACES = 3
_AGAIN_AFTER, _LONGEST = 20, 300
"""Seconds, while Slack answers and fails at one thing."""
_MOST_IN_LINE = 3
"""Tries for which others wait as well."""


class Later(Exception):
    """It would be too fast for Slack now."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"in {seconds} s")
        self.seconds = seconds


class LeftForNow(Exception):
    """Slack answers, and fails at this again and again: the sweep comes again for the session."""


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
    behind: bool = False
    """Whether something of it is left for now."""
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
    late: Callable[[float], None]
    """Counts for how many seconds something has not been told."""

    def keep(self, work: Work, posted: Posted) -> None:
        if posted != work.posted:
            work.posted = self.cards.save(posted)

    def message(
        self, work: Work, said: Said, message: Message, channel: str, thread_ts: str = ""
    ) -> Said | None:
        """Where it stands now. None for one that is given up: it may stand there unseen. Raises
        Later, LeftForNow, SlackFailed.

        What Slack answers is written down by whoever asked: it is a card, or one more message.
        """
        posted = work.posted
        again = posted.begun == said.key
        if again and posted.tries >= MOST_TRIES:
            logger.error("given up: Slack never answered", extra=_about(work, said))
            self.keep(work, replace(posted, begun="", tries=0))
            return None
        if again:
            self._ask_whether_slack_is_there()
        self._wait(posts_to(channel))
        tries = posted.tries if again else 0
        self.keep(work, replace(posted, begun=said.key, tries=tries + 1))
        thread = {"thread_ts": thread_ts} if thread_ts else {}
        try:
            answer = self.web("chat.postMessage", _to(channel, message) | thread)
        except Silent:
            raise
        except Failing as failing:
            # This was no silence.
            work.posted = replace(work.posted, tries=tries)
            self._fails(work, failing)
        except SlackFailed:
            self.keep(work, replace(work.posted, begun="", tries=0))
            raise
        return replace(said, channel=answer["channel"], ts=answer["ts"])

    def update(self, work: Work, message: Message, channel: str, ts: str) -> None:
        """Raises Later, LeftForNow, SlackFailed."""
        self._wait(UPDATES)
        try:
            self.web("chat.update", _to(channel, message) | {"ts": ts})
        except Failing as failing:
            self._fails(work, failing)

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

    def _ask_whether_slack_is_there(self) -> None:
        """Whoever is silent to this would be silent again, and might do the other all the same.
        Raises SlackFailed.
        """
        try:
            self.web("auth.test", {})
        except Failing as failing:
            raise Unreachable(failing.error) from None

    def _fails(self, work: Work, failing: Failing) -> NoReturn:
        """Raises Later, each time for longer; in the end LeftForNow, unless nobody would come again
        for it.
        """
        posted, now = work.posted, self.clock()
        logger.warning("Slack fails at it", extra={"error": failing.error, **_of(work)})
        since = posted.failing_since or timestamps.render(now)
        self.keep(work, replace(posted, failed=posted.failed + 1, failing_since=since))
        if posted.finished or posted.failed < _MOST_IN_LINE:
            times = min(posted.failed, _MOST_IN_LINE + 1)
            raise Later(min(_AGAIN_AFTER << times, _LONGEST))
        work.behind = True
        self.late((now - timestamps.parse(since)).total_seconds())
        raise LeftForNow

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
