"""The child of `pam exec`: signals, terminal, files and exit code are as without `pam`."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from cli import child
from cli.problems import Failure
from tests.cli.typing_shell import ROOT, RUN, state_of, typing_shell, until


def command(*words: str) -> list[str]:
    return [sys.executable, "-c", RUN, *words]


def ran(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command(*words), capture_output=True, text=True, timeout=60, check=False, cwd=ROOT
    )


SH = shutil.which("sh") or "/bin/sh"


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("exit 0", 0),
        ("exit 7", 7),
        ("exit 255", 255),
        ("kill -TERM $$", 128 + 15),
        ("kill -INT $$", 128 + 2),
        ("kill -KILL $$", 128 + 9),
    ],
)
def test_the_exit_code_is_what_a_shell_would_show(script: str, code: int) -> None:
    assert ran(SH, "-c", script).returncode == code


def test_what_is_no_program_is_one_line() -> None:
    with pytest.raises(Failure, match="cannot be run"):
        child.run("/dev/null", ["thing"], {})


@pytest.mark.parametrize("name", ["TERM", "HUP", "INT", "QUIT", "USR1", "USR2", "WINCH"])
def test_a_signal_to_pam_alone_reaches_the_child(name: str) -> None:
    script = f"trap 'echo got; exit 5' {name}; echo ready; while :; do sleep 0.05; done"
    with subprocess.Popen(
        command(SH, "-c", script),
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.Signals[f"SIG{name}"])
        assert process.communicate(timeout=60) == ("got\n", None)
        assert process.returncode == 5


IGNORED = "grep SigIgn /proc/self/status"


def ignored_by(status: str) -> int:
    """As bits, without those above 31, which belong to the C library."""
    return int(status.split()[1], 16) & (2**31 - 1)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_a_child_ignores_only_what_whoever_started_pam_wanted_ignored() -> None:
    """Python ignores SIGPIPE and SIGXFSZ by itself, and `pam` a thing or two more."""
    assert ignored_by(ran(SH, "-c", IGNORED).stdout) == 0
    words = " ".join(f"'{word}'" for word in command(SH, "-c", IGNORED))
    nohup = subprocess.run(
        [SH, "-c", f"trap '' HUP; exec {words}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=ROOT,
    )
    assert ignored_by(nohup.stdout) == 1 << (signal.SIGHUP - 1)


def test_files_that_a_shell_opened_for_the_command_are_there() -> None:
    words = " ".join(f"'{word}'" for word in command(SH, "-c", "cat <&9"))
    result = subprocess.run(
        [SH, "-c", f"exec 9<pyproject.toml; exec {words}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=ROOT,
    )
    assert result.stdout == (ROOT / "pyproject.toml").read_text(encoding="utf-8")


ONE_INTERRUPT = (
    "import signal, sys, time\n"
    "seen = []\n"
    "signal.signal(signal.SIGINT, lambda *_: seen.append(1))\n"
    "print('ready', flush=True)\n"
    "while not seen: time.sleep(0.01)\n"
    "time.sleep(0.3)\n"
    "sys.exit(40 + len(seen))\n"
)


def test_ctrl_c_reaches_the_child_once_and_pam_waits_for_it(tmp_path: Path) -> None:
    script = tmp_path / "once.py"
    script.write_text(ONE_INTERRUPT)
    with typing_shell() as typist:
        typist.types(f"run {sys.executable} {script}\n")
        typist.sees("ready")
        typist.types("\x03")
        typist.sees("$> ")
        typist.types("echo code=$?\n")
        typist.sees("code=41")


@pytest.mark.parametrize(
    ("name", "foreground", "again"),
    [
        ("SIGINT", True, False),
        ("SIGQUIT", True, False),
        ("SIGTSTP", True, False),
        ("SIGINT", False, True),
        ("SIGQUIT", False, True),
        ("SIGTERM", True, True),
        ("SIGHUP", True, True),
        ("SIGCONT", True, False),
        ("SIGTTIN", False, False),
    ],
)
def test_what_the_terminal_sent_to_both_is_not_sent_again(
    monkeypatch: pytest.MonkeyPatch, name: str, foreground: bool, again: bool
) -> None:
    """Some programs take a second Ctrl-C for haste, and leave their work half done."""
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda *it: sent.append(it))
    monkeypatch.setattr(child, "_foreground", lambda: os.getpgrp() if foreground else None)
    passing = child._Child()
    monkeypatch.setattr(passing, "_process", SimpleNamespace(pid=os.getpid(), returncode=None))
    number = signal.Signals[name]
    passing._hear(number, None)
    assert sent == ([(os.getpid(), number)] if again else [])


CAT = """sh -c 'echo re""ady of $PPID.; exec cat'"""
"""What is typed does not say ready, what comes of it does."""


def hears_ctrl_z(pid: int) -> bool:
    caught = Path(f"/proc/{pid}/status").read_text().partition("SigCgt:")[2].split()[0]
    return bool(int(caught, 16) >> (signal.SIGTSTP - 1) & 1)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_ctrl_z_stops_both_and_fg_goes_on() -> None:
    with typing_shell() as typist:
        typist.types(f"run {CAT}\n")
        typist.sees("ready of ")
        pam = int(typist.sees("."))
        for line in ("one", "two"):
            typist.types(f"{line}\n")
            typist.sees(f"{line}\r\n{line}\r\n")
            # On a busy machine the child may be ahead of it.
            until(lambda: hears_ctrl_z(pam))
            typist.types("\x1a")
            typist.sees("Stopped")
            typist.sees("$> ")
            typist.types("fg\n")
            typist.sees('"$@"')
        typist.types("\x04")
        typist.sees("$> ")
        typist.types("echo code=$?\n")
        typist.sees("code=0")


LATE = f"""
import os, signal, sys, threading
sys.path.insert(0, {str(ROOT)!r})
from cli import child

