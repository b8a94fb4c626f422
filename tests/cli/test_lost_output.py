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


def _run(redirection: str, *, encoding: str = "utf-8") -> "subprocess.CompletedProcess[bytes]":
    line = f'"{sys.executable}" -m cli.main list {redirection}'
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"],
        capture_output=True,
        timeout=60,
        check=False,
        cwd=ROOT,
        env=environment,
    )


@pytest.fixture
def many(fake: FakeApi) -> FakeApi:
    """More than a pipe holds."""
    items = [session(reason=STRANGE + "x" * 800) for _ in range(200)]
    fake.on("GET /pam/sessions", {"items": items, "cursor": None})
    return fake


@pytest.mark.parametrize(
    ("redirection", "said"),
    [
        (">&-", b"the output cannot be written: Bad file descriptor\n"),
        (">/dev/full", b"the output cannot be written: No space left on device\n"),
        ("| head -1", b""),
    ],
)
def test_output_that_goes_nowhere_is_a_line_or_silence(
    many: FakeApi, redirection: str, said: bytes
) -> None:
    result = _run(redirection)
    assert (result.returncode, result.stderr) == (1, said)


def test_without_any_stream_it_still_runs_and_fails(many: FakeApi) -> None:
    assert _run("<&- >&- 2>&-").returncode == 1


def test_a_code_page_costs_letters_and_nothing_else(many: FakeApi) -> None:
    result = _run("", encoding="cp1252")
    assert (result.returncode, result.stderr) == (0, b"")
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
