"""The instant at which access ends, as whoever has it finds it by trying."""

import time
from collections.abc import Callable
from datetime import UTC, datetime


def assert_taken_away_at(end: datetime, works: Callable[[], bool]) -> None:
    """Tries without a break, from now until past the end.

    What is answered before the end has worked, what is asked after it is refused; of a try that the
    end falls into, either is right. So a slow machine tells less, and never anything wrong.
    """
    worked = False
    while (asked_at := datetime.now(UTC)) < end:
        does = works()
        if datetime.now(UTC) < end:
            assert does, f"refused, {end - asked_at} before the end"
            worked = True
        time.sleep(0.02)
    assert worked, "the access was over before it was tried once"
    assert not works(), "it goes on after the end"
