"""No act asks for more, or consumes more, where more is stored."""

import pytest

from local.bench import flat
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


@pytest.mark.parametrize(("more", "verdict"), [(0, "met"), (1, "missed"), (-1, "missed")])
def test_another_number_of_calls_misses_a_bar_though_it_consumes_as_much(
    monkeypatch: pytest.MonkeyPatch, more: int, verdict: str
) -> None:
    def costs_of(stored: int) -> dict[str, Cost]:
        calls = 5 + more * (stored == 10)
        return {"check": Cost(calls=calls, units=9, told=9, written=2, told_written=2)}

    monkeypatch.setattr(flat, "costs", costs_of)
    capacity, calls = flat.bench(stored=(1, 10, 100))
    assert capacity.verdict == "met"
    assert calls.verdict == verdict
    assert ("check" in calls.bound) is (verdict == "missed")
