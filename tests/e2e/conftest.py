"""One local stack for all end-to-end tests, gone when they are over, however they end."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import up
from local.stack import down
from tests.e2e.people import Person, Stack


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.enable_socket)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack of its own, or the one that PAM_E2E_STATE_DIR names (for working on one test)."""
    named = os.environ.get("PAM_E2E_STATE_DIR")
    if named:
        yield Stack(Path(named))
        return
    state_dir = tmp_path_factory.mktemp("stack")
    up(state_dir, hand_over=False)
    yield Stack(state_dir)
    down(state_dir)


@pytest.fixture
def alice(stack: Stack) -> Person:
    return stack.person("alice")


@pytest.fixture
def bob(stack: Stack) -> Person:
    return stack.person("bob")


@pytest.fixture
def carol(stack: Stack) -> Person:
    return stack.person("carol")


@pytest.fixture
def dave(stack: Stack) -> Person:
    return stack.person("dave")


@pytest.fixture
def erin(stack: Stack) -> Person:
    return stack.person("erin")


@pytest.fixture
def kim(stack: Stack) -> Person:
    return stack.person("kim")


@pytest.fixture
def kate(stack: Stack) -> Person:
    return stack.person("kate")


@pytest.fixture
def sam(stack: Stack) -> Person:
    return stack.person("sam")


@pytest.fixture
def ada(stack: Stack) -> Person:
    return stack.person("ada")


@pytest.fixture
def root(stack: Stack) -> Person:
    return stack.person("root")
