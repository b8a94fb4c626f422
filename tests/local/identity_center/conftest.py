import pytest

from tests.local.identity_center.centers import Case


@pytest.fixture
def case() -> Case:
    return Case()
