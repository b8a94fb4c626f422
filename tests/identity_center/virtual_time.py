"""Time that passes only while everybody waits: no test sleeps, and threads meet as they would."""

import threading
from datetime import datetime, timedelta


class VirtualTime:
    """Of one thread, unless `join` says how many there are."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._changed = threading.Condition()
        self._acting = 1
        self._wakes: list[datetime] = []

    def now(self) -> datetime:
        return self._now

    def join(self, threads: int) -> None:
        with self._changed:
            self._acting = threads

    def leave(self) -> None:
        """A thread is done: nobody waits for it any more."""
        with self._changed:
            self._acting -= 1
            self._go_on()

    def pause(self, seconds: float) -> None:
        with self._changed:
            wake = self._now + timedelta(seconds=seconds)
            self._wakes.append(wake)
            self._go_on()
            while self._now < wake:
                assert self._changed.wait(timeout=60), "somebody neither acts nor waits"
            self._wakes.remove(wake)

    def later(self, **length: float) -> None:
        self._now += timedelta(**length)

    def _go_on(self) -> None:
        waiting = [wake for wake in self._wakes if wake > self._now]
        if waiting and len(waiting) >= self._acting:
            self._now = min(waiting)
            self._changed.notify_all()
