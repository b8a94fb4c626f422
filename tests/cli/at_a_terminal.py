"""`pam` at a terminal of its own: what stands there is read, and keys are pressed."""

import os
import pty
import re
import select
import subprocess
import sys
from dataclasses import dataclass, field
from time import monotonic
from types import TracebackType
from typing import Self

_LONGEST = 60.0
"""Seconds for anything at all to happen."""
_UNHEARD = 5.0
"""Seconds after which a key was not heard."""
_PAM = """
import fcntl, runpy, termios
# It is the terminal of this session: Ctrl-C typed there is a signal here.
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
runpy.run_module("cli.main", run_name="__main__")
"""
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass
class Terminal:
    """A process whose streams are one terminal, but for those that are files of ours."""

    arguments: list[str]
    stdout: int | None = None
    stderr: int | None = None
    text: str = ""
    _process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)
    _ours: int = field(default=-1, init=False)

    def __enter__(self) -> Self:
        self._ours, theirs = pty.openpty()
        command = [sys.executable, "-c", _PAM, *self.arguments]
        self._process = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs if self.stdout is None else self.stdout,
            stderr=theirs if self.stderr is None else self.stderr,
            env=os.environ | {"TERM": "xterm", "COLUMNS": "120"},
            start_new_session=True,
        )
        os.close(theirs)
        return self

    def until(self, words: str) -> str:
        """Reads until these words stand there."""
        before = len(self.text)
        deadline = monotonic() + _LONGEST
        while words not in self.text[before:]:
            if monotonic() > deadline or not self._read(deadline):
                message = f"no {words!r} in {self.text!r}"
                raise AssertionError(message)
        return self.text

    def press(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def exit_code(self) -> int:
        """After all that it had to say is read."""
        deadline = monotonic() + _LONGEST
        while self._read(deadline):
            pass
        assert self._process is not None
        return self._process.wait(timeout=_LONGEST)

    def interrupt(self) -> int:
        """Ctrl-C, and the exit code. A key that is pressed in the very instant before the program
        begins to read is heard when it has read; so it is pressed again, as a person would.
        """
        deadline = monotonic() + _LONGEST
        while monotonic() < deadline:
            self.press("\x03")
            heard = monotonic() + _UNHEARD
            while self._read(heard):
                pass
            if monotonic() < heard:
                break
        return self.exit_code()

    def _read(self, deadline: float) -> bool:
        ready, _, _ = select.select([self._ours], [], [], max(0.0, deadline - monotonic()))
        if not ready:
            return False
        try:
            read = os.read(self._ours, 65536)
        except OSError:  # Linux's way to say that nobody has the other end any more
            return False
        self.text += _ESCAPES.sub("", read.decode(errors="replace"))
        return bool(read)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process is not None
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._ours)
