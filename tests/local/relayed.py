"""TLS relays of the tests' own, before whatever a test puts behind them."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Queue

from local import tls_relay


@contextmanager
def relay(key: Path, server_port: int) -> Iterator[int]:
    """A relay with this key and certificate; its port."""
    listener = tls_relay.listen(0)
    tls = tls_relay.context_of(key)
    begun: Queue[tuple[asyncio.AbstractEventLoop, asyncio.Task[None]]] = Queue()

    async def run() -> None:
        task = asyncio.create_task(tls_relay.serve(listener, tls, server_port))
        begun.put((asyncio.get_running_loop(), task))
        with suppress(asyncio.CancelledError):
            await task

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    loop, task = begun.get()
    try:
        yield int(listener.getsockname()[1])
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()
        listener.close()


@contextmanager
def behind() -> Iterator[socket.socket]:
    """What listens behind a relay."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        yield listener


@contextmanager
def answering(answer: bytes) -> Iterator[int]:
    """Whatever is asked for, this is the answer, and then the end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        connection.recv(4096)
                        connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield int(listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@contextmanager
def certified(certificate: bytes, folder: Path) -> Iterator[int]:
    """A server that shows this certificate."""
    file = folder / "server.pem"
    file.write_bytes(certificate)
    with behind() as server, relay(file, server.getsockname()[1]) as port:
        yield port
