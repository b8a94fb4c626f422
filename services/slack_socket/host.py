"""The process: connections, workers, and the watch over both."""

import threading
from collections.abc import Callable, Sequence

from slack_socket.connection import SlackConnection
from slack_socket.envelopes import Disconnect, Envelope, Hello, read
from slack_socket.forwarding import AT_ONCE, Forwarding, Forwards
from slack_socket.health import HealthFile
from slack_socket.keeper import Keeper
from slack_socket.outcome import Outcome
from slack_socket.saying import say
from slack_socket.timing import Timing

_POLLS = 0.02
_TOUCHES_EVERY = 1.0


class Host:
    """Ends by itself as soon as one of its connections is not healthy: who starts it starts it
    anew. `keepers` is called once, with what hears a connection and what ends the host.
    """

    def __init__(
        self,
        route: Forwards,
        *,
        keepers: Callable[["Host"], Sequence[Keeper]],
        health: HealthFile,
        timing: Timing,
        clock: Callable[[], float],
    ) -> None:
        self._timing, self._clock, self._health = timing, clock, health
        self._forwarding = Forwarding(
            route, others=self._connections, answer_within=timing.answer_within, clock=clock
        )
        self._finished = threading.Event()
        self._outcome = Outcome.LEFT
        self._touched = self._beat = float("-inf")
        self._keepers = keepers(self)

    def heard(self, connection: SlackConnection, text: str) -> None:
        """In the thread that reads."""
        message = read(text)
        if isinstance(message, Envelope):
            self._forwarding.take(connection, message)
        elif isinstance(message, Hello):
            connection.greeted.set()
        elif isinstance(message, Disconnect):
            connection.leave(message.reason)
        else:
            say("not understood", characters=len(text))

    def finish(self, outcome: Outcome) -> None:
        """The first one stands. Safe in a signal's handler."""
        if not self._finished.is_set():
            self._outcome = outcome
            self._finished.set()

    def run(self) -> Outcome:
        self._health.remove()
        for work in [*(keeper.run for keeper in self._keepers), *[self._forwarding.work] * AT_ONCE]:
            threading.Thread(target=self._guarded, args=(work,), daemon=True).start()
        while not self._finished.wait(self._timing.tick):
            self._look(self._clock())
        self._leave()
        say("left", outcome=self._outcome.name.lower())
        return self._outcome

    def _look(self, now: float) -> None:
        healthy = [keeper.is_healthy(now) for keeper in self._keepers]
        if any(keeper.is_hopeless(now) for keeper in self._keepers):
            say("not healthy", connections=sum(healthy), wanted=len(healthy))
            self.finish(Outcome.UNHEALTHY)
        elif all(healthy):
            self._tell_that_all_is_well(now)

    def _tell_that_all_is_well(self, now: float) -> None:
        if now - self._touched >= _TOUCHES_EVERY:
            self._touched = now
            self._health.touch()
        if now - self._beat >= self._timing.heartbeat:
            self._beat = now
            say("healthy", connections=len(self._keepers))

    def _leave(self) -> None:
        """What is in hand needs a connection to be acknowledged on, so goodbye comes after it."""
        self._health.remove()
        self._poll(self._forwarding.stop_if_idle, self._timing.leave_within)
        self._forwarding.stop()
        for keeper in self._keepers:
            keeper.leave()
        self._poll(self._are_closed, self._timing.goodbye_within)

    def _are_closed(self) -> bool:
        return all(each.ended.is_set() for each in self._connections())

    def _poll(self, done: Callable[[], bool], seconds: float) -> None:
        until, pause = self._clock() + seconds, threading.Event()
        while not done() and self._clock() < until:
            pause.wait(_POLLS)

    def _connections(self) -> list[SlackConnection]:
        return [each for keeper in self._keepers for each in keeper.connections()]

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - its text may hold what no log may
            say("broken", error=type(error).__name__)
            self.finish(Outcome.UNHEALTHY)
