"""Slack waits three seconds. What is not decided by then is not decided at all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pam.domain.proofs import Statement
from pam.ports.proofs import Signer

ANSWERED_WITHIN = timedelta(milliseconds=2600)
"""From when the gateway had the call; the rest of Slack's three seconds is the way there and back.
"""
_SHORTEST_CALL = 0.05


class OutOfTime(Exception):
    """Nothing was done, and the person is told so: they can press again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    until: datetime
    clock: Callable[[], datetime]

    @classmethod
    def of(
        cls, context: Mapping[str, Any], now: datetime, clock: Callable[[], datetime]
    ) -> "Budget":
        """By the gateway's own time of the call; a cold start has passed since then."""
        began = context.get("requestTimeEpoch")
        since = now
        if isinstance(began, int) and not isinstance(began, bool):
            passed = timedelta(milliseconds=now.timestamp() * 1000 - began)
            since = now - min(max(passed, timedelta(0)), ANSWERED_WITHIN)
        return cls(until=since + ANSWERED_WITHIN, clock=clock)

    def left(self, *, spare: float = 0.0) -> float:
        """Seconds, when so many are left for what comes after. Raises OutOfTime."""
        left = (self.until - self.clock()).total_seconds() - spare
        if left < _SHORTEST_CALL:
            raise OutOfTime
        return left


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelySigner:
    """Implements `ports.proofs.Signer`: whatever is decided is signed right before it is written,
    and nothing is signed too late.
    """

    signer: Signer
    budget: Budget

    def sign(self, statement: Statement) -> str:
        """Raises OutOfTime."""
        self.budget.left()
        proof = self.signer.sign(statement)
        self.budget.left()
        return proof
