"""Runs parts, each in a process of its own."""

import asyncio
import signal
import subprocess
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from suite.parts import Part

_NOT_FINISHED = 124
"""As timeout(1) has it."""
_TIME_TO_CLEAN_UP = 20.0
"""Seconds for a process that was told to end, before it is killed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A part that is over: its exit code, how long it took in seconds, and what it wrote."""

    name: str
    code: int
    seconds: float
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
    over = await asyncio.gather(*(_run_lane(lane, logs, deadline) for lane in lanes.values()))
    return [ended for lane in over for ended in lane]


async def _run_lane(lane: list[Part], logs: Path, deadline: float) -> list[Ended]:
    return [await _run_part(part, logs, deadline) for part in lane]


async def _run_part(part: Part, logs: Path, deadline: float) -> Ended:
    log, began, code = logs / f"{part.name}.log", time.monotonic(), 0
    print(f"{part.name}: begun", flush=True)
    with log.open("wb") as output:
        for command in part.with_reports(logs):
            nice = ("nice", "-n", str(part.niceness)) if part.niceness else ()
            process = await asyncio.create_subprocess_exec(
                *nice, *command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )
            code = await _wait(process, deadline)
            if code:
                break
    ended = Ended(name=part.name, code=code, seconds=time.monotonic() - began, log=log)
    _show(ended)
    return ended


async def _wait(process: asyncio.subprocess.Process, deadline: float) -> int:
    try:
        async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
            return await process.wait()
    except TimeoutError:
        return _NOT_FINISHED
    finally:
        await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    # pytest says on the first of them what it has found so far.
    for told in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.send_signal(told)
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), _TIME_TO_CLEAN_UP)


def _show(ended: Ended) -> None:
    """In one piece, so that parts which end together do not mix."""
    text = ended.log.read_text(encoding="utf-8", errors="replace")
    print(
        f"\n######## {ended.name}: {ended.seconds:.0f} s, exit code {ended.code}\n{text}",
        flush=True,
    )
