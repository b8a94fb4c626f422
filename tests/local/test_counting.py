"""Counting what functions call: the switch, what is written down, how many items a call has."""

import json
from pathlib import Path
from typing import Any

import pytest

from local.bridges import counting
from local.bridges.counting import Called, counted, read_counted
from local.state import State


@pytest.fixture
def state(tmp_path: Path) -> State:
    state = State(tmp_path)
    state.scratch.mkdir()
    return state


def test_calls_are_written_down_while_it_is_on_and_what_was_there_before_is_forgotten(
    state: State,
) -> None:
    assert read_counted(state) == []
    state.counted.write_text("of an earlier run\n")
    call = {"function": "tick", "action": "dynamodb:Query", "items": 1, "at": 12.5}
    with counted(state):
        assert state.counting.exists()
        state.counted.write_text(f"{json.dumps(call)}\n")
    assert not state.counting.exists()
    assert read_counted(state) == [
        Called(function="tick", action="dynamodb:Query", items=1, at=12.5)
    ]


def test_it_is_off_again_when_its_body_fails(state: State) -> None:
    with pytest.raises(ZeroDivisionError), counted(state):
        _ = 1 / 0
    assert not state.counting.exists()


@pytest.mark.parametrize(
    ("request_body", "items"),
    [
        ({"TransactItems": [{"Put": {}}, {"Update": {}}]}, 2),
        ({"RequestItems": {"a": {"Keys": [{}, {}]}, "b": {"Keys": [{}]}}}, 3),
        ({"RequestItems": {"a": [{"PutRequest": {}}]}}, 1),
        ({"Entries": [{}, {}, {}]}, 3),
        ({"TableName": "a", "Item": {}}, 1),
        ([1, 2], 1),
    ],
)
def test_a_call_has_as_many_items_as_it_names(request_body: Any, items: int) -> None:
    assert counting._items(json.dumps(request_body).encode()) == items


@pytest.mark.parametrize("body", [b"", b"Action=AssumeRole&Version=2011", b"\xff\x00"])
def test_a_call_that_is_not_json_has_one(body: bytes) -> None:
    assert counting._items(body) == 1
