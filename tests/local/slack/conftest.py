"""A fake Slack for each test, and Slack's own Socket Mode client where a test asks for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.slack.running import (
    Listener,
    Running,
    leaves_sockets_to_the_collector,
    listening,
    slack,
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    leaves_sockets_to_the_collector(Path(__file__).parent, items)


@pytest.fixture
def running() -> Iterator[Running]:
    with slack() as running:
        yield running


@pytest.fixture
def listener(running: Running) -> Iterator[Listener]:
    with listening(running) as listener:
        yield listener
