"""What PAM remembers of Slack, what it asks of Slack, and what it has told there later."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """Of a user or a channel: what Slack said, and when it was asked."""

    facts: Mapping[str, Any]
    asked_at: datetime


class SlackFacts(Protocol):
    """By name: `user#ID`, `channel#ID`."""

    def recall(self, names: Collection[str]) -> Mapping[str, Remembered]:
        """Those that are known, however old. The read is consistent."""

    def keep(self, name: str, remembered: Remembered) -> None:
        """Unless it has been forgotten since Slack was asked: what it said then holds no more."""

    def forget(self, name: str, now: datetime) -> None:
        """What is known, and what was asked for before now and is still on its way."""


class SlackDeliveries(Protocol):
    """What Slack delivered, by its key."""

    def is_handled(self, key: str) -> bool:
        """The read is consistent."""

    def handled(self, key: str, now: datetime) -> bool:
        """Marks it. False if it was marked before: of two at once, one is the first."""


class SlackCalls(Protocol):
    def call(self, method: str, arguments: Mapping[str, Any], *, timeout: float) -> dict[str, Any]:
        """Raises `slack_web.errors.SlackFailed`."""


class SlackQueue(Protocol):
    def put(self, text: str, *, group: str, once: str) -> None: ...


class SlackCards(Protocol):
    """Where cards stand, as the painter keeps it."""

    def session_at(self, channel: str, ts: str) -> str | None:
        """The session whose card that message is."""
