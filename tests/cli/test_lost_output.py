"""Output that is closed, full, read no further, or of a code page that lacks letters."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli import streams
from tests.cli.fake_api import FakeApi, session

ROOT = Path(__file__).resolve().parent.parent.parent
STRANGE = "check 口座 😀 please"


def _run(words: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        ["bash", "-c", f'set -o pipefail; "{sys.executable}" -m cli.main {words}'],
        capture_output=True,
        timeout=60,
        check=False,
        cwd=ROOT,
        # Held back until its end, as of every `pam`, whatever this machine has for its tests.
        env=os.environ | {"PYTHONIOENCODING": "cp1252", "PYTHONUNBUFFERED": ""},
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("list >&-", b"CLIENT: the output cannot be written: Bad file descriptor\n"),
        ("--help >/dev/full", b"CLIENT: the output cannot be written: No space left on device\n"),
        ("--version <&- >&- 2>&-", b""),
    ],
)
def test_output_that_goes_nowhere_is_a_line_or_silence(
    fake: FakeApi, words: str, said: bytes
) -> None:
    fake.on("GET /pam/sessions", {"items": [session()], "cursor": None})
    result = _run(words)
    assert (result.returncode, result.stderr) == (1, said)


def test_a_failure_that_cannot_be_told_keeps_its_exit_code(fake: FakeApi) -> None:
    assert _run("show 01M8 2>/dev/full").returncode == 2


def test_a_pipe_that_nobody_reads_on_is_silence_and_a_code_page_costs_letters(
    fake: FakeApi,
) -> None:
    more_than_a_pipe_holds = [session(reason=STRANGE + "x" * 800) for _ in range(200)]
    fake.on("GET /pam/sessions", {"items": more_than_a_pipe_holds, "cursor": None})
    result = _run("list | head -2")
    assert (result.returncode, result.stderr) == (1, b"")
    assert b"check ?? ? please" in result.stdout


@pytest.mark.parametrize("encoding", ["cp850", "cp437", "ascii", "latin-1"])
def test_every_code_page_takes_every_text(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    streams.prepare()
    sys.stdout.write(f"{STRANGE}…")
    streams.flush()
    assert written.getvalue().startswith(b"check ?? ? please")


def test_a_full_disk_elsewhere_is_named_and_no_internal_error() -> None:
    assert not streams.output_is_lost(OSError(28, "No space left on device", "/var/x"))
    assert streams.output_is_lost(OSError(28, "No space left on device"))
