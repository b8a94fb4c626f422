"""What stands in Slack of one session, as the painter remembers it: where, and what it shows.

It is no part of the truth. Whoever loses it paints the session anew, as it is by then.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any, Self

from pam.domain import notices
from pam.domain.session import Session
from pam.slack.blocks import Json, Message
from pam.slack.thread import Done

CARD, WARNED = "card", "warned"
SILENT = "silent"
MOST_TRIES = 3
"""Of one message, when Slack was silent each time: each of them may stand there."""
MOST_CARDS = 3
"""Of one session, when somebody deletes them."""
_STILL_HEARD = timedelta(minutes=30)
"""After an end: CloudTrail tells of what was done a quarter of an hour late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One message beside the card. Without `ts` it was given up, or there was nobody to tell."""

    key: str
    channel: str = ""
    ts: str = ""
    first: int = 0
    last: int = 0
    """Of the thread: the records that it tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    session_id: str
    channel: str = ""
    ts: str = ""
    """Of the card; empty while there is none."""
    picture: str = ""
    """Digest of what the card shows."""
    sequence: int = 0
    """Of the newest record that the card shows."""
    cards: int = 0
    """How many have been posted."""
    told: int = 0
    """Up to this record the thread has told all there is to tell."""
    done: Done = field(default_factory=Done)
    counted: int = 0
    """Up to this record `done` has counted."""
    said: tuple[Said, ...] = ()
    begun: str = ""
    """What was being posted when Slack fell silent: it may stand there or not."""
    tries: int = 0
    given_up: str = ""
    """Why no card is painted any more, in Slack's word; empty while one is. SILENT: for now."""
    silences: int = 0
    """How often in a row it was given up because Slack was silent."""
    again_at: str = ""
    """Of a card that was given up for now: when it is tried again."""
    failed: int = 0
    """How often in a row Slack said that it failed at something of the session."""
    failing_since: str = ""
    erased: bool = False
    """Whether what people wrote has been taken out of every message."""
    seen: str = ""
    """The version of the session of which all is painted."""
    finished: bool = False
    """Whether nothing more is expected of the session."""
    version: int = 0

    def has_said(self, key: str) -> bool:
        return any(each.key == key for each in self.said)

    def with_said(self, said: Said) -> Self:
        return replace(self, said=(*(each for each in self.said if each.key != said.key), said))

    def once_more(self) -> Self:
        """Of a card that was given up for now: posted one more time."""
        return replace(self, given_up="", begun=CARD, tries=MOST_TRIES - 1)

    def without_card(self) -> Self:
        return replace(self, ts="", picture="", sequence=0)

    def to_text(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Fields that it does not know were written by a newer release, and are left out."""
        document = _known(cls, json.loads(text))
        return cls(
            **{
                **document,
                "said": tuple(Said(**_known(Said, each)) for each in document["said"]),
                "done": Done(**_known(Done, document["done"])),
            }
        )


def _known(kind: type, document: Mapping[str, Any]) -> dict[str, Any]:
    names = {each.name for each in fields(kind)}
    return {name: value for name, value in document.items() if name in names}


def version_of(session: Session) -> str:
    return f"{session.sequence}.{session.notices}"


def picture_of(message: Message) -> str:
    """Of two cards that show the same it is the same, whatever their number."""
    shown = [
        {name: value for name, value in block.items() if name != "block_id"}
        for block in message.blocks
    ]
    return hashlib.sha256(json.dumps([message.text, shown]).encode()).hexdigest()


def without_buttons(message: Message) -> Message:
    """As it is posted first. Should Slack post it and PAM not hear of it, a message is left that
    nobody paints anew: there is nothing to press in it.
    """
    blocks: tuple[Json, ...] = tuple(b for b in message.blocks if b["type"] != "actions")
    return replace(message, blocks=blocks)


def warning_due(session: Session, now: datetime) -> bool:
    began, ends = session.activated_at, session.expires_at
    if began is None or ends is None or not session.allows(now):
        return False
    at = notices.warning(began, ends, None)
    return at is not None and now >= at


def what_is_stale(session: Session, posted: Posted | None, now: datetime) -> str:
    """What of the session is not painted, as far as one can see from outside: another word for
    whatever else it is; empty for nothing.
    """
    if posted is None:
        return "all"
    unseen = posted.seen != version_of(session)
    unwarned = warning_due(session, now) and not posted.has_said(WARNED)
    unfinished = not posted.finished and is_over(session, now)
    found = {"unseen": unseen, "unwarned": unwarned, "unfinished": unfinished}
    return " ".join(name for name, is_so in found.items() if is_so)


def is_over(session: Session, now: datetime) -> bool:
    """Whether nothing is expected of it any more, save that its texts are erased."""
    reviewed = session.review is None or not session.review.open
    ended = session.ended_at
    return session.closed and reviewed and (ended is None or now >= ended + _STILL_HEARD)
