"""A borrower and somebody beside them, on a PostgreSQL server of the tests' own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adversary.databases.foe import Scene
from tests.postgres.bank import Bank
from tests.postgres.conftest import _accounts, bank, server, thorough

__all__ = ["_accounts", "bank", "server", "thorough"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.enable_socket)


@pytest.fixture
def scene(bank: Bank) -> Iterator[Scene]:
    scene = Scene(bank)
    yield scene
    scene.clean_up()
