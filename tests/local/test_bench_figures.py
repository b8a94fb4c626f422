"""What a bench tells: ratios to a reference, verdicts, and what is kept of them."""

import copy
import json
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from local.bench import machine
from local.bench.figure import (
    HEAD,
    Breakdown,
    Figure,
    from_document,
    of_seconds,
    row,
    shown,
    shown_ratio,
    to_document,
)
from local.bench.held import until_asked
from local.bench.needed import Act, breakdown_of, figure_of, needed_of
from local.bench.processes import spent
from local.bench.rounds import in_turn
from local.bench.throughput import last_call, writes_of
from local.bridges.counting import Called

CHECK = Figure(
    name="check",
    value=0.03,
    unit="s",
    reference="a bare read",
    reference_value=0.02,
    bar=1.5,
    runs=60,
    slowest=0.05,
)
PARTS = Breakdown(title="parts", head=("part", "share"), rows=(("emulator", "80 %"),))
MACHINE = {"cores": 2, "cpu": "", "architecture": "riscv64", "measured_on": "2026-01-31"}


def test_a_ratio_on_its_bar_meets_it_and_one_above_misses_it() -> None:
    assert CHECK.ratio == pytest.approx(1.5)
    assert replace(CHECK, value=3.0, reference_value=2.0).met is True
    assert replace(CHECK, value=3.1, reference_value=2.0).met is False
    assert replace(CHECK, bar=None).met is None
    verdicts = [replace(CHECK, bar=bar).verdict for bar in (1.0, 2.0, None)]
    assert verdicts == ["missed", "met", "-"]


@pytest.mark.parametrize("without", [{"reference": ""}, {"reference_value": 0.0}])
def test_a_figure_without_a_reference_is_none(without: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="check: there is no reference"):
        replace(CHECK, **without)


def test_times_are_told_by_their_median_and_their_slowest() -> None:
    figure = of_seconds("act", [1.0, 9.0, 2.0], "bare", [0.5, 0.5, 7.0], bar=3)
    assert (figure.value, figure.slowest, figure.reference_value) == (2.0, 9.0, 0.5)
    assert (figure.ratio, figure.runs, figure.bar) == (4.0, 3, 3)


def test_the_reference_of_an_act_is_the_sum_of_its_bare_calls() -> None:
    needed = Counter({"read": 3, "write": 1})
    taken = {"read": [0.1, 0.3, 0.2], "write": [1.0, 2.0, 1.0], "act": [3.2, 3.2, 3.3]}
    act = Act(name="act", run=NotImplemented, on_the_way=(), besides={}, bar=3)
    figure = figure_of(act, taken, needed)
    assert figure.reference_value == pytest.approx(3 * 0.2 + 1.0)
    assert figure.ratio == pytest.approx(2.0)
    assert "4 bare calls" in figure.reference
    rows = breakdown_of(act, taken, needed).rows
    assert rows == (("read", "3", "200.0 ms"), ("write", "1", "1000.0 ms"))


def test_an_act_needs_what_the_functions_on_its_way_call_and_nothing_of_others() -> None:
    calls = [
        called("door", "dynamodb:GetItem"),
        called("door", "dynamodb:TransactWriteItems", items=3),
        called("auditor", "logs:PutLogEvents"),
        called("", "iam:PutRolePolicy"),
        called("door", "states:SendTaskSuccess"),
    ]
    assert needed_of(calls, {"door", ""}) == Counter(
        [
            "dynamodb:GetItem",
            "dynamodb:TransactWriteItems of 3",
            "iam:PutRolePolicy",
            "execution resumed for one empty task",
        ]
    )


def test_what_is_painted_at_slacks_pace_is_no_part_of_a_session_nor_of_its_reference() -> None:
    handlers = {"door": "request_api", "painter": "paint_slack"}
    calls = [
        called("door", "dynamodb:TransactWriteItems", items=4),
        called("door", "dynamodb:GetItem"),
        called("painter", "dynamodb:PutItem"),
        called("", "dynamodb:UpdateItem"),
    ]
    assert writes_of(calls, handlers) == 2
    door, painter = replace(calls[0], at=7.0), replace(calls[2], at=9.0)
    assert last_call([door, painter], handlers, 3.0) == 7.0
    assert last_call([painter], handlers, 3.0) == 3.0


