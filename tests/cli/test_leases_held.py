"""A lease that is held for its owner and given out again, by real processes and a real SDK."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import botocore.session
import pytest

from cli.holder import asking, transport
from tests.cli.fake_api import ALICE, SESSION_ID, FakeApi, active, lease, session
from tests.cli.programs import Program, write_profiles

CALL = f"POST /pam/sessions/{SESSION_ID}/credentials"
SHOW = f"GET /pam/sessions/{SESSION_ID}"
PATIENCE = 60.0
TEN_MINUTES = timedelta(minutes=10)


def until(reached: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


@pytest.fixture
def runtime(fake: FakeApi, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A login's own folder, whose holder is ended with the test."""
    with tempfile.TemporaryDirectory(prefix="pam-") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        monkeypatch.delenv(asking.SWITCH)
        monkeypatch.setattr(transport, "ASKING_PATIENCE", 30.0)
        yield Path(folder)
        if pid := asking.status().get("pid"):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def program(runtime: Path, fake: FakeApi, tmp_path: Path) -> Program:
    """`pam`, a profile `ledger` that gets its credentials by it, and who signs for that."""
    program = Program.install(tmp_path)
    write_profiles(ledger=f"{program.path} --profile own credentials {SESSION_ID} --format process")
    write_keys("AKIAALICE")
    return program


def write_keys(key_id: str) -> None:
    Path(os.environ["AWS_SHARED_CREDENTIALS_FILE"]).write_text(
        f"[own]\naws_access_key_id = {key_id}\naws_secret_access_key = its-secret\n"
    )


def lasting(fake: FakeApi, length: timedelta, *, session_length: timedelta | None = None) -> None:
    """Leases and a session that end so far from now."""
    now = datetime.now(UTC)
    ends, session_ends = now + length, now + (session_length or length)
    fake.on(CALL, lease(expires_at=f"{ends:%Y-%m-%dT%H:%M:%S}.000Z"))
    fake.on(SHOW, active(expires_at=f"{session_ends:%Y-%m-%dT%H:%M:%S}.000Z"))


def own(program: Program) -> str:
    ran = program.run("--profile", "own", "credentials", SESSION_ID, "--format", "process")
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_five_calls_of_an_sdk_in_a_ten_minute_session_cost_one_lease(
    fake: FakeApi, program: Program
) -> None:
    lasting(fake, TEN_MINUTES)
    credentials = botocore.session.Session(profile="ledger").get_credentials()
    for _ in range(5):
        # What is done before each call is signed; within ten minutes of the end it asks anew.
        assert credentials.get_frozen_credentials().access_key == "ASIALEASED"
    assert program.starts >= 5
    assert len(fake.calls(CALL)) == 1


