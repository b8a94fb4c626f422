"""Where the processor's time goes: by process of the stack, each function apart."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress

import psutil

from local.state import State
from local.supervisor import running

EMULATOR, CALLERS = "the emulator", "the callers (this bench)"
_FUNCTION = re.compile(r"ministack-lambda-(.+)-[^-/]+/_worker\.py$")

Times = Mapping[int, tuple[str, float]]
"""Process id -> what runs there, and the seconds of processor time that it has taken so far."""


def processor_times(state: State, handlers: Mapping[str, str]) -> Times:
    """`handlers` says of a function's name whose code it has."""
    times = {}
    for name, process in _processes(state, handlers):
        with suppress(psutil.NoSuchProcess):
            taken = process.cpu_times()
            times[process.pid] = (name, taken.user + taken.system)
    return times


def spent(before: Times, after: Times) -> dict[str, float]:
    """Seconds by what ran. A process that was not there before has spent all of its own; one that
    is gone is left out.
    """
    total: dict[str, float] = {}
    for pid, (name, seconds) in after.items():
        _, already = before.get(pid, ("", 0.0))
        total[name] = total.get(name, 0.0) + seconds - already
    return total


def pids_of(state: State, handlers: Mapping[str, str], name: str) -> list[int]:
    """Of the processes in which one function's code runs."""
    return [process.pid for found, process in _processes(state, handlers) if found == name]


def _processes(state: State, handlers: Mapping[str, str]) -> Iterator[tuple[str, psutil.Process]]:
    yield CALLERS, psutil.Process(os.getpid())
    emulator = running(state)
    if emulator is None:
        return
    yield EMULATOR, emulator
    for child in emulator.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            found = _FUNCTION.search(" ".join(child.cmdline()))
            yield (handlers.get(found[1], found[1]) if found else EMULATOR), child
