"""A shell with job control in a terminal of its own, and somebody who types into it."""

import os
import pty
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
RUN = (
    "import os, sys; from cli import child; "
    "sys.exit(child.run(sys.argv[1], sys.argv[1:], os.environ))"
)
"""Runs its arguments as `pam exec` does, without asking any API."""
PATIENCE = 60.0


def until(holds: Callable[[], bool]) -> None:
    """Raises AssertionError if that takes longer than PATIENCE."""
    last = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < last
        time.sleep(0.001)


def state_of(pid: int) -> str:
    """As Linux has it: `T` is stopped."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


class Typist:
    def __init__(self, terminal: int) -> None:
        self._terminal = terminal
        self.shown = ""

    def types(self, keys: str) -> None:
        os.write(self._terminal, keys.encode())

    def sees(self, text: str) -> str:
        """Waits until `text` is shown after what was seen last. Returns what came in between."""
        until = time.monotonic() + PATIENCE
        while text not in self.shown:
            if not select.select([self._terminal], [], [], max(0.0, until - time.monotonic()))[0]:
                message = f"{text!r} is not shown, but {self.shown!r}"
                raise AssertionError(message)
            try:
                self.shown += os.read(self._terminal, 4096).decode(errors="replace")
            except OSError as error:
                message = f"{text!r} is not shown, but {self.shown!r}, and the terminal is closed"
                raise AssertionError(message) from error
        before, _, self.shown = self.shown.partition(text)
        return before


@contextmanager
def typing_shell() -> Iterator[Typist]:
    """`run` there is `python RUN`; its prompt is `$> `."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(ROOT)
        environment = os.environ | {"PS1": "$> ", "TERM": "dumb", "HISTFILE": ""}
        os.execvpe("bash", ["bash", "--norc", "--noprofile", "-i"], environment)
    typist = Typist(terminal)
    try:
        typist.sees("$> ")
        typist.types("run() { " + f"{sys.executable} -c '{RUN}'" + ' "$@"; }\n')
        typist.sees("\n$> ")
        yield typist
    finally:
        os.close(terminal)
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
