from collections.abc import Iterator

import pytest

from pam.policy.cedar import CedarPolicy
from tests.kinds.story import DoorStory
from tests.kinds.table import catalogue, with_badges


@pytest.fixture(autouse=True, scope="module")
def badges() -> Iterator[None]:
    with with_badges():
        yield


@pytest.fixture(scope="module")
def policy(badges: None) -> CedarPolicy:
    return CedarPolicy(catalogue())


@pytest.fixture
def story(policy: CedarPolicy) -> DoorStory:
    return DoorStory(policy=policy)
