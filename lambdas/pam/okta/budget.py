"""How long one call of a function may go on at Okta: what is waited for ends in time."""

from collections.abc import Callable

LONGEST_REQUEST = 5.0
"""Seconds that Okta has to answer one request."""
_FOR_ITSELF = 1.0
"""Seconds that the function itself needs when the last request is over."""
_AFTER_A_WAIT = 9.0
"""Seconds that are left when a wait is over: for a look, and for what may have to be changed."""


class Budget:
    """`seconds_left`: of the function's own time. `pause` waits for so many seconds."""

    def __init__(self, seconds_left: Callable[[], float], pause: Callable[[float], None]) -> None:
        self._seconds_left = seconds_left
        self._pause = pause

    @property
    def request(self) -> float:
        """Seconds that a request may take now; zero if there is no time for one."""
        left = self._seconds_left() - _FOR_ITSELF
        return min(LONGEST_REQUEST, left) if left > _FOR_ITSELF else 0.0

    @property
    def change(self) -> bool:
        """Whether a request that changes something is over in time, however slow Okta is."""
        return self.request >= LONGEST_REQUEST

    def wait(self, seconds: float) -> bool:
        """Whether there was time for it; if not, nothing is waited for."""
        if self._seconds_left() - seconds < _AFTER_A_WAIT:
            return False
        self._pause(seconds)
        return True
