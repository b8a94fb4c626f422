"""HTTP/1.1 and WebSockets over asyncio, by h11 and wsproto.

A server of our own, because the faults that this Slack plays are faults of the wire: no pong, a
connection that is reset, an answer that never leaves although the deed is done.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import parse_qsl, urlsplit

import h11
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Message, Ping
from wsproto.events import Request as Upgrade
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

_CHUNK = 65536
_LARGEST_BODY = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    method: str
    target: str
    """Path and query, as sent."""
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class Cut(Exception):
    """The connection is to be reset instead of answered."""


class WebSocket:
    """An open WebSocket. Nothing here waits for the other side, but `messages`."""

    def __init__(
        self,
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        protocol: WSConnection,
        answers_pings: Callable[[], bool],
    ) -> None:
        self._reader, self._writer = streams
        self._protocol = protocol
        self._answers_pings = answers_pings

    async def messages(self) -> AsyncIterator[str]:
        """Text messages until the connection ends, whichever way."""
        text = ""
        while True:
            try:
                events = list(self._protocol.events())
            except RemoteProtocolError:
                return
            for event in events:
                if isinstance(event, Ping) and self._answers_pings():
                    self._write(self._protocol.send(event.response()))
                elif isinstance(event, Message):
                    text += event.data if isinstance(event.data, str) else event.data.decode()
                    if event.message_finished:
                        yield text
                        text = ""
                elif isinstance(event, CloseConnection):
                    with suppress(LocalProtocolError):
                        self._write(self._protocol.send(event.response()))
                    return
            data = await _read(self._reader)
            if not data:
                return
            self._protocol.receive_data(data)

    def send(self, text: str) -> bool:
        """Whether it could be written; not whether it arrived."""
        return self._try(Message(data=text))

    def ping(self, payload: bytes) -> bool:
        return self._try(Ping(payload=payload))

    def close(self) -> None:
        self._try(CloseConnection(code=1000))
        self._writer.close()

    def cut(self) -> None:
        _reset(self._writer)

    def _try(self, event: Message[str] | Ping | CloseConnection) -> bool:
        if self._writer.is_closing():
            return False
        try:
            self._write(self._protocol.send(event))
        except LocalProtocolError:
            return False
        return True

    def _write(self, data: bytes) -> None:
        if not self._writer.is_closing():
            self._writer.write(data)


class App(Protocol):
    async def answer(self, request: Request) -> Response:
        """May raise `Cut`."""

    def takes_socket(self, request: Request) -> Response | None:
        """None: the upgrade is accepted."""

    async def serve_socket(self, request: Request, websocket: WebSocket) -> None: ...

    def answers_pings(self) -> bool: ...


async def listen(app: App, port: int = 0) -> asyncio.Server:
    """Listens on the loopback interface, on `port` or a free one."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _Connection(app, reader, writer).run()
        except (ConnectionError, h11.RemoteProtocolError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    return await asyncio.start_server(connected, "127.0.0.1", port)


class _Connection:
    def __init__(
        self, app: App, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._app, self._reader, self._writer = app, reader, writer
        self._http = h11.Connection(h11.SERVER)

    async def run(self) -> None:
        while (request := await self._request()) is not None:
            if request.headers.get("upgrade", "").lower() == "websocket":
                await self._upgrade(request)
                return
            try:
                response = await self._app.answer(request)
            except Cut:
                _reset(self._writer)
                return
            await self._respond(response)
            if self._http.our_state is not h11.DONE:
                return
            self._http.start_next_cycle()

    async def _request(self) -> Request | None:
        head: h11.Request | None = None
        body = bytearray()
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                if self._http.they_are_waiting_for_100_continue:
                    await self._send(h11.InformationalResponse(status_code=100, headers=[]))
                self._http.receive_data(await _read(self._reader))
            elif isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > _LARGEST_BODY:
                    return None
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                return _read_head(head, bytes(body))
            else:
                return None

    async def _respond(self, response: Response) -> None:
        headers = {"content-length": str(len(response.body))} | response.headers
        await self._send(h11.Response(status_code=response.status, headers=[*headers.items()]))
        await self._send(h11.Data(data=response.body))
        await self._send(h11.EndOfMessage())

    async def _send(self, event: h11.Event) -> None:
        data = self._http.send(event)
        if data:
            self._writer.write(data)
            await self._writer.drain()

    async def _upgrade(self, request: Request) -> None:
        refusal = self._app.takes_socket(request)
        if refusal is not None:
            await self._respond(refusal)
            return
        protocol = WSConnection(ConnectionType.SERVER)
        headers = [(name.encode(), value.encode()) for name, value in request.headers.items()]
        protocol.initiate_upgrade_connection(headers, request.path)
        if not any(isinstance(event, Upgrade) for event in protocol.events()):
            return
        self._writer.write(protocol.send(AcceptConnection()))
        trailing, _ = self._http.trailing_data
        if trailing:
            protocol.receive_data(trailing)
        streams = (self._reader, self._writer)
        websocket = WebSocket(streams, protocol, self._app.answers_pings)
        await self._app.serve_socket(request, websocket)


def _read_head(head: h11.Request, body: bytes) -> Request:
    target = urlsplit(head.target.decode("ascii"))
    return Request(
        method=head.method.decode("ascii"),
        target=head.target.decode("ascii"),
        path=target.path,
        query=dict(parse_qsl(target.query)),
        headers={name.decode().lower(): value.decode("latin-1") for name, value in head.headers},
        body=body,
    )


async def _read(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read(_CHUNK)
    except ConnectionError:
        return b""


def _reset(writer: asyncio.StreamWriter) -> None:
    """Ends a connection as a broken network does: no closing words, what was sent may be lost."""
    raw = writer.get_extra_info("socket")
    if raw is not None:
        with suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