def called(function: str, action: str, items: int = 1) -> Called:
    return Called(function=function, action=action, items=items, at=0.0)


def test_a_last_vote_is_not_measured_before_the_workflow_waits_for_it() -> None:
    """A vote that is faster would wait for the workflow's start, and need no call to resume it."""
    asked: list[dict[str, Any]] = []

    def get_item(**what: Any) -> dict[str, Any]:
        asked.append(what["Key"])
        return {"Item": {}} if len(asked) > 1 else {}

    table = SimpleNamespace(get_item=get_item)
    root = SimpleNamespace(client=lambda _: table)
    stack: Any = SimpleNamespace(parameter=lambda _: "sessions", person=lambda _: root)
    until_asked(stack, "S1")
    assert asked == [{"pk": {"S": "SESSION#S1"}, "sk": {"S": "TASK_TOKEN"}}] * 2


def test_acts_are_measured_in_turn() -> None:
    order: list[str] = []

    def act(name: str) -> float:
        order.append(name)
        return float(len(order))

    taken = in_turn({"a": lambda: act("a"), "b": lambda: act("b")}, 2)
    assert order == ["a", "b", "a", "b"]
    assert taken == {"a": [1.0, 3.0], "b": [2.0, 4.0]}


def test_processor_time_counts_from_before_and_in_full_for_a_process_that_is_new() -> None:
    before = {1: ("emulator", 5.0), 2: ("tick", 1.0), 3: ("gone", 9.0)}
    after = {1: ("emulator", 7.5), 2: ("tick", 1.0), 4: ("tick", 0.25)}
    assert spent(before, after) == {"emulator": 2.5, "tick": 0.25}


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.000011, "s", "11 us"),
        (0.0034, "s", "3.4 ms"),
        (0.051, "s", "51 ms"),
        (1.2, "s", "1.20 s"),
        (95.4, "MB", "95 MB"),
        (6, "states", "6 states"),
        (6.0, "states", "6 states"),
        (9.5, "units", "9.5 units"),
        (0.5, "units", "0.5 units"),
    ],
)
def test_values_are_shown_with_the_digits_that_mean_something(
    value: float, unit: str, text: str
) -> None:
    assert shown(value, unit) == text


def test_a_row_has_a_cell_for_each_heading() -> None:
    cells = row(replace(CHECK, note="warm"))
    assert len(cells) == len(HEAD)
    assert cells[:4] == ("check (warm)", "1.50", "1.5", "met")
    assert (shown_ratio(9.994), shown_ratio(43.2)) == ("9.99", "43")


def test_what_is_kept_of_a_run_is_what_was_measured() -> None:
    document = json.loads(json.dumps(kept()))
    assert document["machine"] == MACHINE
    assert document["figures"][0]["met"] is True
    figures, breakdowns = from_document(document)
    assert figures == [CHECK]
    assert breakdowns == [PARTS]


@pytest.mark.parametrize(
    ("field", "value"), [("ratio", 1.2), ("met", False), ("value", 9.0), ("bar", 1.0)]
)
def test_a_kept_figure_that_was_changed_by_hand_is_refused(field: str, value: object) -> None:
    document = copy.deepcopy(kept())
    document["figures"][0][field] = value
    with pytest.raises(ValueError, match="check: the ratio that was kept"):
        from_document(document)


def kept() -> dict[str, Any]:
    return to_document("people", [CHECK, PARTS], machine=MACHINE, seconds=61.04)


def test_the_machine_is_described_and_not_named() -> None:
    described = machine.describe()
    assert set(described) == {
        "cores",
        "cpu",
        "system",
        "architecture",
        "python",
        "measured_on",
    }
    assert machine._model("processor : 0\nmodel name\t: Some CPU 9\nmodel : 1\n") == "Some CPU 9"
    assert not machine._model("processor : 0\n")
