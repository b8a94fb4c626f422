"""The local stack itself: side by side with another, and gone without a trace."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from local.cast import Cast, until
from local.stack import down, status, up

ROOT = Path(__file__).resolve().parent.parent.parent


def processes_of(state_dir: Path) -> list[psutil.Process]:
    """Every process that has the state folder in its command line or its scratch files."""
    found = []
    for process in psutil.process_iter():
        try:
            words = " ".join(process.cmdline()) + process.environ().get("TMPDIR", "")
            if str(state_dir) in words and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.fixture
def state_dir(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "stack"
    down(tmp_path / "stack")


def test_two_stacks_run_side_by_side_and_each_stops_only_itself(
    cast: Cast, state_dir: Path
) -> None:
    about = up(state_dir, tell=lambda _: None)
    assert about["api_url"] != cast.about["api_url"]
    other = Cast(state_dir)
    session_id = other.person("alice").request("core-ledger-admin")["session_id"]
    assert cast.person("alice").get(f"/pam/sessions/{session_id}").status != 200
    assert status(state_dir)["status"] == "up"
    assert down(state_dir)
    assert status(state_dir)["status"] == "down"
    assert processes_of(state_dir) == []
    assert cast.person("alice").get("/pam/resources").status == 200


def test_credentials_on_disk_are_for_their_owner_only(cast: Cast) -> None:
    for name in (
        "local.json",
        "aws/credentials",
        "aws/config",
        "postgres/password",
        "postgres/log",
    ):
        assert (cast.state_dir / name).stat().st_mode & 0o077 == 0, name


@pytest.mark.parametrize("after", ["emulator started", "PostgreSQL started", "app synthesised"])
def test_a_starter_that_is_killed_leaves_no_process(state_dir: Path, after: str) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-u", "-m", "local", "up", "--state-dir", str(state_dir)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert starter.stdout is not None
    for line in starter.stdout:
        if after in line:
            break
    assert processes_of(state_dir)
    os.kill(starter.pid, signal.SIGKILL)
    starter.wait()
    starter.stdout.close()
    until(lambda: not processes_of(state_dir) or None, "all processes to be gone")
    assert status(state_dir)["status"] == "down"


def test_the_emulator_listens_on_the_loopback_interface_only(cast: Cast) -> None:
    listening = []
    for process in processes_of(cast.state_dir):
        with suppress(psutil.NoSuchProcess):  # the server has one for each connection
            sockets = process.net_connections(kind="inet")
            listening += [each for each in sockets if each.status == psutil.CONN_LISTEN]
    assert listening
    assert {each.laddr.ip for each in listening} <= {"127.0.0.1", "::1"}, listening
