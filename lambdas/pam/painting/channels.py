"""Where PAM may post: nowhere that others than the workspace read, and nowhere that it cannot."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from aws_lambda_powertools import Logger

from pam.names import SLACK_CHANNEL
from pam.painting.ports import Web
from pam.ports.slack import Remembered, SlackFacts, SlackQueue
from pam.ports.slack_cards import CardShelf
from pam.slack import blocks, facts
from pam.slack.clicker import refuse_channel
from pam.slack.jobs import Method, Send, to_text
from pam.slack_web.errors import Gone, Rejected

logger = Logger()

_WHY: Mapping[str, str] = MappingProxyType(
    {
        "is_ext_shared": "it is shared with another organisation",
        "is_pending_ext_shared": "it is about to be shared with another organisation",
        "is_shared": "it is shared with another workspace",
        "is_archived": "it is archived",
        "is_member": "PAM is no member of it",
        "not_in_channel": "PAM is no member of it",
        "channel_not_found": "it is not there, or PAM is no member of it",
    }
)
_TOLD_AGAIN = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedChannels:
    """Implements `ports.Channels`. `operators`: the id of their channel, or empty."""

    clock: Callable[[], datetime]
    web: Web
    facts: SlackFacts
    queue: SlackQueue
    told: CardShelf
    operators: str
    count: Callable[[], None]

    def refused(self, channel: str) -> str:
        """By what Slack said within a minute, or says now. Raises SlackFailed where it says
        nothing.
        """
        name, now = f"{SLACK_CHANNEL}{channel}", self.clock()
        known = self.facts.recall([name]).get(name)
        if known is None or known.asked_at <= now - facts.HOLD:
            try:
                answer = self.web("conversations.info", {"channel": channel})
            except (Gone, Rejected) as error:
                # Of what Slack does not say, nothing is believed; and no other job waits for it.
                return error.error
            known = Remembered(facts=facts.of_channel(answer.get("channel")), asked_at=now)
            self.facts.keep(name, known)
        refused = refuse_channel(known.facts.get("channel"), channel)
        return refused.reason if refused else ""

    def lost(self, channel: str, reason: str) -> bool:
        """By a number that has an alarm, and in their own channel: once a day for each reason."""
        logger.error("nothing is posted", extra={"channel": channel, "reason": reason})
        now = self.clock()
        if not self.told.first(f"lost {channel} {reason}", now, now + _TOLD_AGAIN):
            return False
        self.count()
        if self.operators and self.operators != channel:
            self._tell(channel, reason, now)
        return True

    def _tell(self, channel: str, reason: str, now: datetime) -> None:
        why = _WHY.get(reason, "Slack refuses it")
        message = blocks.message(
            f"PAM: nothing is posted to a channel: {reason}",
            [
                blocks.row(f"PAM posts nothing to the channel {channel}: {why} ({reason})."),
                blocks.row("Requests go on without it. Approvers see what waits for them by:"),
                blocks.commands("pam inbox"),
                blocks.row("Once PAM may post there again, it makes up for it by itself."),
            ],
            sequence=0,
        )
        job = Send(
            to=self.operators,
            method=Method.POST_MESSAGE,
            arguments={
                "channel": self.operators,
                "text": message.text,
                "blocks": list(message.blocks),
            },
            not_after=now + _TOLD_AGAIN,
        )
        self.queue.put(to_text(job), group=self.operators, once=f"lost {channel} {reason} {now}")
