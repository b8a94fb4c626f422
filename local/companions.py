"""Processes beside the emulator that end with the stack: with their starter, or by `down`.

Each has a folder with its `log` and, in `process.json`, which process it is.
"""

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.state import ROOT
from local.supervisor import end_group, record, recorded

_PROCESS, _LOG = "process.json", "log"


@dataclass(slots=True)
class Companion:
    """A running process that ends with this one, unless handed over."""

    process: subprocess.Popen[bytes]
    lifeline: int

    def hand_over(self) -> None:
        """From here on it outlives this process; `stop` of the same folder ends it."""
        os.write(self.lifeline, b"H")

    def end(self) -> None:
        """Ends it, with all it started."""
        end_group(self.process.pid)
        self.process.wait()
        os.close(self.lifeline)


_started: dict[int, Companion] = {}
"""Those that this process started: for those it did not hand over it is the lifeline."""


def start(folder: Path, command: Sequence[str], environment: Mapping[str, str]) -> Companion:
    """`command` in a process group of its own. It is told the descriptor of its lifeline last."""
    folder.mkdir(parents=True, exist_ok=True)
    reading, writing = os.pipe()
    (folder / _LOG).touch(mode=0o600)
    with (folder / _LOG).open("wb") as log:
        process = subprocess.Popen(
            [*command, str(reading)],
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=(reading,),
            start_new_session=True,
        )
    os.close(reading)
    companion = Companion(process, writing)
    _started[process.pid] = companion
    record(folder / _PROCESS, process.pid)
    return companion


def running(folder: Path) -> bool:
    """Whether the one that was started there still is that very process."""
    return recorded(folder / _PROCESS) is not None


def stop(folder: Path) -> bool:
    """Ends what was started there and nothing else. False if nothing was running."""
    process = recorded(folder / _PROCESS)
    if process is not None and process.pid in _started:
        _started.pop(process.pid).end()
    elif process is not None:
        end_group(process.pid)
    return process is not None


def last_lines(folder: Path, count: int = 15) -> str:
    lines = (folder / _LOG).read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(lines[-count:])
