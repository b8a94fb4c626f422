"""Processes that end with their starter.

The starter holds one end of a pipe and its child the other. However the starter ends, the pipe
closes, and the child's whole process group goes with it. A byte on the pipe says that this is over:
the child is to live on.

Run as a file, `lifeline.py FD COMMAND...` does so for any command; standard library only, since
every command waits for it.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path


def follow(lifeline: int) -> None:
    """Ends this process's group when `lifeline` closes. It has one of its own from here on: its
    starter may be in the one it came in.
    """
    if os.getpgrp() != os.getpid():
        os.setpgrp()
    threading.Thread(target=_follow, args=(lifeline,), daemon=True).start()


class Command:
    """A command that leaves nothing running behind, however this process ends."""

    def __init__(self, command: list[str], *, cwd: Path, env: Mapping[str, str]) -> None:
        reading, self._writing = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(reading), *command],
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            pass_fds=(reading,),
            start_new_session=True,
        )
        os.close(reading)

    def outcome(self) -> tuple[int, str]:
        """Waits for the end; exit code and what was printed."""
        output, _ = self._process.communicate()
        return self._process.returncode, output

    def end(self) -> None:
        """Ends it if it still runs. Not to be called twice."""
        os.close(self._writing)
        self._process.wait()


def _follow(lifeline: int) -> None:
    if not os.read(lifeline, 1):
        os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    follow(int(sys.argv[1]))
    sys.exit(subprocess.run(sys.argv[2:], check=False).returncode)
