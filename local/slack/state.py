"""What this Slack remembers, all of it in memory and in one thread."""

import secrets
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.slack.faults import Faults
from local.slack.recording import Recorder
from local.slack.workspace import Channel, User, Workspace

Json = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Message:
    channel: str
    ts: str
    user: str
    text: str
    blocks: list[Json]
    bot_id: str | None = None
    thread_ts: str | None = None
    edited: str | None = None
    only_for: str | None = None
    """The person who sees it, of an ephemeral message."""
    metadata: Json | None = None
    reactions: dict[str, list[str]] = field(default_factory=dict)
    replies: int = 0
    before: list[list[Json]] = field(default_factory=list)
    """Its blocks before each update: what a client may still show."""

    def as_slack(self, *, team_id: str, app_id: str) -> Json:
        found: Json = {
            "type": "message",
            "user": self.user,
            "ts": self.ts,
            "text": self.text,
            "team": team_id,
        }
        if self.bot_id:
            found |= {"bot_id": self.bot_id, "app_id": app_id}
        if self.blocks:
            found["blocks"] = self.blocks
        if self.thread_ts:
            found["thread_ts"] = self.thread_ts
        if self.edited:
            found["edited"] = {"user": self.user, "ts": self.edited}
        if self.metadata:
            found["metadata"] = self.metadata
        return found


@dataclass(slots=True, kw_only=True)
class View:
    id: str
    user: str
    content: Json
    hash: str
    root: str
    previous: str | None = None
    is_open: bool = True
    typed: dict[str, dict[str, Any]] = field(default_factory=dict)
    """block id -> action id -> what the person entered, in the element's own form."""


@dataclass(slots=True, kw_only=True)
class Trigger:
    user: str
    at: float
    view: str | None = None
    used: bool = False


@dataclass(slots=True, kw_only=True)
class Secrets:
    """What an installation gives the app. Made anew by each process unless given."""

    bot_token: str = field(default_factory=lambda: f"xoxb-local-{secrets.token_hex(16)}")
    app_token: str = field(default_factory=lambda: f"xapp-1-local-{secrets.token_hex(16)}")
    signing_secret: str = field(default_factory=lambda: secrets.token_hex(16))
    control_token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    verification_token: str = field(default_factory=lambda: secrets.token_hex(12))


class Slack:
    def __init__(
        self,
        *,
        record: Path | None = None,
        given: Secrets | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self.secrets = given or Secrets()
        self.recorder = Recorder(record)
        self.base_url = ""
        """Set once the port is known."""
        self.forget()

    def forget(self) -> None:
        """Back to how the workspace begins; tokens and the recording stay."""
        self.recorder.calls.clear()
        self.workspace = Workspace()
        self.faults = Faults()
        self.messages: dict[str, dict[str, Message]] = {}
        self.ephemerals: list[Message] = []
        self.views: dict[str, View] = {}
        self.homes: dict[str, View] = {}
        self.triggers: dict[str, Trigger] = {}
        self.revoked: set[str] = set()
        self.calls: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        """`method error` -> how often."""
        self.limited: dict[str, list[float]] = {}
        """Key of a limit -> when it was used of late."""
        self._last_ts = 0
        self._number = 0

    def now(self) -> float:
        return self._clock() + self.faults.clock_ahead

    def ts(self) -> str:
        """A message's id: its time, and never the same twice."""
        self._last_ts = max(int(self.now() * 1_000_000), self._last_ts + 1)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def id(self, prefix: str) -> str:
        self._number += 1
        return f"{prefix}0PAM{self._number:06d}"

    def trigger(self, user: User, view: str | None = None) -> str:
        trigger_id = f"{self._clock():.0f}.{self.id('')}.{secrets.token_hex(16)}"
        self.triggers[trigger_id] = Trigger(user=user.id, at=self.now(), view=view)
        return trigger_id

    def messages_of(self, channel: str) -> dict[str, Message]:
        return self.messages.setdefault(channel, {})

    def post(self, message: Message) -> Message:
        self.messages_of(message.channel)[message.ts] = message
        parent = self.messages_of(message.channel).get(message.thread_ts or "")
        if parent is not None:
            parent.replies += 1
            parent.thread_ts = parent.ts
        return message

    def show_only(
        self, user: User, channel: Channel, text: str, blocks: list[Json] | None = None
    ) -> Message:
        """An ephemeral message: to one person, and gone when they reload."""
        message = Message(
            channel=channel.id,
            ts=self.ts(),
            user=self.workspace.bot,
            bot_id=self.workspace.app["bot_id"],
            text=text,
            blocks=blocks or [],
            only_for=user.id,
        )
        self.ephemerals.append(message)
        return message

    def open_views(self, user: User) -> list[View]:
        """The person's stack of modals, bottom first."""
        return [view for view in self.views.values() if view.user == user.id and view.is_open]

    def reinstall(self) -> tuple[str, str]:
        """The app gets a new bot token and the old one is revoked; (old, new)."""
        old = self.secrets.bot_token
        self.revoked.add(old)
        self.secrets.bot_token = Secrets().bot_token
        return old, self.secrets.bot_token
