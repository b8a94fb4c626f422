"""The auditor carries each record once and in order, whatever wakes it, and loses none."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from pam.domain.audit_record import Record
from pam.operations import deliver_records as module
from pam.operations.deliver_records import BusyError, deliver_records
from pam.ports.audit import Claimed, PolicySetMissing
from tests.fakes.story import NOON

STEPS = ["log group", "archive", "bus", "mark"]
LAW = "5" * 64


@dataclass
class Places:
    """Outbox, log group, archive and bus at once; `dies` names the call that the next fault hits,
    and whether the call had its effect.
    """

    records: list[Record]
    mark: int = 0
    claimed: bool = False
    got: dict[str, list[int]] = field(default_factory=lambda: {step: [] for step in STEPS})
    dies: tuple[str, bool] | None = None
    policy_sets: set[str] = field(default_factory=lambda: {LAW})

    def keep_policy_sets(self, digests: Collection[str] = ()) -> None:
        for digest in digests:
            if digest not in self.policy_sets:
                raise PolicySetMissing(digest)

    def claim(self, owner: str, now: datetime) -> Claimed | None:
        del owner, now
        taken, self.claimed = self.claimed, True
        return None if taken else Claimed(delivered=self.mark, taken=len(self.records))

    def undelivered(self, owner: str, claimed: Claimed) -> list[Record]:
        del owner
        return [record for record in self.records if record["sequence"] > claimed.delivered]

    def append(self, records: Sequence[Record]) -> None:
        self._take("log group", records)

    def keep(self, records: Sequence[Record]) -> None:
        self._take("archive", records)

    def publish(self, records: Sequence[Record]) -> None:
        self._take("bus", records)

    def settle(self, owner: str, delivered: int, records: Sequence[Record], now: datetime) -> None:
        del owner, now
        if self.mark == delivered:
            self._take("mark", records)
            self.mark, self.claimed = records[-1]["sequence"], False

    def release(self, owner: str) -> None:
        del owner
        self.claimed = False

    def _take(self, step: str, records: Sequence[Record]) -> None:
        dying, effective = self.dies or ("", False)
        if step == dying:
            self.dies = None
        if step != dying or effective:
            self.got[step] += [record["sequence"] for record in records]
        if step == dying:
            if step == "mark" and effective:
                self.mark = records[-1]["sequence"]
            raise ConnectionError(step)


def everywhere(last: int) -> dict[str, list[int]]:
    return {step: list(range(1, last + 1)) for step in STEPS}


@pytest.fixture
def places() -> Places:
    return Places(numbered(1, 2, 3))


def deliver(places: Places) -> int:
    return deliver_records(
        "S",
        clock=lambda: NOON,
        outbox=places,
        sink=places,
        archive=places,
        policies=places,
    )


def numbered(*numbers: int) -> list[Record]:
    return [{"sequence": number, "policy_version": LAW} for number in numbers]


def test_what_is_undelivered_is_delivered_once_and_in_order(places: Places) -> None:
    assert deliver(places) == 3
    assert deliver(places) == 3
    places.records += numbered(4)
    assert deliver(places) == 4
    assert places.got == everywhere(4)


def test_a_long_trail_is_delivered_in_parts(places: Places) -> None:
    places.records = numbered(*range(1, 301))
    assert deliver(places) == 300
    assert places.got == everywhere(300)


@pytest.mark.guarantee("G7")
@pytest.mark.parametrize("effective", [False, True], ids=["before its effect", "after its effect"])
@pytest.mark.parametrize("step", STEPS)
def test_wherever_the_auditor_dies_nothing_is_lost_and_what_comes_twice_is_the_same(
    places: Places, step: str, effective: bool
) -> None:
    places.dies = (step, effective)
    with pytest.raises(ConnectionError):
        deliver(places)
    assert deliver(places) == 3
    for name in STEPS:
        assert sorted(set(places.got[name])) == [1, 2, 3]
        assert places.got[name] in ([1, 2, 3], [1, 2, 3] * 2)
    assert places.got["mark"] == [1, 2, 3], "put up for sealing once"


def test_a_throttled_log_group_keeps_the_order(places: Places) -> None:
    for last in range(1, 6):
        places.records = numbered(*range(1, last + 1))
        places.dies = ("log group", False) if last % 2 else None
        try:
            deliver(places)
        except ConnectionError:
            assert places.got["log group"] == list(range(1, last))
    assert deliver(places) == 5
    assert places.got == everywhere(5)


def test_a_second_call_waits_for_the_first_and_finds_nothing_left(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    places.claimed = True
    waits: list[Any] = []

    def first_one_is_done(pause: float) -> None:
        waits.append(pause)
        places.mark, places.claimed = 3, False

    monkeypatch.setattr(module.time, "sleep", first_one_is_done)
    assert deliver(places) == 3
    assert len(waits) == 1
    assert places.got["log group"] == []


def test_a_call_that_waits_for_too_long_says_so(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    places.claimed = True
    monkeypatch.setattr(module.time, "sleep", lambda _: None)
    with pytest.raises(BusyError):
        deliver(places)


@pytest.mark.guarantee("G13")
def test_a_record_whose_policy_set_is_not_archived_goes_nowhere_until_it_is(
    places: Places,
) -> None:
    places.policy_sets.clear()
    with pytest.raises(PolicySetMissing, match=LAW):
        deliver(places)
    assert places.got == {step: [] for step in STEPS}
    assert not places.claimed, "the next call tries again at once"
    places.policy_sets.add(LAW)
    assert deliver(places) == 3
    assert places.got == everywhere(3)


def test_a_record_that_no_policy_decided_needs_none(places: Places) -> None:
    places.policy_sets.clear()
    places.records = [{"sequence": 1, "policy_version": ""}]
    assert deliver(places) == 1
