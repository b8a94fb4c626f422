"""One connection to Slack, from its opening to its end.

Of slack_sdk's built-in client this is the connection: handshake, frames and pings. What stands
above it there (`SocketModeClient`) is not used: in the one thread that hands out envelopes it also
moves to the next connection at `disconnect`, for up to three seconds, and sleeps through
`Retry-After`; what arrives behind a `disconnect` comes too late there. Here a connection that was
told to leave is read, and answered on, until Slack closes it.
"""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable

from slack_sdk.errors import SlackClientNotConnectedError
from slack_sdk.socket_mode.builtin.connection import Connection, ConnectionState

from slack_socket.silence import SILENT

Heard = Callable[["SlackConnection", str], None]

_GOODBYE = bytes([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE8])
"""A masked close frame of status 1000, which the library cannot send."""
_READS = 64 * 1024
"""Bytes at once. The library reads a message by recursion, once for each piece."""


class SlackConnection:
    """`clock` never goes back. `heard` is called in the thread that reads, and must be quick."""

    def __init__(
        self,
        url: str,
        *,
        heard: Heard,
        clock: Callable[[], float],
        ping_interval: float,
        tls: ssl.SSLContext,
    ) -> None:
        self._clock = clock
        self._ping_interval = ping_interval
        self._state = ConnectionState()  # type: ignore[no-untyped-call]
        self._connection = Connection(
            url=url,
            logger=SILENT,
            ping_interval=ping_interval,
            receive_buffer_size=_READS,
            ssl_context=tls,
            on_message_listener=lambda text: heard(self, text),
            on_error_listener=lambda _: None,
        )
        self._answered: float | None = None
        self._alive_at: float | None = None
        self._opened_at = clock()
        self.greeted = threading.Event()
        self.ended = threading.Event()
        self.over = threading.Event()
        """It ended, or was told to leave: nothing new comes on it."""
        self.reason: str | None = None
        """Why Slack told it to leave."""

    def open(self) -> bool:
        """Whether the handshake was done; then it is read and pinged from here on."""
        self._connection.connect()
        stream = self._connection.sock
        if stream is None:
            return False
        # An acknowledgement must not wait until Slack has confirmed the ping before it.
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._opened_at = self._clock()
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._ping, daemon=True).start()
        return True

    def alive_at(self) -> float | None:
        """When it was last seen to answer a ping, having said hello before; by `clock`."""
        answered = self._connection.last_ping_pong_time
        if answered is not None and answered != self._answered:
            self._answered, self._alive_at = answered, self._clock()
        return self._alive_at if self.greeted.is_set() else None

    def age(self) -> float:
        return self._clock() - self._opened_at

    def leave(self, reason: str) -> None:
        """Slack said so."""
        self.reason = reason
        self.over.set()

    def send(self, text: str) -> bool:
        """Whether it was written; not whether it arrived."""
        try:
            self._connection.send(text)
        except SlackClientNotConnectedError:
            return False
        return True

    def say_goodbye(self) -> None:
        """Slack sends what is on its way, closes, and sends nothing more here."""
        self.over.set()
        with self._connection.sock_send_lock, contextlib.suppress(OSError):
            if self._connection.sock is not None:
                self._connection.sock.send(_GOODBYE)

    def close(self) -> None:
        """At once; what is still on its way is lost, and so not acknowledged."""
        self._state.terminated = True
        stream = self._connection.sock
        if stream is not None:
            # The thread that reads holds a lock that the library wants for closing.
            with contextlib.suppress(OSError):
                stream.shutdown(socket.SHUT_RDWR)
        self._connection.close()
        self._end()

    def _read(self) -> None:
        try:
            self._connection.run_until_completion(self._state)
        finally:
            self._end()

    def _ping(self) -> None:
        while not self.ended.wait(self._ping_interval):
            self._connection.check_state()
            if not self._connection.is_active():
                self._state.terminated = True

    def _end(self) -> None:
        self.ended.set()
        self.over.set()
