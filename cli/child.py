"""A command as a child of `pam`, which stands beside it as if it were not there.

Terminal, files and process group are shared: Ctrl-C and Ctrl-Z reach the child by the terminal
itself. What is sent to `pam` alone is handed on, a child that stops stops `pam` with it, and the
exit code is the one that a shell would show.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from cli.problems import ExitCode, Failure, one_line

_KEYBOARD = ("SIGINT", "SIGQUIT", "SIGTSTP", "SIGWINCH", "SIGBREAK")
"""A terminal sends these to all in its foreground: the child has had its own."""
_SENT = ("SIGHUP", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGCONT")
_UNHEARD = ("SIGTTIN",)
"""The child reads the terminal, and is stopped if it may not; `pam` follows it."""
_STOPPED_BY_TERMINAL = ("SIGTSTP", "SIGTTIN", "SIGTTOU")
_STDERR = 2
_POSIX = os.name == "posix"


def run(
    program: str,
    words: Sequence[str],
    environment: Mapping[str, str],
    *,
    stdout_to_stderr: bool = False,
    started: Callable[[], None] = lambda: None,
) -> int:
    """Runs `program` as `words` until it ends: its exit code, or 128 and the number of the signal
    that ended it. `started` is called once it runs. Raises Failure if it cannot be started.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    child = _Child()
    with child.listening():
        try:
            child.start(program, words, environment, stdout_to_stderr=stdout_to_stderr)
        except OSError as error:
            message = f"{words[0]} cannot be run: {one_line(error)}"
            raise Failure(message, exit_code=ExitCode.NOT_RUN) from error
        started()
        return _as_a_shell_says(child.wait())


class _Child:
    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []
        self._stopped_alone = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hears of signals, but for those that whoever started `pam` wanted ignored (`nohup`). A
        child is born with what is ignored, and without what is heard.
        """
        before: dict[signal.Signals, Any] = {}
        for number in _present(*_KEYBOARD, *_SENT, *_UNHEARD):
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, self._hear)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def start(
        self,
        program: str,
        words: Sequence[str],
        environment: Mapping[str, str],
        *,
        stdout_to_stderr: bool,
    ) -> None:
        self._process = subprocess.Popen(
            list(words) if _POSIX else [program, *words[1:]],
            executable=program if _POSIX else None,
            env=dict(environment),
            stdout=_STDERR if stdout_to_stderr else None,
            # What a shell opened for the command (`<(...)`) is handed on as well.
            close_fds=not _POSIX,
        )
        for number in self._early:
            self._send(number)

    def wait(self) -> int:
        """As `Popen.returncode`."""
        process = self._process
        assert process is not None  # noqa: S101 (started before)
        if not _POSIX:
            return process.wait()
        with _terminal_written_freely():
            _, status = os.waitpid(process.pid, os.WUNTRACED)
            while not (os.WIFEXITED(status) or os.WIFSIGNALED(status)):
                status = self._change_after(process.pid, status)
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode

    def _change_after(self, child: int, status: int) -> int:
        """Stops `pam` too if the child has stopped, and waits for what becomes of the child next:
        as of `waitpid`.
        """
        changes = os.WUNTRACED | os.WCONTINUED
        stopped = os.WIFSTOPPED(status)
        followed = stopped and _stopped_like(child, os.WSTOPSIG(status))
        self._stopped_alone = stopped and not followed
        if followed:
            changed, status = os.waitpid(child, changes | os.WNOHANG)
            if changed:
                return status
            # `pam` alone was continued, or the child leads a group that the shell does not know.
            self._send(signal.SIGCONT)
        return os.waitpid(child, changes)[1]

    def _hear(self, number: int, _: FrameType | None) -> None:
        if number in _present(*_UNHEARD) or not _POSIX:
            return
        # A shell continues both. One from here would come later, and undo the next Ctrl-Z.
        if number == signal.SIGCONT and not self._stopped_alone:
            return
        if self._process is None:
            self._early.append(number)
        elif not (number in _present(*_KEYBOARD) and self._shares_the_foreground()):
            self._send(number)

    def _send(self, number: int) -> None:
        process = self._process
        # Not by Popen, which would look whether the child has ended, and take that from `wait`.
        if process is not None and process.returncode is None:
            # A child of another user (`sudo`) is not ours to signal.
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process.pid, number)

    def _shares_the_foreground(self) -> bool:
        """Whether the terminal sends what is typed to both."""
        assert self._process is not None  # noqa: S101 (started before)
        try:
            own = os.getpgrp()
            return os.getpgid(self._process.pid) == own == _foreground()
        except ProcessLookupError:
            return True


@contextmanager
def _terminal_written_freely() -> Iterator[None]:
    """A shell as the child takes the foreground; a line about the end must not stop `pam` then,
    as `stty tostop` would have it. Only once the child is there: it would inherit this.
    """
    before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGTTOU, before)


def _stopped_like(child: int, number: int) -> bool:
    """Stops this process too, for whoever started it to see; returns when it is continued. False
    if it is nothing to follow. The kernel stops nobody whom no shell could continue (an orphaned
    group).

    The terminal's own SIGTSTP may come a moment later than the child stops, and must not stop this
    process a second time: the shell would take the terminal from a child that has just gone on.
    So ours waits, blocked, before the signal stops anybody. Whichever stops, what continues it
    takes the other back. Left is the moment between that and the last line: a Ctrl-Z then stops
    this process before the child may have had its own.
    """
    of_terminal = number in _present(*_STOPPED_BY_TERMINAL)
    # `suspend` of a shell, which leads a group of its own. Else somebody stopped the child alone.
    leads = number == signal.SIGSTOP and os.getpgid(child) != os.getpgrp()
    heard = signal.getsignal(signal.SIGTSTP)
    if not (of_terminal or leads) or heard is signal.SIG_IGN:
        return False
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTSTP})
    signal.pthread_kill(threading.get_ident(), signal.SIGTSTP)
    signal.signal(signal.SIGTSTP, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    signal.signal(signal.SIGTSTP, heard)
    return True


def _foreground() -> int | None:
    """The process group that the terminal sends to what is typed, if there is a terminal."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return os.tcgetpgrp(terminal)
    except OSError:
        return None
    finally:
        os.close(terminal)


def _present(*names: str) -> tuple[signal.Signals, ...]:
    """Windows has few of them."""
    return tuple(signal.Signals[name] for name in names if hasattr(signal, name))


def _as_a_shell_says(returncode: int) -> int:
    if returncode < 0:
        return 128 - returncode
    # Windows's codes of crashes (0xC0000005) fit an exit code only as a negative number.
    return returncode - 2**32 if returncode >= 2**31 else returncode