step, threads = int(sys.argv[1]), int(sys.argv[2])
for _ in range(threads):
    threading.Thread(target=threading.Event().wait, daemon=True).start()
steps = []

def watch(called):
    def watched(*given):
        steps.append(called)
        if len(steps) == step:
            os.kill(os.getpid(), signal.SIGTSTP)
        return called(*given)
    return watched

def stopped_like(*given, stopped=child._stopped_like):
    for name in ("signal", "pthread_kill", "pthread_sigmask"):
        setattr(signal, name, watch(getattr(signal, name)))
    return stopped(*given)

child._stopped_like = stopped_like
sys.exit(child.run("sh", ["sh", "-c", "kill -TSTP $$; echo go; echo ne"], os.environ))
"""
"""The terminal's SIGTSTP reaches this process just before a step of its own stop."""


@pytest.mark.parametrize("threads", [0, 1])
@pytest.mark.parametrize("step", [1, 2, 3, 4])
def test_a_ctrl_z_that_comes_late_stops_only_once(tmp_path: Path, step: int, threads: int) -> None:
    """A second stop would give the terminal to the shell, and the next line to the child."""
    script = tmp_path / "late.py"
    script.write_text(LATE)
    with typing_shell() as typist:
        typist.types(f"{sys.executable} {script} {step} {threads}\n")
        typist.sees("Stopped")
        typist.sees("$> ")
        typist.types("fg\n")
        assert "Stopped" not in typist.sees("go\r\nne\r\n")
        assert "Stopped" not in typist.sees("$> ")


SLOW = f"""
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {str(ROOT)!r})
from cli import child
from tests.cli.typing_shell import state_of, until

went_on = Path(sys.argv[1])

def until_stopped_again(pid):
    until(lambda: went_on.exists() and state_of(pid) == "T")

def stopped_like(pid, *rest, stopped=child._stopped_like):
    again = went_on.exists()
    followed = stopped(pid, *rest)
    if not again:
        until_stopped_again(pid)
    return followed

def hear(self, number, *rest, hear=child._Child._hear):
    if number == signal.SIGCONT and not went_on.exists():
        until_stopped_again(self._process.pid)
    hear(self, number, *rest)

child._stopped_like, child._Child._hear = stopped_like, hear
script = f"kill -TSTP $$; echo >{{went_on}}; kill -TSTP $$; echo go; echo ne"
sys.exit(child.run("sh", ["sh", "-c", script], os.environ))
"""
"""Continued, it does nothing before the child has gone on and stopped once more."""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's /proc")
def test_a_child_that_stops_again_before_pam_has_gone_on_stays_stopped(tmp_path: Path) -> None:
    """Beside the shell it would go on reading what is typed."""
    script = tmp_path / "slow.py"
    script.write_text(SLOW)
    with typing_shell() as typist:
        typist.types(f"{sys.executable} {script} {tmp_path / 'went-on'}\n")
        for _ in range(2):
            assert "go\r\nne" not in typist.sees("Stopped")
            typist.sees("$> ")
            typist.types("fg\n")
        assert "Stopped" not in typist.sees("go\r\nne\r\n")
        assert "Stopped" not in typist.sees("$> ")


