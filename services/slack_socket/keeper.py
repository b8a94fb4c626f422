"""Keeps one connection open: the next one before the last one goes."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from slack_socket.address import Hopeless, MustWait, NoAddress
from slack_socket.connection import SlackConnection
from slack_socket.outcome import Outcome
from slack_socket.recovery import Recovery
from slack_socket.saying import say
from slack_socket.timing import Timing

_LINK_DISABLED, _CROWDED = "link_disabled", "too_many_websockets"
_STEP = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Slack:
    """How to get to it."""

    next_address: Callable[[], str]
    """Raises NoAddress."""
    connection: Callable[[str], SlackConnection]


class Keeper:
    """`run` is for a thread of its own; the others may be called from any.

    `finish` is told when nothing can be done any more.
    """

    def __init__(
        self,
        number: int,
        slack: Slack,
        *,
        timing: Timing,
        recovery: Recovery,
        clock: Callable[[], float],
        finish: Callable[[Outcome], None],
        begins_after: float,
    ) -> None:
        self._number, self._slack, self._finish = number, slack, finish
        self._timing, self._recovery, self._clock = timing, recovery, clock
        self._begins_after = begins_after
        self._leaving = threading.Event()
        self._lock = threading.Lock()
        self._current: SlackConnection | None = None
        self._open: set[SlackConnection] = set()

    def run(self) -> None:
        self._leaving.wait(self._begins_after)
        while not self._leaving.is_set():
            connection = self._opened()
            if connection is None:
                return
            self._say("connected")
            connection.over.wait()
            self._ended(connection)

    def is_healthy(self, now: float) -> bool:
        """Whether the connection was greeted, and answered a ping not long ago."""
        with self._lock:
            current = self._current
            alive_at = None if current is None or current.over.is_set() else current.alive_at()
            if alive_at is None:
                return False
            self._recovery.alive(alive_at)
        return now - alive_at <= self._timing.silence

    def is_hopeless(self, now: float) -> bool:
        with self._lock:
            return self._recovery.is_hopeless(now)

    def connections(self) -> list[SlackConnection]:
        """Those on which something can be sent: the current one first."""
        with self._lock:
            return sorted(self._open, key=lambda each: each.over.is_set())

    def leave(self) -> None:
        self._leaving.set()
        for connection in self.connections():
            connection.say_goodbye()

    def _opened(self) -> SlackConnection | None:
        """One that Slack has greeted; None when it is time to leave."""
        pause = self._recovery.pause()
        while not self._leaving.wait(pause):
            try:
                connection = self._slack.connection(self._slack.next_address())
            except MustWait as told:
                self._say("must wait", seconds=told.seconds)
                with self._lock:
                    self._recovery.told_to_wait(self._clock(), told.seconds)
                pause = told.seconds
                continue
            except Hopeless as told:
                self._give_up(told.error)
                return None
            except NoAddress as told:
                pause = self._failed(told.error)
                continue
            if not connection.open():
                pause = self._failed("not opened")
                continue
            if self._greeted(connection):
                return connection
            if connection.reason == _LINK_DISABLED:
                self._give_up(_LINK_DISABLED)
                return None
            pause = self._refused(connection)
        return None

    def _greeted(self, connection: SlackConnection) -> bool:
        with self._lock:
            self._open.add(connection)
            self._recovery.opened(self._clock())
        threading.Thread(target=self._see_off, args=(connection,), daemon=True).start()
        if self._leaving.is_set():
            connection.say_goodbye()
        # Hello, or the end, whichever comes first; silence ends the process.
        while not connection.greeted.wait(_STEP):
            if connection.over.is_set():
                return False
        with self._lock:
            self._current = connection
        return True

    def _ended(self, connection: SlackConnection) -> None:
        self._say("over", reason=connection.reason or "closed", seconds=round(connection.age(), 1))
        with self._lock:
            self._recovery.missing(self._clock())
            told = connection.reason is not None
            self._recovery.lived(connection.age(), told_to_leave=told)
        if connection.reason == _LINK_DISABLED:
            self._give_up(_LINK_DISABLED)

    def _see_off(self, connection: SlackConnection) -> None:
        """Reads on until Slack closes it, for what it had sent already."""
        connection.over.wait()
        connection.ended.wait(self._timing.old_lives)
        connection.close()
        with self._lock:
            self._open.discard(connection)

    def _refused(self, connection: SlackConnection) -> float:
        if connection.reason != _CROWDED:
            return self._failed(connection.reason or "closed")
        with self._lock:
            pause = self._recovery.crowded(self._clock())
        self._say("too many connections", seconds=round(pause, 1))
        return pause

    def _failed(self, why: str) -> float:
        with self._lock:
            pause = self._recovery.failed()
        self._say("no connection", why=why, seconds=round(pause, 2))
        return pause

    def _give_up(self, why: str) -> None:
        self._say("needs a person", why=why)
        self._leaving.set()
        self._finish(Outcome.NEEDS_A_PERSON)

    def _say(self, message: str, **more: str | float) -> None:
        say(message, connection=self._number, **more)
