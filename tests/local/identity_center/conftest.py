from collections.abc import Iterator

import pytest

from tests.local.identity_center.centers import Case
from tests.local.identity_center.emulated import emulator


@pytest.fixture
def case() -> Case:
    return Case()


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of one emulator for all tests that look at real roles."""
    with emulator(tmp_path_factory.mktemp("emulator")) as endpoint:
        yield endpoint
