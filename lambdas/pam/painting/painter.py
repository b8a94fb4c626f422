"""One session in Slack: its card, the thread under it, and what its requester is told.

State is the truth: whatever woke the painter, it reads the session and paints what is missing. Each
message is written down where it stands, so that nothing is said twice and an older picture never
takes a newer one's place.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aws_lambda_powertools import Logger

from pam.domain import timestamps
from pam.painting.ports import Addresses, Channels, Sessions
from pam.painting.posting import Post, Work
from pam.painting.telling import CHANNEL_ERRORS, Teller
from pam.policy.cedar import CedarPolicy
from pam.slack import card
from pam.slack.blocks import Message
from pam.slack.posted import (
    CARD,
    MOST_CARDS,
    SILENT,
    Posted,
    Said,
    is_over,
    picture_of,
    version_of,
    without_buttons,
)
from pam.slack.shown import shown
from pam.slack_web.errors import Gone, Rejected

logger = Logger()

_SHARED = frozenset({"is_ext_shared", "is_pending_ext_shared", "is_shared"})
_OF_THE_MESSAGE = frozenset(
    {
        *("invalid_arguments", "invalid_attachments", "invalid_blocks", "invalid_blocks_format"),
        *("msg_blocks_too_long", "msg_too_long", "no_text", "too_many_attachments"),
    }
)
"""What Slack refuses for what is in it, and would refuse again."""
_NOT_CHECKED_LONGER = timedelta(days=1)
"""After a session is over, of which something cannot be written."""
_PAUSE, _LONGEST_PAUSE = timedelta(minutes=5), timedelta(hours=1)
"""Until a card is tried again of which Slack never said whether it came: twice as long each time,
since each try may leave one more.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Painter:
    store: Sessions
    policy: CedarPolicy
    post: Post
    channels: Channels
    addresses: Addresses
    count_fault: Callable[[], None]
    """Counts what Slack does not show, and no channel is to blame for."""
    wake_all_in: Callable[[str], None]
    """Has all sessions painted that are not over and have a card in that channel."""

    def begin(self, session_id: str) -> Work | None:
        """None for a session that is not there."""
        # In this order: what is painted is never older than what was painted before.
        posted = self.post.cards.get(session_id)
        session = self.store.get(session_id)
        if session is None:
            return None
        if posted is None:
            # Before Slack is asked: however long it is down, the sweep finds the session after.
            posted = self.post.cards.save(Posted(session_id=session_id))
        channel = posted.channel
        if not posted.ts:
            channel = self.policy.slack_channel(session.resource, session.domain)
        return Work(
            session=session, posted=posted, shown=shown(session, self.policy), channel=channel
        )

    # The card.

    def paint_card(self, work: Work, now: datetime) -> None:
        """Raises Later, LeftForNow, StaleCard, SlackFailed."""
        if not work.channel or _rests(work, now):
            return
        reason = self.channels.refused(work.channel)
        if reason:
            self._refuse(work, reason)
            return
        if work.posted.given_up:
            work.posted = work.posted.once_more()
        try:
            self._card(work, now)
        except Gone as gone:
            self._without(work, gone.error, now)
        except Rejected as rejected:
            if rejected.error in _OF_THE_MESSAGE:
                self.count_fault()
                self._give_up(work, rejected.error)
            else:
                # Of the app, of the channel, or a word that nobody knows: a person can change it.
                self._refuse(work, rejected.error)

    def _card(self, work: Work, now: datetime) -> None:
        message = card.card(work.session, now, work.shown)
        # The number of the newest record is on the card, and is no reason to paint it.
        bare = card.card(replace(work.session, sequence=0), now, work.shown)
        picture = picture_of(bare)
        if not work.posted.ts:
            self._post_card(work, without_buttons(message), picture_of(without_buttons(bare)))
        posted = work.posted
        if not posted.ts or picture == posted.picture or not message.replaces(posted.sequence):
            return
        self.post.update(work, message, work.channel, posted.ts)
        self.post.keep_painted(work, replace(posted, picture=picture, sequence=message.sequence))
        work.painted = True

    def _post_card(self, work: Work, message: Message, picture: str) -> None:
        stands = self.post.message(work, Said(key=CARD), message, work.channel)
        posted = replace(work.posted, begun="", tries=0)
        if stands is None:
            self._pause(work, posted)
            return
        posted = replace(
            posted,
            channel=work.channel,
            ts=stands.ts,
            picture=picture,
            sequence=message.sequence,
            cards=posted.cards + 1,
            silences=0,
            again_at="",
        )
        self.post.keep(work, posted)
        self.post.cards.stands(work.posted)
        work.painted = True

    def _pause(self, work: Work, posted: Posted) -> None:
        """It is no loss for good: the sweep comes again."""
        pause = min(_PAUSE * 2 ** min(posted.silences, 4), _LONGEST_PAUSE)
        again_at = timestamps.render(self.post.clock() + pause)
        silences = posted.silences + 1
        self.count_fault()
        self.post.keep(work, replace(posted, given_up=SILENT, silences=silences, again_at=again_at))

    def _without(self, work: Work, error: str, now: datetime) -> None:
        if error in CHANNEL_ERRORS or not work.posted.ts:
            self._refuse(work, error)
        elif error == "message_not_found" and self._is_wanted(work):
            logger.warning("posted anew: the card was deleted", extra=_about(work))
            self.post.keep(work, work.posted.without_card())
            self._card(work, now)
        else:
            self._give_up(work, error)

    def _is_wanted(self, work: Work) -> bool:
        """Whether a card that somebody deleted is posted again."""
        return not work.session.closed and work.posted.cards < MOST_CARDS

    def _give_up(self, work: Work, error: str) -> None:
        logger.error("given up", extra={"error": error, **_about(work)})
        self.post.keep(work, replace(work.posted, given_up=error))

    def _refuse(self, work: Work, reason: str) -> None:
        work.refused = True
        first = self.channels.lost(work.channel, reason)
        if reason in _SHARED:
            if first or work.posted.ts:
                self.wake_all_in(work.channel)
            if work.posted.ts:
                self._withdraw(work)

    def _withdraw(self, work: Work) -> None:
        """Others read here by now: all that was said of the session is taken away."""
        logger.warning("withdrawn: the channel is shared", extra=_about(work))
        for said in work.posted.said:
            if said.channel == work.channel and said.ts:
                self.post.delete(work, said.channel, said.ts)
                self.post.keep(work, work.posted.with_said(replace(said, ts="")))
        self.post.delete(work, work.channel, work.posted.ts)
        self.post.keep(work, work.posted.without_card())

    # The thread, and the requester.

    @property
    def teller(self) -> Teller:
        return Teller(
            store=self.store,
            post=self.post,
            addresses=self.addresses,
            count_fault=self.count_fault,
            refuse=self._refuse,
        )

    # What is left.

    def finish(self, work: Work, now: datetime) -> None:
        session, posted = work.session, work.posted
        seen, over = version_of(session), is_over(session, now)
        silent = posted.given_up == SILENT and not session.closed
        if work.refused or work.behind or silent:
            seen = ""
            over = over and now >= (session.ended_at or now) + _NOT_CHECKED_LONGER
        if not work.behind:
            posted = replace(posted, failed=0, failing_since="")
        # Words that are to go out of it are waited for as long as it takes.
        owed = not (session.text_key or posted.erased)
        self.post.keep(work, replace(posted, seen=seen, finished=over and not owed))


def _rests(work: Work, now: datetime) -> bool:
    """Whether its card is given up: for good, or for now."""
    posted = work.posted
    if posted.given_up != SILENT:
        return bool(posted.given_up)
    return work.session.closed or timestamps.render(now) < posted.again_at


def _about(work: Work) -> dict[str, str]:
    return {"session_id": work.session.session_id, "channel": work.channel}
