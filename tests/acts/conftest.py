"""PAM's functions in this process, on the emulator's tables."""

from collections.abc import Iterator

import pytest

from local.bench.in_process import Deployed
from local.bench.in_process import deployed as in_process


@pytest.fixture
def deployed() -> Iterator[Deployed]:
    with in_process() as made:
        yield made