def test_a_held_lease_is_there_before_anything_slow_is_loaded(
    fake: FakeApi, program: Program
) -> None:
    lasting(fake, TEN_MINUTES)
    first = own(program)
    words = ["--profile", "own", "credentials", SESSION_ID, "--format", "process"]
    script = (
        "import sys\nfrom cli.main import app\n"
        f"try:\n    app({words!r}, prog_name='pam')\nfinally:\n"
        "    slow = {'botocore', 'boto3', 'rich', 'ssl'} & set(sys.modules)\n"
        "    assert not slow, slow\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stdout == first


def test_who_has_become_somebody_else_gets_no_lease_of_the_one_before(
    fake: FakeApi, program: Program
) -> None:
    lasting(fake, TEN_MINUTES)
    own(program)
    write_keys("AKIABOBBOB")
    own(program)
    assert len(fake.calls(CALL)) == 2


def test_the_holder_shows_nothing_in_its_arguments_and_environment_and_dumps_no_core(
    fake: FakeApi, program: Program, runtime: Path
) -> None:
    lasting(fake, TEN_MINUTES)
    own(program)
    status = asking.status()
    assert status["held"] == 1
    process = Path(f"/proc/{status['pid']}")
    if not process.exists():
        pytest.skip("this system shows no processes as files")
    shown = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
    for secret in ("ASIALEASED", "se'cret", "token==", "alices-secret", "its-secret"):
        assert secret.encode() not in shown
    (core,) = (line for line in (process / "limits").read_text().splitlines() if "core" in line)
    assert core.split()[4:6] == ["0", "0"]
    on_disk = [path for path in runtime.rglob("*") if path.is_file()]
    assert [path.name for path in on_disk] == ["lock"]
    assert on_disk[0].read_bytes() == b""


def test_it_keeps_nothing_open_of_whoever_started_it(runtime: Path) -> None:
    """A lock, or a pipe that somebody reads to its end, would last as long as the leases."""
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    asking.put("a", {"ends": time.time() + 100})
    os.close(writer)
    pid = asking.status()["pid"]
    os.set_blocking(reader, False)
    assert os.read(reader, 1) == b""
    os.close(reader)
    assert Path(f"/proc/{pid}/cwd").resolve() == Path("/")


def test_it_ends_with_the_last_lease(runtime: Path) -> None:
    now = time.time()
    asking.put("a", {"ends": now + 0.5})
    asking.put("b", {"ends": now + 100})
    pid = asking.status()["pid"]
    asking.drop("b")
    until(lambda: not _runs(pid), "the holder to end")
    assert list((runtime / "pam-mod046").iterdir()) == [runtime / "pam-mod046" / "lock"]


def test_one_whose_folder_is_gone_ends(runtime: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asking.put("a", {"ends": time.time() + 100})
    pid = asking.status()["pid"]
    (runtime / "pam-mod046" / "leases-1").rename(runtime / "moved")
    # It may see that at once, and be gone before it is asked.
    with socket.socket(socket.AF_UNIX) as connection, suppress(OSError):
        connection.connect(str(runtime / "moved"))
        connection.sendall(b'{"act": "status"}\n')
        connection.recv(1000)
    until(lambda: not _runs(pid), "the holder to end")


def test_one_that_was_killed_is_replaced(runtime: Path) -> None:
    asking.put("a", {"ends": time.time() + 100})
    pid = asking.status()["pid"]
    os.kill(pid, signal.SIGKILL)
    until(lambda: not _runs(pid), "the holder to be gone")
    assert asking.get("a") is None
    asking.put("b", {"ends": time.time() + 100})
    assert asking.get("b") is not None


def test_noise_is_answered_and_stops_nothing(runtime: Path) -> None:
    asking.put("a", {"ends": time.time() + 100})
    for noise in (b"\n", b"[1]\n", b'{"act": "get"}\n', b'{"act": "put", "key": "x"}\n', b"x"):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(runtime / "pam-mod046" / "leases-1"))
            connection.sendall(noise)
    assert asking.get("a") is not None
    assert asking.status()["held"] == 1


def test_an_end_is_asked_about_within_a_minute_and_nothing_is_given_out_after_it(
    fake: FakeApi, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    lasting(fake, TEN_MINUTES)
    own(program)
    own(program)
    assert len(fake.calls(SHOW)) == 1
    _age(program, seconds=61)
    fake.on(SHOW, session(status="REVOKED"))
    fake.refuses(CALL, 409, "CONFLICT", "the session is REVOKED")
    ran = program.run("--profile", "own", "credentials", SESSION_ID, "--format", "process")
    assert (ran.returncode == 0, ran.stdout) == (False, "")
    assert ran.stderr.startswith("CONFLICT: ")
    assert not asking.status().get("held")


def test_a_session_that_goes_on_is_asked_about_once_a_minute(
    fake: FakeApi, program: Program
) -> None:
    lasting(fake, TEN_MINUTES)
    first = own(program)
    _age(program, seconds=61)
    assert own(program) == own(program) == first
    assert len(fake.calls(SHOW)) == 2
    assert len(fake.calls(CALL)) == 1


def test_switched_off_each_is_a_new_one_and_nothing_is_started(
    fake: FakeApi, program: Program, runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lasting(fake, TEN_MINUTES)
    with monkeypatch.context() as off:
        off.setenv(asking.SWITCH, "off")
        own(program)
        own(program)
    assert len(fake.calls(CALL)) == 2
    assert not list(runtime.iterdir())


def _age(program: Program, *, seconds: float) -> None:
    """Puts the time at which PAM was last asked into the past."""
    from cli import reuse

    asked = dict.fromkeys(("env", "region", "api_url"))
    key = reuse.key(profile="own", asked={"id": SESSION_ID, **asked})
    entry = asking.get(key)
    assert entry is not None
    asking.put(key, entry | {"seen": entry["seen"] - seconds})


def _runs(pid: int) -> bool:
    """Whether it does anything; one that has ended stays as a name until its parent asks."""
    try:
        finished, _ = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        finished = 0
    if finished == pid:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_resource_is_a_name_too_and_what_is_given_back_is_forgotten(
    fake: FakeApi, program: Program
) -> None:
    lasting(fake, TEN_MINUTES)
    fake.on("GET /pam/me", {"person": "alice", "principals": [ALICE], "groups": []})
    fake.on("GET /pam/sessions", {"items": [active()], "cursor": None})
    fake.on("POST /pam/end", session(status="ENDED"))
    words = ("--profile", "own", "credentials", "core-ledger-admin", "--format", "process")
    first, again = program.run(*words), program.run(*words)
    assert (first.returncode, first.stdout) == (0, again.stdout), first.stderr
    assert len(fake.calls(CALL)) == len(fake.calls("GET /pam/sessions")) == 1
    assert program.run("--profile", "own", "end", SESSION_ID).returncode == 0
    assert not asking.status().get("held")
