"""The host as a process of its own: how it starts, what it says, how it ends."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from slack_socket.health import HealthFile, is_fresh
from slack_socket.outcome import Outcome
from stacks.synthesis import ROOT
from tests.local.slack.running import Running
from tests.slack_socket.faked_route import KEY, REGION, SECRET, FakedRoute
from tests.slack_socket.hosting import hosted, post_card

pytestmark = pytest.mark.enable_socket


@contextmanager
def process(env: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PAM_")}
    started = subprocess.Popen(
        [sys.executable, "-m", "slack_socket"],
        env=inherited | {"PYTHONPATH": str(ROOT / "services")} | env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
    )
    try:
        yield started
    finally:
        started.kill()
        started.wait()


def environment(running: Running, route: FakedRoute, health_file: Path) -> dict[str, str]:
    return {
        "PAM_SLACK_APP_TOKEN": running.about["app_token"],
        "PAM_SLACK_API_URL": running.about["url"],
        "PAM_SLACK_SOCKET_URL": route.url,
        "PAM_SLACK_STAGGER_SECONDS": "0.1",
        "PAM_SLACK_HEALTH_FILE": str(health_file),
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
    }


def test_it_works_leaves_when_told_to_and_says_nothing_of_what_it_carried(
    running: Running, route: FakedRoute, tmp_path: Path
) -> None:
    health_file = tmp_path / "healthy"
    route.answer = lambda _: b'{"payload": {"text": "an-answer-of-pam"}}'
    with process(environment(running, route, health_file)) as host:
        running.control.wait_until(health_file.exists, seconds=30)
        assert running.control.counts()["sockets"]["open"] == 2
        alice, bob = running.control.person("alice"), running.control.person("bob")
        assert alice.command("core-ledger-db 30m a-reason-of-alice").acknowledged
        assert bob.click(post_card(running), "pam.approve").acknowledged
        running.control.knobs(answer_within=0.5)
        route.status = 500
        assert not alice.command("mine").acknowledged
        running.control.call("disconnect")
        running.control.wait_until(lambda: running.control.counts()["sockets"]["opened"] == 4)
        host.send_signal(signal.SIGTERM)
        said, _ = host.communicate(timeout=60)
    assert host.returncode == Outcome.LEFT
    assert not health_file.exists()
    lines = [json.loads(line) for line in said.splitlines()]
    assert {"connected", "healthy", "over", "not acknowledged", "left"} <= {
        it["message"] for it in lines
    }
    payloads = json.dumps(route.calls)
    assert "a-reason-of-alice" in payloads
    tickets = [str(it) for it in running.server._sockets._tickets]
    hidden = ["a-reason-of-alice", "an-answer-of-pam", "ticket", "xapp", "ws://", "alice", SECRET]
    for secret in [*hidden, running.about["app_token"], *tickets]:
        assert secret not in said


@pytest.mark.parametrize(
    ("without", "said"),
    [
        ("PAM_SLACK_APP_TOKEN", "PAM_SLACK_APP_TOKEN"),
        ("PAM_SLACK_SOCKET_URL", "PAM_SLACK_SOCKET_URL"),
        ("AWS_ACCESS_KEY_ID", "credentials"),
    ],
)
def test_without_what_it_needs_it_says_so_and_does_not_start(
    running: Running, route: FakedRoute, tmp_path: Path, without: str, said: str
) -> None:
    env = environment(running, route, tmp_path / "healthy") | {without: ""}
    nowhere = str(tmp_path / "none")
    env |= {"AWS_CONFIG_FILE": nowhere, "AWS_SHARED_CREDENTIALS_FILE": nowhere}
    env |= {"AWS_PROFILE": "", "AWS_EC2_METADATA_DISABLED": "true"}
    for name in ("AWS_PROFILE",):
        env.pop(name)
    with process(env) as host:
        told, _ = host.communicate(timeout=60)
    assert host.returncode == Outcome.NEEDS_A_PERSON
    (line,) = told.splitlines()
    assert said in json.loads(line)["why"]
    assert running.about["app_token"] not in told


def test_the_file_of_health_is_touched_while_all_is_well_and_no_longer(
    running: Running, route: FakedRoute, tmp_path: Path
) -> None:
    health_file = tmp_path / "healthy"
    health_file.touch()
    with hosted(running, route, health_file=health_file) as host:
        # What an earlier process left is gone before anything is connected.
        running.control.wait_until(lambda: not health_file.exists() or host.outcome)
        host.wait_until_open(2)
        running.control.wait_until(health_file.exists)
        assert is_fresh(health_file, time.time())
    assert not health_file.exists()


@pytest.mark.parametrize(("age", "fresh"), [(0, True), (14, True), (16, False), (-16, False)])
def test_health_is_a_matter_of_seconds(tmp_path: Path, *, age: float, fresh: bool) -> None:
    path = tmp_path / "healthy"
    assert not is_fresh(path, 1000.0)
    path.touch()
    os.utime(path, (1000.0, 1000.0))
    assert is_fresh(path, 1000.0 + age) is fresh


def test_a_host_without_such_a_file_touches_none() -> None:
    HealthFile(None).touch()
    HealthFile(None).remove()


@pytest.mark.parametrize(("age", "code"), [(0, 0), (60, 1)])
def test_the_containers_check_reads_that_file(tmp_path: Path, age: float, code: int) -> None:
    path = tmp_path / "healthy"
    path.touch()
    os.utime(path, (time.time() - age, time.time() - age))
    asked = subprocess.run(
        [sys.executable, "-m", "slack_socket.health"],
        env=os.environ | {"PYTHONPATH": str(ROOT / "services"), "PAM_SLACK_HEALTH_FILE": str(path)},
        check=False,
        cwd=ROOT,
    )
    assert asked.returncode == code
