"""Runs parts, each in a process of its own."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from suite.parts import Part

_NOT_FINISHED = 124
"""As timeout(1) has it."""
_TIME_TO_CLEAN_UP = 20.0
"""Seconds for a process that was told to end, before it is killed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A part that is over: its exit code, how long it took in seconds, and what it wrote.

    `cpu_seconds` are those of all its processes that ended as they should; those of a killed group
    (an emulator's functions) nobody has counted.
    """

    name: str
    code: int
    seconds: float
    cpu_seconds: float
    log: Path


def run_alone(part: Part, logs: Path) -> int:
    """Writes to the terminal. The exit code is that of the first command that fails."""
    for command in part.with_reports(logs):
        code = subprocess.run(command, check=False).returncode
        if code:
            return code
    return 0


async def run_side_by_side(parts: Iterable[Part], logs: Path, at_most: float) -> list[Ended]:
    """All of them, even if one fails; one that still runs after `at_most` seconds has failed.

    If this is cancelled or told to end, so are they.
    """
    this = asyncio.current_task()
    if this is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
    lanes: dict[str, list[Part]] = {}
    for part in parts:
        lanes.setdefault(part.lane, []).append(part)
    deadline = time.monotonic() + at_most
    over = {part.name: asyncio.Event() for lane in lanes.values() for part in lane}
    ended = await asyncio.gather(*(_run_lane(it, logs, deadline, over) for it in lanes.values()))
    return [part for lane in ended for part in lane]


async def _run_lane(
    lane: list[Part], logs: Path, deadline: float, over: Mapping[str, asyncio.Event]
) -> list[Ended]:
    ended = []
    for part in lane:
        if part.after in over:
            await over[part.after].wait()
        ended.append(await _run_part(part, logs, deadline))
        over[part.name].set()
    return ended


async def _run_part(part: Part, logs: Path, deadline: float) -> Ended:
    log, began, code, used = logs / f"{part.name}.log", time.monotonic(), 0, 0.0
    print(f"{part.name}: begun", flush=True)
    with log.open("wb") as output:
        for command in part.with_reports(logs):
            nice = ("nice", "-n", str(part.niceness)) if part.niceness else ()
            process = _Process((*nice, *command), output)
            code = await _wait(process, deadline)
            used += process.cpu_seconds
            if code:
                break
    ended = Ended(
        name=part.name, code=code, seconds=time.monotonic() - began, cpu_seconds=used, log=log
    )
    _show(ended)
    return ended


class _Process:
    """A command that runs; once it is over, what it has cost, which asyncio does not ask for."""

    def __init__(self, command: tuple[str, ...], output: IO[bytes]) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        self._over = asyncio.create_task(asyncio.to_thread(os.wait4, self._process.pid, 0))
        self.cpu_seconds = 0.0

    @property
    def runs(self) -> bool:
        return not self._over.done()

    async def wait(self) -> int:
        """The exit code; of one that a signal ended, the signal's number below zero."""
        _, status, usage = await asyncio.shield(self._over)
        self.cpu_seconds = usage.ru_utime + usage.ru_stime
        self._process.returncode = os.waitstatus_to_exitcode(status)
        return self._process.returncode

    def tell(self, sign: signal.Signals) -> None:
        # Not by Popen, which would look whether it is over and take its exit code.
        with suppress(ProcessLookupError):
            os.kill(self._process.pid, sign)


async def _wait(process: _Process, deadline: float) -> int:
    try:
        async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
            return await process.wait()
    except TimeoutError:
        return _NOT_FINISHED
    finally:
        await _end(process)


async def _end(process: _Process) -> None:
    # pytest says on the first of them what it has found so far.
    for told in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        if process.runs:
            process.tell(told)
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), _TIME_TO_CLEAN_UP)


def _show(ended: Ended) -> None:
    """In one piece, so that parts which end together do not mix."""
    text = ended.log.read_text(encoding="utf-8", errors="replace")
    print(
        f"\n######## {ended.name}: {ended.seconds:.0f} s, exit code {ended.code}\n{text}",
        flush=True,
    )
