"""An auditor with a log: in the stores, while AWS answers, and in a folder, when it no longer does.
Tests import the fixtures; `log` is their own.
"""

from datetime import timedelta
from pathlib import Path

import pytest

from cli import clock
from cli.invocation import Invocation
from cli.trail import layout
from tests.fakes.log import Log
from tests.trail.conftest import exported


def in_the_stores(log: Log, monkeypatch: pytest.MonkeyPatch) -> Log:
    """It is what the auditor's AWS has, half a minute after the newest checkpoint."""
    now = log.story.now + timedelta(seconds=30)
    monkeypatch.setattr(clock, "now", lambda: now)
    monkeypatch.setattr(Invocation, "stores", lambda _: log)
    return log


@pytest.fixture
def folder(log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An export in the hands of somebody to whom AWS does not answer."""
    made = exported(log, tmp_path / "trail")

    def nobody(_: Invocation) -> None:
        pytest.fail("who reads a folder asked AWS")

    monkeypatch.setattr(Invocation, "aws_session", nobody)
    monkeypatch.setattr(Invocation, "stores", nobody)
    return made


@pytest.fixture
def key(log: Log) -> str:
    """The fingerprint of the log's key."""
    return layout.fingerprint(log.public_key())
