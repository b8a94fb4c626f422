"""One local stack for all end-to-end tests, gone when they are over, however they end."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from local import up
from local.cast import Cast, Person
from local.stack import down
from tests.e2e import leftovers


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.enable_socket)


@pytest.fixture(scope="session")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    """A stack of its own, or the one that PAM_E2E_STATE_DIR names (for working on one test)."""
    named = os.environ.get("PAM_E2E_STATE_DIR")
    if named:
        yield Cast(Path(named))
        return
    state_dir = tmp_path_factory.mktemp("stack")
    up(state_dir, hand_over=False)
    yield Cast(state_dir)
    down(state_dir)


@pytest.fixture(autouse=True)
def _nothing_is_left_open(cast: Cast) -> Iterator[None]:
    """So that nobody meets a limit per person because of what other tests left to them.

    What fixtures of a module or of the whole run opened goes on.
    """
    began = datetime.now(UTC)
    yield
    leftovers.close(cast, since=began)


@pytest.fixture
def alice(cast: Cast) -> Person:
    return cast.person("alice")


@pytest.fixture
def bob(cast: Cast) -> Person:
    return cast.person("bob")


@pytest.fixture
def carol(cast: Cast) -> Person:
    return cast.person("carol")


@pytest.fixture
def dave(cast: Cast) -> Person:
    return cast.person("dave")


@pytest.fixture
def erin(cast: Cast) -> Person:
    return cast.person("erin")


@pytest.fixture
def kim(cast: Cast) -> Person:
    return cast.person("kim")


@pytest.fixture
def kate(cast: Cast) -> Person:
    return cast.person("kate")


@pytest.fixture
def sam(cast: Cast) -> Person:
    return cast.person("sam")


@pytest.fixture
def ada(cast: Cast) -> Person:
    return cast.person("ada")


@pytest.fixture
def root(cast: Cast) -> Person:
    return cast.person("root")
