"""Processes beside the emulator that end with the stack: with their starter, or by `down`.

Each has a folder with its `log` and, in `process.json`, which process it is.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from local import process_groups
from local.process_groups import Started, end_recorded, launch, record, recorded

_PROCESS, _LOG = "process.json", "log"


def start(folder: Path, command: Sequence[str], environment: Mapping[str, str]) -> Started:
    """`command` in a process group of its own. It is told the descriptor of its lifeline last.
    `stop` of the same folder ends one that was handed over.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _LOG).touch(mode=0o600)
    with (folder / _LOG).open("wb") as log:
        companion = Started(*launch(lambda lifeline: [*command, lifeline], environment, log))
    record(folder / _PROCESS, companion)
    return companion


def running(folder: Path) -> bool:
    """Whether the one that was started there still is that very process."""
    return recorded(folder / _PROCESS) is not None


def stop(folder: Path) -> bool:
    """Ends what was started there and nothing else. False if nothing was running."""
    return end_recorded(folder / _PROCESS)


def last_lines(folder: Path) -> str:
    return process_groups.last_lines(folder / _LOG)
