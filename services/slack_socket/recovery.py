"""For how long one connection may be missing, and when to try for the next. Knows no clock."""

from collections.abc import Callable

from slack_socket.timing import Timing


class Recovery:
    """`now` is in seconds of any clock that never goes back; `chance` gives 0 to 1.

    The moment of giving up is never moved past `start_within` from the last sign of life, whatever
    Slack says and however often.
    """

    def __init__(self, timing: Timing, *, now: float, chance: Callable[[], float]) -> None:
        self._timing, self._chance = timing, chance
        self._latest = self._give_up_at = now + timing.start_within
        self._must_speak_by: float | None = None
        self._failed = self._crowded = 0

    def alive(self, now: float) -> None:
        """A connection that was greeted has just answered a ping."""
        self._give_up_at = now + self._timing.silence
        self._latest = now + self._timing.start_within
        self._must_speak_by = None
        self._crowded = 0

    def missing(self, now: float) -> None:
        """A good connection ended, or was told to leave: time for the next one."""
        self._must_speak_by = None
        self._until(now + self._timing.silence)

    def opened(self, now: float) -> None:
        """From here on it must speak: being open is no sign of life."""
        self._must_speak_by = now + self._timing.silence

    def told_to_wait(self, now: float, seconds: float) -> None:
        """Slack itself says so: to try before is of no use, nor is another process."""
        self._until(now + seconds + self._timing.silence)

    def is_hopeless(self, now: float) -> bool:
        silent = self._must_speak_by is not None and now > self._must_speak_by
        return silent or now > self._give_up_at

    def lived(self, seconds: float, *, told_to_leave: bool) -> None:
        """So long was a good connection open."""
        if seconds >= self._timing.settled:
            self._failed = 0
        elif told_to_leave:
            self._failed = 1
        else:
            self._failed += 1

    def failed(self) -> float:
        """Nothing was opened, or it ended before its hello. Seconds until the next try."""
        self._must_speak_by = None
        self._failed += 1
        return self.pause()

    def pause(self) -> float:
        """Before an opening: none, unless those before it went wrong; then with jitter, so that
        those whom one fault hit do not come back as one.
        """
        if not self._failed:
            return 0.0
        whole = self._timing.first_pause * 2.0 ** min(self._failed - 1, 16)
        return min(whole, self._timing.longest_pause) * (0.5 + self._chance() / 2)

    def crowded(self, now: float) -> float:
        """Slack has as many connections of the app as it takes. Seconds until the next try."""
        whole = self._timing.crowded_pause * 2.0 ** min(self._crowded, 2)
        self._crowded += 1
        self._must_speak_by = None
        pause = whole * (0.5 + self._chance())
        self.told_to_wait(now, pause)
        return pause

    def _until(self, moment: float) -> None:
        self._give_up_at = min(self._latest, max(self._give_up_at, moment))
