"""Socket Mode: addresses that are good once, a hello, envelopes to one of the connections.

Forms of messages: docs.slack.dev/apis/events-api/using-socket-mode, and the fixtures of
slackapi/python-slack-sdk `tests/slack_sdk_fixture` and `socket_mode` test servers.
"""

import asyncio
import contextlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from local.slack.arguments import Refused
from local.slack.state import Slack
from local.slack.wire import Request, Response, WebSocket

Json = dict[str, Any]

PATH = "/link/"
_TICKET_LIVES = 30.0
_HOST = "applink-local"
_CONNECTION_LIVES = 18060
_PINGS_EVERY = 10.0


@dataclass(slots=True, kw_only=True, eq=False)
class Connection:
    websocket: WebSocket
    number: int
    leaving: bool = False
    """It was told to disconnect; Slack sends nothing new there."""


@dataclass(slots=True, kw_only=True)
class Sent:
    """An envelope on its way."""

    acknowledged: asyncio.Future[Json | None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    """What the acknowledgement carried."""


class Sockets:
    def __init__(self, slack: Slack) -> None:
        self._slack = slack
        self._tickets: dict[str, float] = {}
        self._connections: list[Connection] = []
        self._sent: dict[str, Sent] = {}
        self._turn = 0
        self._opened = 0
        self._refused = 0
        self._late = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._pings = secrets.token_hex(4)

    def open_url(self) -> Json:
        """Answers `apps.connections.open`."""
        faults = self._slack.faults
        if faults.takes("connections_open_fails"):
            raise Refused(faults.connections_open_error)
        ticket = secrets.token_urlsafe(24)
        self._tickets[ticket] = self._slack.now() + _TICKET_LIVES
        base = self._slack.base_url.replace("http://", "ws://")
        app = self._slack.workspace.app["id"]
        return {"url": f"{base}{PATH}?ticket={ticket}&app_id={app}"}

    def refuses(self, request: Request) -> Response | None:
        """An address that is used up, too old or made up opens nothing."""
        until = self._tickets.pop(request.query.get("ticket", ""), 0)
        if self._slack.faults.down:
            return Response(status=503)
        return None if self._slack.now() < until else Response(status=404)

    async def serve(self, websocket: WebSocket) -> None:
        faults = self._slack.faults
        if len(self._connections) >= faults.max_connections:
            self._refused += 1
            self._tell(websocket, "too_many_websockets", num_connections=len(self._connections))
            websocket.close()
            return
        self._opened += 1
        connection = Connection(websocket=websocket, number=self._opened)
        self._connections.append(connection)
        websocket.send(json.dumps(self._hello()))
        keeper = asyncio.create_task(self._keep(connection))
        try:
            async for text in websocket.messages():
                self._hear(text)
        finally:
            keeper.cancel()
            # A knob that forgets everything may have been faster.
            if connection in self._connections:
                self._connections.remove(connection)

    def send(self, envelope: Json) -> Sent | None:
        """Puts an envelope on one of the connections; None if there is none."""
        faults = self._slack.faults
        behind = faults.behind_disconnect > 0
        connection = self._next()
        if connection is None:
            return None
        sent = self._sent.setdefault(envelope["envelope_id"], Sent())
        if behind and faults.takes("behind_disconnect"):
            self.disconnect(connection, faults.refresh_reason)
        connection.websocket.send(json.dumps(envelope))
        return sent

    def disconnect(self, connection: Connection, reason: str) -> None:
        """Tells a connection to leave, and closes it a little later."""
        connection.leaving = True
        self._tell(connection.websocket, reason)
        task = asyncio.create_task(self._close_later(connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def disconnect_all(self, reason: str) -> int:
        connections = [it for it in self._connections if not it.leaving]
        for connection in connections:
            self.disconnect(connection, reason)
        return len(connections)

    def cut_all(self) -> int:
        """Resets every connection, as a broken network does."""
        connections = list(self._connections)
        for connection in connections:
            connection.leaving = True
            connection.websocket.cut()
        return len(connections)

    def counts(self) -> Json:
        return {
            "open": len([it for it in self._connections if not it.leaving]),
            "opened": self._opened,
            "refused": self._refused,
            "late_acknowledgements": self._late,
        }

    def _next(self) -> Connection | None:
        """In turn, so that each of several connections gets some."""
        open_ones = [it for it in self._connections if not it.leaving]
        if not open_ones:
            return None
        self._turn += 1
        return open_ones[self._turn % len(open_ones)]

    def _hear(self, text: str) -> None:
        """An acknowledgement counts on whichever connection it comes."""
        try:
            message = json.loads(text)
        except ValueError:
            return
        sent = self._sent.get(message.get("envelope_id", "")) if isinstance(message, dict) else None
        if sent is None:
            return
        if not sent.acknowledged.done():
            sent.acknowledged.set_result(message.get("payload"))
        elif sent.acknowledged.cancelled():
            self._late += 1

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len([it for it in self._connections if not it.leaving]),
            "debug_info": self._debug_info() | {"approximate_connection_time": _CONNECTION_LIVES},
            "connection_info": {"app_id": self._slack.workspace.app["id"]},
        }

    def _tell(self, websocket: WebSocket, reason: str, **more: Any) -> None:
        told = {"type": "disconnect", "reason": reason, "debug_info": self._debug_info(), **more}
        websocket.send(json.dumps(told))

    def _debug_info(self) -> Json:
        return {"host": _HOST, "build_number": 1}

    async def _keep(self, connection: Connection) -> None:
        """Pings as Slack does, and the refresh if a knob asks for it."""
        waited = pinged = 0.0
        while not connection.leaving:
            await asyncio.sleep(0.05)
            waited += 0.05
            every = self._slack.faults.refresh_every
            if every and waited >= every:
                self.disconnect(connection, self._slack.faults.refresh_reason)
            elif waited - pinged >= _PINGS_EVERY and not self._slack.faults.no_pong:
                pinged = waited
                connection.websocket.ping(f"Ping from {_HOST}".encode())

    async def _close_later(self, connection: Connection) -> None:
        await asyncio.sleep(self._slack.faults.closes_after)
        with contextlib.suppress(ConnectionError):
            connection.websocket.close()
