"""What the painter uses."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from pam.domain.audit_record import Record
from pam.domain.session import Session
from pam.slack.pace import Pace
from pam.slack.posted import Posted


class Sessions(Protocol):
    def get(self, session_id: str) -> Session | None: ...

    def records_after(self, session_id: str, sequence: int, most: int = 0) -> list[Record]: ...


class Cards(Protocol):
    def get(self, session_id: str) -> Posted | None: ...

    def save(self, posted: Posted) -> Posted:
        """With its next version. Raises StaleCard if what is kept has another than this one."""

    def stands(self, posted: Posted) -> None:
        """That the message is its card."""


class Paces(Protocol):
    def take(self, pace: Pace, now: datetime) -> timedelta:
        """Nothing, and the call is counted; or how long it has to wait, and it is not."""


class Web(Protocol):
    def __call__(self, method: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """What Slack answered. Raises SlackFailed."""


class Channels(Protocol):
    def refused(self, channel: str) -> str:
        """Why nothing may be posted there, in one word; empty: it may. Raises SlackFailed."""

    def lost(self, channel: str, reason: str) -> bool:
        """Tells the operators, once; whether that was now."""


class Addresses(Protocol):
    def of(self, session: Session) -> str | None:
        """Slack's id of the requester; None for who has no principal there."""