def test_a_shell_with_job_control_works_inside_and_can_be_suspended() -> None:
    with typing_shell() as typist:
        typist.types("run env PS1='inner> ' bash --norc --noprofile -i\n")
        typist.sees("inner> ")
        # Of the inner shell: a job of its own, stopped and interrupted without ending it.
        typist.types(f"{CAT}\n")
        typist.sees("ready")
        typist.types("\x1a")
        typist.sees("Stopped")
        typist.sees("inner> ")
        typist.types("fg\n")
        typist.sees("cat")
        typist.types("still\n")
        typist.sees("still\r\nstill\r\n")
        typist.types("\x03")
        typist.sees("inner> ")
        typist.types("suspend\n")
        typist.sees("\n$> ")
        typist.types("fg\n")
        typist.sees("inner> ")
        typist.types("exit 3\n")
        typist.sees("\n$> ")
        typist.types("echo code=$?\n")
        typist.sees("code=3")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize("continued", ["child", "pam"])
def test_a_child_that_somebody_stops_and_continues_does_not_stop_pam(continued: str) -> None:
    """Its shell would otherwise wait for an `fg` that nobody has a reason to give."""
    with typing_shell() as typist:
        typist.types(
            """run sh -c 'echo pid""=$PPID of $$.; kill -STOP $$; read -r _; echo ag""ain'\n"""
        )
        typist.sees("pid=")
        pids = {"pam": int(typist.sees(" of ")), "child": int(typist.sees("."))}
        until(lambda: state_of(pids["child"]) == "T")

        def goes_on() -> bool:
            # What comes before `pam` has seen the child stop is none of its business.
            os.kill(pids[continued], signal.SIGCONT)
            return state_of(pids["child"]) != "T"

        until(goes_on)
        typist.types("\n")
        assert "Stopped" not in typist.sees("again")
        assert "Stopped" not in typist.sees("$> ")


ABSENT_ON_WINDOWS = [
    *("SIGHUP", "SIGQUIT", "SIGTSTP", "SIGWINCH", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGCONT"),
    *("SIGTTIN", "SIGTTOU", "SIGPIPE", "SIGXFSZ", "SIGSTOP", "SIGKILL", "pthread_kill"),
]


def test_on_windows_it_waits_with_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    started = subprocess.Popen

    def start(words: list[str], **options: object) -> object:
        # A batch file is found by its whole path only, and handles are not inherited.
        assert (words[0], options["executable"], options["close_fds"]) == (SH, None, True)
        return started(words, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(child, "_POSIX", False)
    monkeypatch.setattr(child.subprocess, "Popen", start)
    for name in ABSENT_ON_WINDOWS:
        monkeypatch.delattr(signal, name)
    for name in ("getpgrp", "getpgid", "tcgetpgrp", "WUNTRACED"):
        monkeypatch.delattr(os, name)
    heard = signal.getsignal(signal.SIGINT)
    # Ctrl-C goes to all of a console: only the child acts upon it.
    code = child.run(SH, ["sh", "-c", f"kill -INT {os.getpid()}; exit 7"], os.environ)
    assert code == 7
    assert signal.getsignal(signal.SIGINT) is heard


@pytest.mark.parametrize(
    ("returncode", "code"), [(0, 0), (255, 255), (0xC0000005, -1073741819), (-9, 137)]
)
def test_a_crash_of_windows_keeps_its_code(returncode: int, code: int) -> None:
    assert child._as_a_shell_says(returncode) == code
