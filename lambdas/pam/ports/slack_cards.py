"""Where the painter keeps what stands in Slack, as texts."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol


class StaleCard(Exception):
    """Another has written meanwhile."""


class CardShelf(Protocol):
    """Each thing is a text or a reckoning, and a number that each write of it raises by one. It
    says StaleCard to whoever writes over what they have not read.
    """

    def read(self, session_id: str) -> str | None:
        """Consistent."""

    def read_several(self, session_ids: Sequence[str]) -> dict[str, str]:
        """Those that there are; a moment old, maybe."""

    def write(
        self, session_id: str, text: str, *, version: int, finished: bool, now: datetime
    ) -> None:
        """`version` is one more than what is there has; 1 for the first. Raises StaleCard."""

    def unfinished(self) -> Iterable[str]:
        """Each session whose card is not finished; for a moment also one whose is."""

    def stands(self, channel: str, ts: str, session_id: str, now: datetime) -> None:
        """That this message is the session's card."""

    def session_at(self, channel: str, ts: str) -> str | None:
        """The session whose card that message is."""

    def first(self, what: str, now: datetime, until: datetime) -> bool:
        """Whether nobody has said so for a time that is not over."""

    def taken(self, key: str) -> tuple[tuple[datetime, ...], int]:
        """When calls that count together were made, and the number of that reckoning."""

    def take(self, key: str, taken: Sequence[datetime], *, version: int, until: datetime) -> None:
        """Raises StaleCard."""
