"""A fake Slack, a fake route, and credentials of the host's role."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.slack.running import Running, leaves_sockets_to_the_collector, slack
from tests.slack_socket.faked_route import KEY, SECRET, FakedRoute, faked_route


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    leaves_sockets_to_the_collector(Path(__file__).parent, items)


@pytest.fixture
def running() -> Iterator[Running]:
    with slack() as running:
        yield running


@pytest.fixture
def route(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakedRoute]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    with faked_route() as route:
        yield route
