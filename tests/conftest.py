"""For all tests."""

import pytest
from hypothesis import settings

# How long an example takes says more of the machine than of the code.
settings.register_profile("any-machine", deadline=None)
settings.load_profile("any-machine")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes minutes comes first: started last, it would keep one of two workers waiting."""
    items.sort(key=lambda item: item.path.parent.name != "crash")
