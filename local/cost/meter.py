"""Slices of what the emulator's door counted, as counts that can be added, divided and priced."""

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from deployment.counted import (
    API,
    CPU,
    INDEX,
    LOG,
    NOBODY,
    READ,
    RUNS,
    TABLE_CALLS,
    WRITE,
    Count,
    minus,
    plus,
    times,
)
from local.bridges.metering import read_meter
from local.cast import Cast, NotSeenError
from local.state import State

_QUIET = 1.5
"""Seconds without anything to count, after which nothing is taken to come."""
_QUIET_WITHIN = 120.0


Lines = Sequence[Mapping[str, Any]]
MATCHES = "MatchCalls"
"""The message of the search for calls past the gateway: it looks at each call of the API a minute
or more later, so what it does belongs to calls and not to whatever goes on at the time.
"""


@dataclass
class Meter:
    """A running stack whose meter is on."""

    cast: Cast
    state: State
    idle: dict[str, Count] = field(default_factory=dict)
    """One run of what a clock calls, by its message, where there is nothing to do."""

    def mark(self) -> int:
        """Where the next slice begins."""
        return len(read_meter(self.state))

    def since(self, mark: int) -> Lines:
        return read_meter(self.state)[mark:]

    def quiet(self) -> None:
        """Waits until nothing was counted for a while. Raises NotSeenError if it never ends."""
        deadline, last, size = time.monotonic() + _QUIET_WITHIN, time.monotonic(), -1
        while time.monotonic() - last < _QUIET:
            now = self.state.metered.stat().st_size if self.state.metered.exists() else 0
            if now != size:
                size, last = now, time.monotonic()
            if time.monotonic() > deadline:
                message = "the stack does not come to rest: somebody else uses it"
                raise NotSeenError(message)
            time.sleep(0.1)

    def call(self, message: str) -> dict[str, Any]:
        """Has a function do now what a clock has it do."""
        function, event = self.clock[message]
        return self.cast.invoke(function, event)

    def beside_the_clock(self, mark: int) -> Count:
        """What went on, without what the clock would have done anyway."""
        lines = self.since(mark)
        matching = self.clock[MATCHES][0]
        found = self.count([each for each in lines if self._handler(each) != matching])
        runs = self.runs_of_the_clock(lines)
        anyway = [
            times(self.idle[message], number)
            for message, number in runs.items()
            if message != MATCHES
        ]
        return minus(found, plus(*anyway))

    def matching(self, mark: int) -> Count:
        """What the search for calls past the gateway did beyond looking."""
        lines = self.since(mark)
        matching = self.clock[MATCHES][0]
        found = self.count([each for each in lines if self._handler(each) == matching])
        return minus(found, times(self.idle[MATCHES], self.runs_of_the_clock(lines)[MATCHES]))

    def count(self, lines: Lines) -> Count:
        found: Counter[tuple[str, str]] = Counter()
        for line in lines:
            for what, number in _charged(line):
                found[self._handler(line), what] += number  # type: ignore[assignment]
        warm = Counter(self._handler(each) for each in lines if _is_warm(each))
        for by, what in list(found):
            if what == CPU and warm[by]:
                # A first run here says nothing of Lambda: its time is taken from the others'.
                found[by, CPU] *= found[by, RUNS] / warm[by]  # type: ignore[assignment]
        return {key: number for key, number in found.items() if number}

    def _handler(self, line: Mapping[str, Any]) -> str:
        return self._handlers.get(line["by"], NOBODY)

    @cached_property
    def _handlers(self) -> dict[str, str]:
        pages = self.cast.person("root").client("lambda").get_paginator("list_functions")
        return {
            each["FunctionName"]: each["Handler"].removesuffix(".handler")
            for page in pages.paginate()
            for each in page["Functions"]
        }

    @cached_property
    def clock(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """What a clock calls: by message, the function and the whole event."""
        events = self.cast.person("root").client("events")
        found = {}
        for rule in events.list_rules()["Rules"]:
            if "ScheduleExpression" not in rule:
                continue
            for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]:
                function, event = target["Arn"].rpartition(":")[2], json.loads(target["Input"])
                found[str(event["message"])] = (self._handlers[function], event)
        return found

    def runs_of_the_clock(self, lines: Lines) -> Counter[str]:
        runs = (each["message"] for each in lines if each["what"] == "run")
        return Counter(message for message in runs if message in self.clock)


def _charged(line: Mapping[str, Any]) -> list[tuple[str, float]]:
    match line["what"]:
        case "api":
            return [(API, 1)]
        case "run":
            return [(RUNS, 1), (CPU, line["cpu"] if _is_warm(line) else 0.0)]
        case "log":
            return [(LOG, line["bytes"])]
        case "table":
            return [(READ, line["read"]), (WRITE, line["write"]), (INDEX, line["index"])]
        case _:
            calls = [(line["action"], line["entries"])]
            of_tables = line["action"].startswith("dynamodb:")
            return [*calls, (TABLE_CALLS, 1)] if of_tables else calls


def _is_warm(line: Mapping[str, Any]) -> bool:
    return line["what"] == "run" and not line["cold"]
