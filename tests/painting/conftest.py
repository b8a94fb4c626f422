"""A world for each test."""

from collections.abc import Iterator

import pytest

from tests.painting.world import World, world


@pytest.fixture
def painted() -> Iterator[World]:
    with world() as made:
        yield made
