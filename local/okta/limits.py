"""Okta's limits: calls a minute and operation, of all callers together, and calls at once."""

import math
from collections import Counter
from collections.abc import Callable

from local.okta.answers import api_error
from local.okta.faults import Faults
from local.okta.routes import Operation

_MINUTE = 60
_AT_ONCE = 75


class Limits:
    """Counts in the minute that runs. With the knob `limits` off, only the knobs of 429 refuse."""

    def __init__(self, faults: Faults, now: Callable[[], float]) -> None:
        self._faults, self._now = faults, now
        self._counted: Counter[str] = Counter()
        self._minute = 0

    def take(self, operation: Operation) -> dict[str, str]:
        """The headers that tell how much is left. Raises Refused: 429."""
        now, faults = self._now(), self._faults
        if int(now // _MINUTE) != self._minute:
            self._minute = int(now // _MINUTE)
            self._counted.clear()
        if faults.limits_now(operation.name):
            limit = _AT_ONCE if faults.by_concurrency else operation.a_minute
            reset = math.ceil(now + faults.reset_in)
            raise api_error("E0000047", **_headers(limit, 0, reset))
        reset = (self._minute + 1) * _MINUTE
        self._counted[operation.name] += 1
        left = operation.a_minute - self._counted[operation.name]
        if left < 0 and faults.limits:
            raise api_error("E0000047", **_headers(operation.a_minute, 0, reset))
        return _headers(operation.a_minute, max(left, 0), reset)


def _headers(limit: int, left: int, reset: int) -> dict[str, str]:
    return {
        "X-Rate-Limit-Limit": str(limit),
        "X-Rate-Limit-Remaining": str(left),
        "X-Rate-Limit-Reset": str(reset),
    }
