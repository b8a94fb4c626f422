"""Envelopes in hand: each is brought to PAM, and acknowledged with its answer, or not at all.

A click is a vote or nothing: what PAM did not answer in time is not acknowledged. Slack tells the
person that it failed, and they press again; PAM knows what it has seen already.
"""

import queue
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from slack_socket.connection import SlackConnection
from slack_socket.envelopes import Envelope
from slack_socket.route import NotForwarded
from slack_socket.saying import say

AT_ONCE = 8
"""Calls of PAM at the same time."""
MOST_WAITING = 32
"""With a call of 0.3 s, what can still be answered in time; more is not taken."""
_POLLS = 0.02


class Forwards(Protocol):
    def forward(self, envelope: Envelope) -> Mapping[str, Any] | None:
        """Raises NotForwarded."""


class Forwarding:
    """`others` gives further connections, for an answer whose own one has gone: while there is
    none, the answer waits for the next one.
    """

    def __init__(
        self,
        route: Forwards,
        *,
        others: Callable[[], Iterable[SlackConnection]],
        answer_within: float,
        clock: Callable[[], float],
    ) -> None:
        self._route, self._others, self._clock = route, others, clock
        self._answer_within = answer_within
        self._waiting: queue.Queue[tuple[SlackConnection, Envelope, float]] = queue.Queue(
            MOST_WAITING
        )
        self._lock = threading.Lock()
        self._in_hand: set[str] = set()
        self._stopped = False
        self._left = threading.Event()

    def take(self, connection: SlackConnection, envelope: Envelope) -> None:
        """Never waits. A copy of what is in hand has its answer by the first."""
        with self._lock:
            if self._stopped or envelope.envelope_id in self._in_hand:
                return
            self._in_hand.add(envelope.envelope_id)
        try:
            self._waiting.put_nowait((connection, envelope, self._clock()))
        except queue.Full:
            self._put_away(envelope)
            say("not taken", kind=envelope.kind, why="too many at once")

    def is_idle(self) -> bool:
        with self._lock:
            return not self._in_hand

    def stop_if_idle(self) -> bool:
        """Whether nothing was in hand; then nothing is taken any more."""
        with self._lock:
            self._stopped = not self._in_hand
            return self._stopped

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
        self._left.set()

    def work(self) -> None:
        """For a thread; `AT_ONCE` of them are meant."""
        while True:
            connection, envelope, received = self._waiting.get()
            try:
                self._handle(connection, envelope, received)
            finally:
                self._put_away(envelope)

    def _handle(self, connection: SlackConnection, envelope: Envelope, received: float) -> None:
        if self._is_late(received):
            say("not forwarded", kind=envelope.kind, why="waited too long")
            return
        try:
            answer = self._route.forward(envelope)
        except NotForwarded as told:
            say(
                "not acknowledged",
                kind=envelope.kind,
                why=told.why,
                status=told.status,
                request_id=told.request_id,
            )
            return
        if self._is_late(received):
            say("not acknowledged", kind=envelope.kind, why="late")
            return
        text = envelope.acknowledgement(answer)
        while not any(each.send(text) for each in (connection, *self._others())):
            if self._is_late(received) or self._left.wait(_POLLS):
                say("not acknowledged", kind=envelope.kind, why="no connection")
                return

    def _is_late(self, received: float) -> bool:
        return self._clock() - received > self._answer_within

    def _put_away(self, envelope: Envelope) -> None:
        with self._lock:
            self._in_hand.discard(envelope.envelope_id)
