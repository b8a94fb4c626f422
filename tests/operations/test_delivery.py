"""The auditor carries each record once and in order, whatever wakes it, and loses none."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from pam.domain.audit_record import Record
from pam.operations import deliver_records as module
from pam.operations.deliver_records import BusyError, deliver_records
from tests.fakes.story import NOON


@dataclass
class FakeOutbox:
    records: list[Record]
    mark: int = 0
    claimed: bool = False

    def claim(self, session_id: str, now: datetime) -> bool:
        if self.claimed:
            return False
        self.claimed = True
        return True

    def undelivered(self, session_id: str) -> tuple[int, list[Record]]:
        return self.mark, [record for record in self.records if record["sequence"] > self.mark]

    def release(self, session_id: str, sequence: int) -> None:
        self.claimed, self.mark = False, max(self.mark, sequence)


@dataclass
class FakeSink:
    logged: list[int] = field(default_factory=list)
    told: list[int] = field(default_factory=list)
    down: bool = False

    def append(self, records: Any) -> None:
        if self.down:
            message = "throttled"
            raise ConnectionError(message)
        self.logged += [record["sequence"] for record in records]

    def publish(self, records: Any) -> None:
        self.told += [record["sequence"] for record in records]


@pytest.fixture
def outbox() -> FakeOutbox:
    return FakeOutbox([{"sequence": number} for number in (1, 2, 3)])


def deliver(outbox: FakeOutbox, sink: FakeSink) -> int:
    return deliver_records("S", clock=lambda: NOON, outbox=outbox, sink=sink)


def test_what_is_undelivered_is_delivered_once_and_in_order(outbox: FakeOutbox) -> None:
    sink = FakeSink()
    assert deliver(outbox, sink) == 3
    assert deliver(outbox, sink) == 3
    outbox.records.append({"sequence": 4})
    assert deliver(outbox, sink) == 4
    assert sink.logged == sink.told == [1, 2, 3, 4]


@pytest.mark.guarantee("G7")
def test_what_the_log_group_does_not_take_is_delivered_by_the_next_call(
    outbox: FakeOutbox,
) -> None:
    sink = FakeSink(down=True)
    with pytest.raises(ConnectionError):
        deliver(outbox, sink)
    sink.down = False
    assert deliver(outbox, sink) == 3
    assert sink.logged == [1, 2, 3]


def test_a_second_call_waits_for_the_first_and_finds_nothing_left(
    outbox: FakeOutbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox.claimed = True
    waits = []

    def first_one_is_done(_: float) -> None:
        waits.append(timedelta(0))
        outbox.release("S", 3)

    monkeypatch.setattr(module.time, "sleep", first_one_is_done)
    sink = FakeSink()
    assert deliver(outbox, sink) == 3
    assert len(waits) == 1
    assert sink.logged == []


def test_a_call_that_waits_for_too_long_says_so(
    outbox: FakeOutbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox.claimed = True
    monkeypatch.setattr(module.time, "sleep", lambda _: None)
    with pytest.raises(BusyError):
        deliver(outbox, FakeSink())
