"""A fake Slack for each test, and Slack's own Socket Mode client where a test asks for it."""

from collections.abc import Iterator

import pytest

from tests.local.slack.running import Listener, Running, listening, slack


@pytest.fixture
def running() -> Iterator[Running]:
    with slack() as running:
        yield running


@pytest.fixture
def listener(running: Running) -> Iterator[Listener]:
    with listening(running) as listener:
        yield listener
