"""The command line against a fake request API on loopback."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import api, next_command, polling, watch
from cli.main import app
from tests.cli.fake_api import FakeApi, Pam, PamProcess, serve

_CHOICES = ("AWS_", "PAM_", "PG", "SSL_CERT_", "XDG_CACHE_HOME")
"""What whoever runs the tests may have set for themselves."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the pauses that are there for people and servers."""
    monkeypatch.setattr(api, "PAUSES", (0.0, 0.0))
    monkeypatch.setattr(watch, "TICK", 0.01)
    monkeypatch.setattr(polling, "SEEN_WITHIN", ())
    monkeypatch.setattr(polling, "LONGEST", 0.01)


@pytest.fixture(autouse=True)
def nothing_was_typed_before() -> None:
    """A process runs one command; the tests' runs many."""
    next_command.remember(profile=None, where={})


@pytest.fixture
def fake(
    socket_enabled: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[FakeApi]:
    """The API, and an environment in which `pam` finds it and has credentials."""
    server = FakeApi()
    stop = serve(server)
    for name in [name for name in os.environ if name.startswith(_CHOICES)]:
        monkeypatch.delenv(name)
    variables = {
        "HOME": str(tmp_path),
        "TZ": "UTC",
        "AWS_ENDPOINT_URL": server.url,
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ACCESS_KEY_ID": "AKIAALICE",
        "AWS_SECRET_ACCESS_KEY": "alices-secret",
        "AWS_REGION": "eu-west-1",
        "PAM_ENV": "test",
        # It would outlive the test; those that are about it switch it on.
        "PAM_LEASE_HOLDER": "off",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    yield server
    stop()


@pytest.fixture
def given(fake: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """The API's address is known: SSM, whose client takes longest to make, is not asked."""
    monkeypatch.setenv("PAM_API_URL", f"{fake.url}/v1")


@pytest.fixture
def pam(fake: FakeApi) -> Pam:
    """Runs `pam ARGUMENTS` in this process; `typed` is what somebody answers."""
    return lambda *arguments, typed=None: CliRunner().invoke(
        app, arguments, prog_name="pam", input=typed
    )


@pytest.fixture
def pam_process(fake: FakeApi) -> PamProcess:
    """Runs `pam ARGUMENTS` in a process of its own, for what it does to its process."""

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "cli.main", *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=60, check=False, env=os.environ.copy()
        )

    return run
