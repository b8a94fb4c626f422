"""A fake Okta of the tests' own, listening, in a thread."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

from local.okta.control import OktaControl
from local.okta.server import Server


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    about: dict[str, str]
    control: OktaControl
    server: Server


@contextmanager
def listening(
    record: Path | None = None, clock: Callable[[], float] = time.time
) -> Iterator[Running]:
    begun: Queue[tuple[Server, asyncio.AbstractEventLoop, asyncio.Event]] = Queue()

    async def run() -> None:
        server, stopped = Server(record=record, clock=clock), asyncio.Event()
        served = await server.start()
        begun.put((server, asyncio.get_running_loop(), stopped))
        await stopped.wait()
        served.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    server, loop, stopped = begun.get(timeout=10)
    about = server.about()
    try:
        control = OktaControl(about["control_url"], about["control_token"])
        yield Running(about=about, control=control, server=server)
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join()
