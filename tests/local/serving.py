"""A fake's server in a thread of the tests."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Queue
from typing import Protocol, TypeVar


class Served(Protocol):
    async def start(self) -> asyncio.AbstractServer: ...


Server = TypeVar("Server", bound=Served)


def left_as_it_is(server: object) -> None:
    """What its thread ends with is enough."""


@contextmanager
def serving(
    make: Callable[[], Server], close: Callable[[Server], None] = left_as_it_is
) -> Iterator[Server]:
    """`make` is called in the thread, whose event loop the server then has."""
    begun: Queue[tuple[Server, asyncio.AbstractEventLoop, asyncio.Event]] = Queue()

    async def run() -> None:
        server, stopped = make(), asyncio.Event()
        listening = await server.start()
        begun.put((server, asyncio.get_running_loop(), stopped))
        await stopped.wait()
        listening.close()
        close(server)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    server, loop, stopped = begun.get(timeout=60)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join()
