"""No act asks for more, or consumes more, where more is stored."""

import pytest

from local.bench.flat import BAR, OPEN, Cost, costs

_FEW, _MANY = 100, 5_000


@pytest.fixture(scope="module")
def few() -> dict[str, Cost]:
    return costs(_FEW)


@pytest.fixture(scope="module")
def many() -> dict[str, Cost]:
    return costs(_MANY)


def test_each_act_makes_the_same_calls_and_consumes_as_much(
    few: dict[str, Cost], many: dict[str, Cost]
) -> None:
    assert OPEN < _FEW
    for name, cost in many.items():
        assert cost.calls == few[name].calls, name
        assert cost.units <= BAR * few[name].units, name
        assert cost.told == few[name].told, name


def test_what_is_reckoned_from_item_sizes_is_what_the_table_says_of_writes(
    many: dict[str, Cost],
) -> None:
    """Of reads the table in this process says too little, never too much."""
    for name, cost in many.items():
        assert cost.written == cost.told_written, name
        assert cost.units - cost.written >= cost.told - cost.told_written > 0, name
