"""One fake Slack for the tests of a file, as it was at first for each of them."""

from collections.abc import Iterator

import pytest

from tests.local.slack.running import Listener, Running, listening, slack


@pytest.fixture(scope="module")
def _slack_of_the_file() -> Iterator[Running]:
    with slack() as running:
        yield running


@pytest.fixture
def running(_slack_of_the_file: Running) -> Running:
    _slack_of_the_file.control.call("forget")
    return _slack_of_the_file


@pytest.fixture
def listener(running: Running) -> Iterator[Listener]:
    with listening(running) as listener:
        yield listener
