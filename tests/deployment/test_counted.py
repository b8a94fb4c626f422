"""Counts, added up and priced."""

from pathlib import Path

import pytest

from deployment.counted import (
    API,
    COLD_SECONDS,
    CPU,
    DOOR,
    LOG,
    NOBODY,
    QUEUED,
    RUNS,
    SECONDS_OF_A_CALL,
    TABLE_CALLS,
    WRITE,
    Count,
    Counted,
    Session,
    by_these,
    cold,
    cold_starts,
    keys_fetched,
    minus,
    plus,
    priced,
    read,
    times,
    total,
    whole_session,
    write,
)
from deployment.prices import PRICES

MEMORY = {"tick": 0.5, "request_api": 1.0, "audit_session": 2.0}
EACH: dict[str, tuple[Count, str, float]] = {
    "a call of the API": ({(NOBODY, API): 3}, "api-call", 3),
    "a write unit": ({("tick", WRITE): 7}, "wru", 7),
    "a log's bytes": ({("tick", LOG): 2e9}, "log-gb", 2),
    "what is queued": ({(NOBODY, QUEUED): 2}, "sqs", 6),
    "a MAC": ({("tick", "kms:VerifyMac"): 2}, "kms-request", 2),
    "a signature": ({("tick", "kms:Sign"): 2}, "kms-ecc", 2),
    "an object": ({("tick", "s3:PutObject"): 2}, "s3-put", 2),
    "an object that is read": ({("tick", "s3:GetObject"): 2}, "s3-get", 2),
    "a secret that is read": ({("tick", "secretsmanager:GetSecretValue"): 2}, "secret-call", 2),
    "an event": ({("tick", "events:PutEvents"): 2}, "event", 2),
    "a notice": ({("tick", "sns:Publish"): 2}, "sns", 2),
}


@pytest.mark.parametrize("case", EACH)
def test_each_thing_that_was_counted_has_its_price(case: str) -> None:
    count, price, quantity = EACH[case]
    (line,) = priced(count, MEMORY)
    assert (line.price, line.quantity) == (price, quantity)
    assert line.usd == PRICES[price].of(quantity)


@pytest.mark.parametrize("action", ["sts:AssumeRole", "iam:PutRolePolicy", "logs:PutLogEvents"])
def test_what_is_free_costs_nothing(action: str) -> None:
    assert priced({("tick", action): 1000}, MEMORY) == []


def test_a_service_of_which_no_price_is_known_is_not_free() -> None:
    with pytest.raises(ValueError, match="rekognition:DetectFaces: no price is known"):
        priced({("tick", "rekognition:DetectFaces"): 1}, MEMORY)


def test_a_run_costs_its_memory_times_its_processor_and_its_calls() -> None:
    count: Count = {
        ("tick", RUNS): 2,
        ("tick", CPU): 0.1,
        ("tick", "kms:Sign"): 10,
        ("audit_session", RUNS): 1,
        ("audit_session", CPU): 0.1,
    }
    lines = {line.item: line.quantity for line in priced(count, MEMORY)}
    assert lines["function runs"] == 3
    half, whole = 0.1 * 1769 / 512, 0.1
    expected = 0.5 * (half + 10 * SECONDS_OF_A_CALL) + 2 * whole
    assert lines["their time, GB-seconds"] == pytest.approx(expected)


def test_what_is_not_deployed_costs_nothing_here() -> None:
    count: Count = {("witness_log", RUNS): 1, ("witness_log", WRITE): 5, (NOBODY, API): 1}
    assert by_these(count, MEMORY) == {(NOBODY, API): 1}
    assert total(priced(count, MEMORY)) == PRICES["api-call"].of(1)


def test_cold_starts_are_of_what_no_clock_keeps_warm_and_the_door_has_one_a_person() -> None:
    count: Count = {("tick", RUNS): 9, (DOOR, RUNS): 9, ("audit_session", RUNS): 4}
    starts = cold_starts(count, {"tick"}, people=3)
    assert starts == {DOOR: 3, "audit_session": 1}
    line = cold(starts, MEMORY, COLD_SECONDS)
    assert line.quantity == pytest.approx((3 * 1.0 + 1 * 2.0) * COLD_SECONDS)


def test_a_key_is_fetched_by_runs_that_touch_tables_by_publishes_and_by_objects() -> None:
    count: Count = {
        (DOOR, RUNS): 3,
        (DOOR, TABLE_CALLS): 20,
        ("tick", RUNS): 5,
        ("tick", TABLE_CALLS): 5,
        ("audit_session", RUNS): 7,
        ("audit_session", "s3:PutObject"): 2,
        ("audit_session", "sns:Publish"): 1,
    }
    assert keys_fetched(count, {"tick"}).quantity == 3 + 2 + 1


def test_nothing_is_ever_less_than_nothing() -> None:
    left = minus({("tick", RUNS): 3, ("tick", WRITE): 1}, {("tick", RUNS): 1, ("tick", WRITE): 2})
    assert left == {("tick", RUNS): 2}


COUNTED = Counted(
    on="2026-11-26",
    sessions={
        "aws-role": Session(
            resource="ledger",
            approvals=2,
            leases=2,
            count={(NOBODY, API): 5, ("tick", WRITE): 1.25},
        )
    },
    look={(NOBODY, API): 1, (DOOR, WRITE): 2},
    matched={("find_dark_calls", WRITE): 1},
    notice={("send_notices", RUNS): 1},
    acts={("record_activity", RUNS): 10},
    lone_act={("record_activity", RUNS): 1},
    clock={"Tick": {("tick", RUNS): 1}},
)


def test_a_whole_session_has_its_looks_its_notices_and_each_of_its_calls_matched() -> None:
    whole = whole_session(COUNTED, "aws-role", looks=3, notices=2)
    assert whole == {
        (NOBODY, API): 8,
        ("tick", WRITE): 1.25,
        (DOOR, WRITE): 6,
        ("find_dark_calls", WRITE): 8,
        ("send_notices", RUNS): 2,
    }
    assert plus(times(whole, 2), whole) == times(whole, 3)


def test_counts_are_read_as_they_were_written(tmp_path: Path) -> None:
    write(COUNTED, tmp_path / "cost.json")
    assert read(tmp_path / "cost.json") == COUNTED
