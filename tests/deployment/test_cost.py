"""The model of cost: from the templates, with a reason for all that is paid for."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from deployment.cost import (
    HOURS,
    WRITES,
    alarm_metrics,
    beside,
    idle,
    keys,
    report,
    session,
    total,
)
from deployment.prices import PRICES
from pam.aws.dynamodb_sessions import DynamoDbSessions
from stacks.synthesis import build, new_app, templates
from tests.contract.conftest import TABLES, aws, table
from tests.deployment.counting import Counting
from tests.fakes.story import Story

__all__ = ["aws", "table"]
DOCS = Path(__file__).resolve().parent.parent.parent / "docs" / "cost.md"
IDLE_AT_MOST = 3.2
SESSION_AT_MOST = 0.0008


@pytest.fixture(scope="module")
def prod() -> Mapping[str, Any]:
    app = new_app("prod")
    build(app)
    return templates(app)


def rows() -> dict[str, tuple[int, float]]:
    """Metrics and price of each alarm, as the page has them."""
    text = DOCS.read_text(encoding="utf-8")
    found = re.findall(
        r"^\| `([a-z0-9-]+)` \| (\d+) \| (\d\.\d\d) \| .{15,} \|$", text, re.MULTILINE
    )
    return {name: (int(metrics), float(usd)) for name, metrics, usd in found}


def test_each_alarm_has_its_price_and_its_reason_on_the_page(prod: Mapping[str, Any]) -> None:
    priced = rows()
    for alarm, metrics in alarm_metrics(prod).items():
        name = alarm.removeprefix("pam-prod-")
        assert priced[name] == (metrics, round(PRICES["alarm"].of(metrics), 2)), name


def test_an_alarm_that_has_no_row_is_found() -> None:
    assert "an-alarm-that-nobody-knows" not in rows()


def test_idle_without_keys_is_cheap(prod: Mapping[str, Any]) -> None:
    assert any("-activity-" in name for name in prod), "the forwarder is paid for, too"
    assert 2 < total(idle(prod)) <= IDLE_AT_MOST


def test_each_key_is_on_the_page(prod: Mapping[str, Any]) -> None:
    (line,) = keys(prod)
    assert (line.quantity, line.usd) == (5, 5.0)
    text = DOCS.read_text(encoding="utf-8")
    for row in ("| data (foundation) |", "| log (foundation) |", "| proofs (service), three:"):
        assert row in text
    (dashboard,) = beside(prod)
    assert dashboard.usd == 3.0


def with_one_more(
    prod: Mapping[str, Any], kind: str, properties: Mapping[str, Any]
) -> dict[str, Any]:
    service = prod["pam-prod-service"]
    more = {"OneMore": {"Type": kind, "Properties": properties}}
    return {**prod, "pam-prod-service": {"Resources": service["Resources"] | more}}


METRIC = {"MetricStat": {"Metric": {}}}
MORE: dict[str, tuple[str, dict[str, Any], float]] = {
    "an alarm": ("AWS::CloudWatch::Alarm", {"AlarmName": "more"}, 0.10),
    "an alarm of three metrics": (
        "AWS::CloudWatch::Alarm",
        {"AlarmName": "more", "Metrics": [{"Expression": "SUM"}, METRIC, METRIC, METRIC]},
        0.30,
    ),
    "a queue that is polled": ("AWS::Lambda::EventSourceMapping", {}, 0.2628),
    "a stream that is followed": (
        "AWS::Lambda::EventSourceMapping",
        {"StartingPosition": "LATEST"},
        0,
    ),
}


@pytest.mark.parametrize("case", MORE)
def test_whatever_is_added_to_a_template_is_counted(prod: Mapping[str, Any], case: str) -> None:
    kind, properties, usd = MORE[case]
    more = total(idle(with_one_more(prod, kind, properties))) - total(idle(prod))
    assert more == pytest.approx(usd, abs=1e-6)


def test_what_a_clock_calls_is_counted_by_its_rate(prod: Mapping[str, Any]) -> None:
    (tick,) = (
        logical
        for logical, each in prod["pam-prod-service"]["Resources"].items()
        if each["Properties"].get("Handler") == "tick.handler"
    )

    def calls(rate: str) -> float:
        rule = {
            "ScheduleExpression": rate,
            "Targets": [{"Arn": {"Fn::GetAtt": [tick, "Arn"]}}],
        }
        lines = idle(with_one_more(prod, "AWS::Events::Rule", rule))
        return next(line.quantity for line in lines if line.item == "calls by a clock")

    base = next(line.quantity for line in idle(prod) if line.item == "calls by a clock")
    assert calls("rate(1 minute)") - base == HOURS * 60
    assert calls("rate(5 minutes)") - base == HOURS * 12
    assert calls("rate(1 day)") - base == pytest.approx(HOURS / 24)


def test_a_function_that_a_clock_calls_and_that_is_traced_would_cost(
    prod: Mapping[str, Any],
) -> None:
    def traces(found: Mapping[str, Any]) -> float:
        return next(line.usd for line in idle(found) if line.item == "their traces")

    service = {
        logical: {**each, "Properties": each["Properties"] | {"TracingConfig": {"Mode": "Active"}}}
        if each["Type"] == "AWS::Lambda::Function"
        else each
        for logical, each in prod["pam-prod-service"]["Resources"].items()
    }
    assert traces(prod) == 0
    assert traces({**prod, "pam-prod-service": {"Resources": service}}) > 0.5


def test_the_report_has_each_price_and_adds_up(prod: Mapping[str, Any]) -> None:
    text = report("prod", prod)
    for price in PRICES.values():
        assert price.page in text
    sums = [float(found) for found in re.findall(r"^ +(\d+\.\d+)  in all$", text, re.MULTILINE)]
    parts = (idle(prod), keys(prod), beside(prod), session())
    assert sums == [pytest.approx(total(part), abs=1e-6) for part in parts]


def test_a_session_is_cheap() -> None:
    assert 0.0005 < total(session()) <= SESSION_AT_MOST


def test_what_a_session_writes_is_what_the_model_says(table: Any) -> None:
    counting = Counting(table)
    story = Story(store=DynamoDbSessions(counting, TABLES))  # type: ignore[arg-type]
    live: Callable[[str], Any] = story.lease
    given = story.granted(seconds=3600).session_id
    live(given)
    story.later(minutes=30)
    live(given)
    story.later(minutes=31)
    story.end_due(given)
    steps = WRITES["session, records, what belongs to them"]
    assert counting.table_units == pytest.approx(steps, rel=0.1)
    assert counting.index_units == pytest.approx(WRITES["the same in the indexes"], rel=0.1)
