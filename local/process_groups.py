"""Processes of the local stack, each with a group of its own: they end with their starter, unless
handed over, and are found again by what was written of them.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

from local.state import ROOT, read_json, write_private

_ENDS_WITHIN = 1.0


@dataclass(slots=True)
class Started:
    """A running process that ends with this one, unless handed over."""

    process: subprocess.Popen[bytes]
    lifeline: int

    def hand_over(self) -> None:
        """From here on it outlives this process."""
        os.write(self.lifeline, b"H")

    def end(self) -> None:
        """Ends it, with all it started, and takes its exit code from the system."""
        end_group(self.process.pid)
        self.process.wait()
        os.close(self.lifeline)


_started: dict[int, Started] = {}
"""Those that this process started: for those it did not hand over it is the lifeline."""


def launch(
    command: Callable[[str], Sequence[str]], environment: Mapping[str, str], log: IO[bytes]
) -> tuple[subprocess.Popen[bytes], int]:
    """A process and its lifeline; `command` is given the descriptor by which it follows it."""
    reading, writing = os.pipe()
    process = subprocess.Popen(
        command(str(reading)),
        cwd=ROOT,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        pass_fds=(reading,),
        start_new_session=True,
    )
    os.close(reading)
    return process, writing


def record(path: Path, started: Started, **more: str) -> None:
    """By which it is found again, from this process and from others."""
    pid = started.process.pid
    since = psutil.Process(pid).create_time()
    write_private(path, json.dumps({"pid": pid, "started": since, **more}))
    _started[pid] = started


def recorded(path: Path) -> psutil.Process | None:
    """The process that `record` wrote of, if it is still that very process."""
    found = read_json(path)
    if found is None:
        return None
    try:
        process = psutil.Process(found["pid"])
        same = abs(process.create_time() - found["started"]) < 1
    except psutil.NoSuchProcess:
        return None
    return process if same and process.status() != psutil.STATUS_ZOMBIE else None


def started_here(process: psutil.Process) -> bool:
    """Whether this very process started it, and it ends with it."""
    return process.pid in _started


def end_recorded(path: Path) -> bool:
    """Ends the process that `record` wrote of and nothing else. False if it was not running."""
    process = recorded(path)
    if process is None:
        return False
    if process.pid in _started:
        _started.pop(process.pid).end()
    else:
        end_group(process.pid)
    return True


def end_group(pid: int) -> None:
    """Ends a process group: gently, then surely."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(pid, sign)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + _ENDS_WITHIN
        while time.monotonic() < deadline and _group_lives(pid):
            time.sleep(0.05)


def _group_lives(pid: int) -> bool:
    for process in psutil.process_iter(["pid", "status"]):
        if process.info["status"] == psutil.STATUS_ZOMBIE:
            continue
        try:
            if os.getpgid(process.info["pid"]) == pid:
                return True
        except ProcessLookupError:
            continue
    return False


def last_lines(log: Path, count: int = 15) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(lines[-count:])
