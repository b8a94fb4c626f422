"""The one loop in which whoever lost a race looks again, and decides on what the winner left."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from pam.domain.errors import StaleSession

_TRIES = 30

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pauses:
    """Seconds, at most, between two tries; doubled from the first to the longest."""

    first: float
    longest: float


OF_WHO_ACTS = Pauses(first=0.005, longest=0.2)
OF_WHO_TAKES_NOTE = Pauses(first=0.2, longest=2.0)
"""Far more than a step of a session takes: whoever only takes note stands back, so that however
much a session does, its end never waits for the record of it.
"""


def _never() -> bool:
    return False


def until_won(
    attempt: Callable[[], Answer],
    *,
    lost: str,
    pauses: Pauses = OF_WHO_ACTS,
    in_vain: Callable[[], bool] = _never,
) -> Answer:
    """What `attempt` answers, which raises StaleSession whenever somebody else was first.

    Raises StaleSession as soon as a further try would be `in_vain`, and with the words `lost` after
    thirty tries.
    """
    for number in range(_TRIES):
        try:
            return attempt()
        except StaleSession:
            if in_vain():
                raise
            time.sleep(random.uniform(0, min(pauses.longest, pauses.first * 2**number)))  # noqa: S311
    raise StaleSession(lost)
