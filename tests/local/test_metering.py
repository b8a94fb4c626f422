"""What the emulator's door counts: DynamoDB's units, and slices without what the clock would do."""

import json
from pathlib import Path
from typing import Any

import pytest

from deployment.counted import CPU, NOBODY, READ, RUNS, WRITE, Count
from local.bridges.metering import _entries, _units, metered, read_meter
from local.cast import Cast
from local.cost.meter import Meter
from local.state import State

ITEM = {"pk": {"S": "x"}}


def size_of(item: Any) -> int:
    """Of an item that says its own size."""
    return int(item.get("size", 100))


def sized(*sizes: int) -> list[dict[str, int]]:
    return [{"size": size} for size in sizes]


CONSUMED = {"TableName": "t", "CapacityUnits": 9.0}
INDEXES = {"GlobalSecondaryIndexes": {"a": {"CapacityUnits": 2.0}, "b": {"CapacityUnits": 1.0}}}
UNITS: dict[str, tuple[str, dict[str, Any], dict[str, Any], tuple[float, float, float]]] = {
    "a write": ("PutItem", {}, {"ConsumedCapacity": CONSUMED}, (0, 9, 0)),
    "with its indexes": ("PutItem", {}, {"ConsumedCapacity": CONSUMED | INDEXES}, (0, 6, 3)),
    "a transaction over two tables": (
        "TransactWriteItems",
        {},
        {"ConsumedCapacity": [CONSUMED | INDEXES, CONSUMED]},
        (0, 15, 3),
    ),
    "a refused write": ("UpdateItem", {}, {"__type": "x"}, (0, 1, 0)),
    "a refused transaction": ("TransactWriteItems", {"TransactItems": [1, 2, 3]}, {}, (0, 6, 0)),
    "a read": ("GetItem", {"ConsistentRead": True}, {"Item": {"size": 4096}}, (1, 0, 0)),
    "a read of more": ("GetItem", {"ConsistentRead": True}, {"Item": {"size": 4097}}, (2, 0, 0)),
    "a read that need not be newest": ("GetItem", {}, {"Item": {"size": 4097}}, (1, 0, 0)),
    "a read that says so": ("GetItem", {"ConsistentRead": False}, {"Item": {}}, (0.5, 0, 0)),
    "a read of nothing": ("GetItem", {"ConsistentRead": True}, {}, (1, 0, 0)),
    "a query adds up before it rounds": (
        "Query",
        {},
        {"Items": sized(3000, 3000, 3000), "ScannedCount": 3},
        (1.5, 0, 0),
    ),
    "what a filter left out was read": (
        "Query",
        {},
        {"Items": sized(4096), "ScannedCount": 4},
        (2, 0, 0),
    ),
    "a query that finds nothing": ("Query", {}, {"Items": [], "ScannedCount": 0}, (0.5, 0, 0)),
    "a batch rounds each": (
        "BatchGetItem",
        {"RequestItems": {"t": {"Keys": [1, 2, 3], "ConsistentRead": True}}},
        {"Responses": {"t": sized(5000, 10)}},
        (4, 0, 0),
    ),
    "a transaction reads twice": (
        "TransactGetItems",
        {},
        {"Responses": [{"Item": {"size": 10}}, {}]},
        (4, 0, 0),
    ),
}


@pytest.mark.parametrize("case", UNITS)
def test_units_are_counted_as_dynamodb_charges_them(case: str) -> None:
    operation, data, answer, expected = UNITS[case]
    found = _units(operation, data, answer, size_of)
    assert (found["read"], found["write"], found["index"]) == expected


def test_each_event_of_a_call_is_charged() -> None:
    body = json.dumps({"Entries": [{}, {}, {}]}).encode()
    assert _entries("events:PutEvents", body) == 3
    assert _entries("sns:Publish", b"") == 1


def test_the_meter_is_off_again_however_its_body_ends(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.scratch.mkdir()
    state.metered.write_text('{"what": "old"}\n')

    def interrupted() -> None:
        with metered(state):
            assert read_meter(state) == [], "what was counted before is forgotten"
            assert state.metering.exists()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not state.metering.exists()


def run(by: str, message: str = "", *, cpu: float = 0.1, cold: bool = False) -> dict[str, Any]:
    return {"what": "run", "by": by, "message": message, "cpu": cpu, "cold": cold}


def wrote(by: str, units: int) -> dict[str, Any]:
    return {"what": "table", "by": by, "read": 1, "write": units, "index": 0}


IDLE: dict[str, Count] = {
    "Tick": {("tick", RUNS): 1, ("tick", READ): 1},
    "MatchCalls": {("find_dark_calls", RUNS): 1},
}


@pytest.fixture
def meter(tmp_path: Path) -> Meter:
    """Of functions that are named as their handlers are."""
    built = Meter(Cast(tmp_path), State(tmp_path), idle=IDLE)
    names = ("tick", "find_dark_calls", "request_api", "revoke_session")
    vars(built)["_handlers"] = {name: name for name in names}
    vars(built)["clock"] = {"Tick": ("tick", {}), "MatchCalls": ("find_dark_calls", {})}
    built.state.scratch.mkdir()
    return built


def happened(meter: Meter, *lines: dict[str, Any]) -> None:
    with meter.state.metered.open("a") as seen:
        seen.writelines(json.dumps(line) + "\n" for line in lines)


def test_what_the_clock_would_have_done_anyway_is_left_out(meter: Meter) -> None:
    happened(meter, wrote("request_api", 99))
    mark = meter.mark()
    happened(
        meter,
        {"what": "api", "by": ""},
        run("request_api"),
        wrote("request_api", 7),
        run("tick", "Tick"),
        wrote("tick", 5),
        run("find_dark_calls", "MatchCalls"),
        wrote("find_dark_calls", 3),
    )
    count = meter.beside_the_clock(mark)
    assert count["request_api", WRITE] == 7, "and not what was before"
    assert count["tick", WRITE] == 5, "what this run did more than an idle one"
    assert ("tick", RUNS) not in count
    assert not any(by == "find_dark_calls" for by, _ in count), "it belongs to calls"
    assert meter.matching(mark) == {
        ("find_dark_calls", WRITE): 3,
        ("find_dark_calls", READ): 1,
        ("find_dark_calls", CPU): 0.1,
    }


def test_a_run_of_the_same_function_for_a_session_is_the_sessions(meter: Meter) -> None:
    happened(meter, run("tick", "SomethingElse"), run("tick", "Tick"))
    assert meter.beside_the_clock(0)["tick", RUNS] == 1


def test_a_first_run_is_taken_for_as_long_as_the_others(meter: Meter) -> None:
    happened(meter, run("tick", cpu=9, cold=True), run("tick", cpu=0.2), run("tick", cpu=0.4))
    assert meter.count(meter.since(0))["tick", CPU] == pytest.approx(0.9)


def test_what_no_function_causes_is_nobodys(meter: Meter) -> None:
    happened(meter, {"what": "log", "by": "", "bytes": 300}, {"what": "api", "by": ""})
    assert {by for by, _ in meter.count(meter.since(0))} == {NOBODY}
