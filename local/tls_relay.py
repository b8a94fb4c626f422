"""TLS before a PostgreSQL server that was built without: it speaks the start of the protocol, and
hands everything after that on as it is.

What a client sends before it asks for TLS is read byte by byte, no further than it must be: what
somebody slipped in behind the question is taken for TLS, and fails as such (CVE-2021-23214).
"""

import asyncio
import socket
import ssl
import struct
from contextlib import suppress
from pathlib import Path

_TLS, _GSS, _CANCEL = 80877103, 80877104, 80877102
_HEAD = struct.Struct("!II")
"""Of a message before the login: its length, this head included, and a code."""
_LONGEST_START = 10_000
_BEGINS_WITHIN_SECONDS = 60.0
"""As the server's own `authentication_timeout`; it watches the client from there on."""
_CHUNK = 64 * 1024
_BACKLOG = 512
_BROKEN = (OSError, ssl.SSLError, EOFError, TimeoutError)
_UNENCRYPTED = b"SFATAL\0VFATAL\0C28000\0Mno pg_hba.conf entry: no encryption\0\0"

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def context_of(file: Path) -> ssl.SSLContext:
    """TLS of the server whose key and certificate the file has."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(file)
    # PostgreSQL resumes no session either.
    context.num_tickets = 0
    return context


def listen(port: int) -> socket.socket:
    """On the loopback interface. Raises OSError if somebody else does already."""
    listener = socket.create_server(("127.0.0.1", port), backlog=_BACKLOG)
    listener.setblocking(False)
    return listener


async def serve(listener: socket.socket, tls: ssl.SSLContext, server_port: int) -> None:
    """Until it is cancelled."""
    loop = asyncio.get_running_loop()
    talks: set[asyncio.Task[None]] = set()
    try:
        while True:
            client, _ = await loop.sock_accept(listener)
            client.setblocking(False)
            talk = loop.create_task(_talk(client, tls, server_port))
            talks.add(talk)
            talk.add_done_callback(talks.discard)
    finally:
        ended = list(talks)
        for talk in ended:
            talk.cancel()
        await asyncio.gather(*ended, return_exceptions=True)


async def _talk(client: socket.socket, tls: ssl.SSLContext, server_port: int) -> None:
    # A client that does not like the certificate goes away in the middle, as anybody may.
    with suppress(*_BROKEN), client:
        async with asyncio.timeout(_BEGINS_WITHIN_SECONDS):
            code, start = await _start_of(client)
        if code not in {_TLS, _CANCEL}:
            await _send(client, b"E" + struct.pack("!I", len(_UNENCRYPTED) + 4) + _UNENCRYPTED)
            return
        # First, so that a server that is down refuses as one.
        server = await asyncio.open_connection("127.0.0.1", server_port)
        try:
            if code == _CANCEL:
                server[1].write(start)
                await server[0].read()
                return
            await _send(client, b"S")
            await _relay(await _encrypted(client, tls), server)
        finally:
            server[1].close()


async def _start_of(client: socket.socket) -> tuple[int, bytes]:
    """The code of the first message that is no question for GSS encryption, which there is none of,
    and the message.
    """
    while True:
        head = await _exactly(client, _HEAD.size)
        length, code = _HEAD.unpack(head)
        longest = _HEAD.size if code in {_TLS, _GSS} else _LONGEST_START
        if not _HEAD.size <= length <= longest:
            raise EOFError
        if code != _GSS:
            return code, head + await _exactly(client, length - len(head))
        await _send(client, b"N")


async def _encrypted(client: socket.socket, tls: ssl.SSLContext) -> Streams:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=_CHUNK)
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await loop.connect_accepted_socket(
        lambda: protocol, client, ssl=tls, ssl_handshake_timeout=_BEGINS_WITHIN_SECONDS
    )
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


async def _relay(client: Streams, server: Streams) -> None:
    """Until the server has said its last word, and the client has been sent it."""
    asked = asyncio.create_task(_asked(client[0], server[1]))
    try:
        await _pump(server[0], client[1])
    finally:
        asked.cancel()
        await asyncio.wait([asked])
        client[1].close()
        with suppress(*_BROKEN):
            await client[1].wait_closed()


async def _asked(client: asyncio.StreamReader, server: asyncio.StreamWriter) -> None:
    """The end of what a client sends is passed on as such: the server may still be answering."""
    try:
        await _pump(client, server)
    except _BROKEN:
        server.close()
    else:
        with suppress(OSError):
            server.write_eof()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_CHUNK):
        writer.write(data)
        await writer.drain()


async def _exactly(client: socket.socket, size: int) -> bytes:
    read = b""
    while len(read) < size:
        more = await asyncio.get_running_loop().sock_recv(client, size - len(read))
        if not more:
            raise EOFError
        read += more
    return read


async def _send(client: socket.socket, data: bytes) -> None:
    await asyncio.get_running_loop().sock_sendall(client, data)
