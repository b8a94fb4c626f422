"""The calls that doors handled, and what the gateway says of them."""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from pam.domain.handled_call import HandledCall, LogLine


class RequestIdUsed(Exception):
    """A call came with a request id that another call had: it is not the gateway's."""


class NotedCalls(Protocol):
    """What a door writes. No call is handled that is not noted."""

    def note(self, call: HandledCall) -> None:
        """Before anything is done. Raises RequestIdUsed; that call is noted as well, as another."""

    def answered(self, call: HandledCall, status: int) -> None: ...


class UnmatchedCalls(Protocol):
    """What the comparison of calls with the access log reads and writes."""

    def unmatched(self, limit: int) -> list[HandledCall]:
        """Those that no line was found of yet, the oldest first."""

    def settled(self, call: HandledCall) -> None:
        """That the call was found in the access log, or told. It is not asked about again."""


class AccessLog(Protocol):
    def lines(self, since: datetime, until: datetime) -> Iterator[LogLine]:
        """What the gateway wrote in that time, read from the log itself; lines that are not as it
        writes them are left out.
        """
