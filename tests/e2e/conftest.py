"""One local stack for all end-to-end tests, gone when they are over, however they end."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from local import okta_beside, slack_beside
from local.cast import Cast, Person
from local.okta import opinions as okta_opinions
from local.slack import opinions as slack_opinions
from local.stack import down, up
from local.state import State
from tests.e2e import bus, leftovers
from tests.e2e.function_calls import Hands, Place, own_credentials

PEOPLE = ("alice", "bob", "carol", "dave", "erin", "kim", "kate", "sam", "ada", "root")


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
    # Whatever was said in the whole run, by those who made Slack's models and types, Okta's SDK.
    state = State(state_dir)
    of_slack = slack_opinions.of_files([slack_beside.recorded_calls(state)])
    of_okta = okta_opinions.of_files([okta_beside.recorded_calls(state)])
    down(state_dir)
    assert (of_slack, of_okta) == ([], [])


@pytest.fixture(autouse=True)
def _nothing_is_left_open(cast: Cast) -> Iterator[None]:
    """So that nobody meets a limit per person because of what other tests left to them.

    What fixtures of a module or of the whole run opened goes on.
    """
    began = datetime.now(UTC)
    yield
    leftovers.close(cast, since=began)


@pytest.fixture(scope="module")
def heard(cast: Cast) -> list[dict[str, Any]]:
    """Everything that PAM says on the bus from now on, as far as `bus.listen` has taken it in."""
    bus.subscribe(cast)
    return []


@pytest.fixture(scope="module")
def place(cast: Cast) -> Place:
    found = Place(cast)
    assert found.used_token
    cast.checkpoint()  # so that the archive holds something of each kind
    return found


@pytest.fixture(scope="module")
def hands(place: Place) -> dict[str, Hands]:
    """Every function's credentials, as the Lambda service gives them to its process."""
    return {name: own_credentials(place, name) for name in place.functions}


def _fixture_of(name: str) -> Any:
    @pytest.fixture(name=name)
    def person(cast: Cast) -> Person:
        return cast.person(name)

    return person


# `alice`, `bob` and the others: each is a fixture of that name.
globals().update({name: _fixture_of(name) for name in PEOPLE})
