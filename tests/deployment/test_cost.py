"""The model of cost: from the templates and the counts, with a reason for all that is paid for."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cli import polling
from deployment import cost, cost_page, cost_report, slack_cost
from deployment.cost import HOURS, acts, alarm_metrics, beside, idle, keys, session, waiting
from deployment.counted import WRITE, Counted, read, times, total
from deployment.prices import PRICES
from pam.domain.kinds import AWS_ROLE, KINDS
from stacks.synthesis import build, new_app, templates

DOCS = Path(__file__).resolve().parent.parent.parent / "docs" / "cost.md"
IDLE_AT_MOST = 3.2
SESSION_AT_MOST, ANY_AT_MOST = 0.0008, 0.0009
"""Of a session of a prod role, if a cold start adds a second; of any kind, if it adds the second
and a half that is assumed.
"""
COUNTED = read()


@pytest.fixture(scope="module")
def prod() -> Mapping[str, Any]:
    app = new_app("prod")
    build(app)
    return templates(app)


@pytest.fixture(scope="module")
def slack() -> Mapping[str, Any]:
    return slack_cost.by_mode("prod")


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
    assert 2 < total(idle(prod, COUNTED)) <= IDLE_AT_MOST


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


METRIC: dict[str, Any] = {"MetricStat": {"Metric": {}}}
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
    more = total(idle(with_one_more(prod, kind, properties), COUNTED)) - total(idle(prod, COUNTED))
    assert more == pytest.approx(usd, abs=1e-6)


def test_what_a_clock_calls_is_counted_by_its_rate(prod: Mapping[str, Any]) -> None:
    (tick,) = (
        logical
        for logical, each in prod["pam-prod-service"]["Resources"].items()
        if each["Properties"].get("Handler") == "tick.handler"
    )

    def runs(rate: str, message: str = "Tick") -> float:
        target = {
            "Arn": {"Fn::GetAtt": [tick, "Arn"]},
            "Input": json.dumps({"message": message}),
        }
        rule = {"ScheduleExpression": rate, "Targets": [target]}
        lines = idle(with_one_more(prod, "AWS::Events::Rule", rule), COUNTED)
        return next(line.quantity for line in lines if line.item == "function runs")

    base = next(line.quantity for line in idle(prod, COUNTED) if line.item == "function runs")
    assert runs("rate(1 minute)") - base == HOURS * 60
    assert runs("rate(5 minutes)") - base == HOURS * 12
    assert runs("rate(1 day)") - base == pytest.approx(HOURS / 24)
    with pytest.raises(KeyError, match="NobodyCounted"):
        runs("rate(1 minute)", "NobodyCounted")


def test_a_function_that_a_clock_calls_and_that_is_traced_would_cost(
    prod: Mapping[str, Any],
) -> None:
    def traces(found: Mapping[str, Any]) -> float:
        return next(line.usd for line in idle(found, COUNTED) if line.item == "their traces")

    service = {
        logical: {**each, "Properties": each["Properties"] | {"TracingConfig": {"Mode": "Active"}}}
        if each["Type"] == "AWS::Lambda::Function"
        else each
        for logical, each in prod["pam-prod-service"]["Resources"].items()
    }
    assert traces(prod) == 0
    assert traces({**prod, "pam-prod-service": {"Resources": service}}) > 0.5


def test_the_report_has_each_price_and_adds_up(
    prod: Mapping[str, Any], slack: Mapping[str, Any]
) -> None:
    text = cost_report.text("prod", prod, COUNTED, COUNTED, slack)
    for price in PRICES.values():
        assert price.page in text
    sums = [float(found) for found in re.findall(r"^ +(\d+\.\d+)  in all$", text, re.MULTILINE)]
    parts = cost_report.parts("prod", prod, COUNTED, slack)
    assert sums == [pytest.approx(total(part), abs=1e-6) for _, part in parts]
    document = json.loads(json.dumps(cost_report.document("prod", prod, COUNTED, slack)))
    assert [part["usd"] for part in document["parts"].values()] == [total(p) for _, p in parts]


def test_a_line_of_the_report_costs_nothing_only_if_it_is_of_nothing(
    prod: Mapping[str, Any], slack: Mapping[str, Any]
) -> None:
    text = cost_report.text("prod", prod, COUNTED, COUNTED, slack)
    shown = re.findall(r"^ +(\d+\.\d{6}) +([\d,.]+)  (.+)$", text, re.MULTILINE)
    assert len(shown) > 50
    for usd, quantity, item in shown:
        # What is less than a millionth of a dollar is shown by its quantity.
        nothing = float(quantity.replace(",", "")) == 0
        assert nothing is (item == "their traces"), item
        assert float(usd) == 0 or not nothing, item


def test_what_stands_on_the_page_is_what_was_counted(
    prod: Mapping[str, Any], slack: Mapping[str, Any]
) -> None:
    page = DOCS.read_text(encoding="utf-8")
    assert cost_page.page(page, prod, COUNTED, slack) == page, "make cost"
    dearer = replace(COUNTED, look=times(COUNTED.look, 2))
    assert cost_page.page(page, prod, dearer, slack) != page


def test_each_kind_that_is_lent_was_counted(prod: Mapping[str, Any]) -> None:
    assert COUNTED.sessions.keys() == KINDS.keys()
    for kind, each in COUNTED.sessions.items():
        assert total(session(prod, COUNTED, kind)) > 0.0005, kind
        assert f"| `{kind}` | {each.approvals} approval" in DOCS.read_text(encoding="utf-8")


def test_a_session_is_cheap(prod: Mapping[str, Any]) -> None:
    assert total(session(prod, COUNTED, AWS_ROLE, cold_seconds=1)) <= SESSION_AT_MOST
    for kind in KINDS:
        assert 0.0005 < total(session(prod, COUNTED, kind)) <= ANY_AT_MOST, kind


def test_a_longer_cold_start_costs_more_and_nothing_else(prod: Mapping[str, Any]) -> None:
    by_seconds = [
        {line.item: line.usd for line in session(prod, COUNTED, AWS_ROLE, cold_seconds=seconds)}
        for seconds in (1.0, 2.0)
    ]
    (differing,) = (item for item in by_seconds[0] if by_seconds[0][item] != by_seconds[1][item])
    assert "cold starts" in differing
    assert by_seconds[1][differing] == pytest.approx(2 * by_seconds[0][differing])


def test_waiting_is_priced_by_the_looks_that_it_makes(prod: Mapping[str, Any]) -> None:
    calls = {line.item: line.quantity for line in waiting(prod, COUNTED, 1800)}["API calls"]
    assert calls == pytest.approx(polling.looks(1800))
    assert total(waiting(prod, COUNTED, 1800)) < total(waiting(prod, COUNTED, 3600))


def test_acts_that_come_alone_cost_more_than_those_that_come_together(
    prod: Mapping[str, Any],
) -> None:
    assert total(acts(prod, COUNTED)) < total(acts(prod, COUNTED, alone=True))


def test_a_count_that_differs_by_more_than_a_tenth_is_told(prod: Mapping[str, Any]) -> None:
    def more(factor: float) -> Counted:
        kind, each = next(iter(COUNTED.sessions.items()))
        grown = {
            key: number * (factor if key[1] == WRITE else 1) for key, number in each.count.items()
        }
        return replace(COUNTED, sessions={**COUNTED.sessions, kind: replace(each, count=grown)})

    assert "counted as it stood" in cost_report.text("prod", prod, more(1.05), COUNTED)
    told = cost_report.text("prod", prod, more(1.2), COUNTED)
    assert re.search(rf"aws-role: {WRITE}: stood \d+, counted \d+", told)


def test_who_interrupts_the_counting_is_told_no_more_than_is_true(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may have counted on the stack of `make up`, which it did not start."""

    def interrupted(_: object) -> Counted:
        raise KeyboardInterrupt

    monkeypatch.setattr("local.cost.count.count", interrupted)
    with pytest.raises(SystemExit) as ended:
        cost._count()
    assert ended.value.code == 130
    assert capsys.readouterr().err == "interrupted; nothing that it started was left running\n"


def of_slack(slack: Mapping[str, Any], way: str) -> dict[str, tuple[float, float]]:
    """Item -> quantity and USD."""
    lines = cost_report.in_slack(slack, way, COUNTED)
    return {line.item: (line.quantity, round(line.usd, 2)) for line in lines}


def test_the_socket_costs_two_tasks_all_month_and_http_none(slack: Mapping[str, Any]) -> None:
    socket, http = of_slack(slack, "socket"), of_slack(slack, "http")
    assert socket["vCPU-hours of tasks"] == (2 * 0.25 * HOURS, 11.82)
    assert socket["GB-hours of tasks"] == (2 * 0.5 * HOURS, 2.6)
    assert socket["a metric of tasks"] == (1, 0.3)
    assert socket["log GB of tasks"][0] > 0.01
    assert not [item for item in http if "tasks" in item]


def test_each_way_into_slack_has_its_secrets_its_key_and_its_queue(
    slack: Mapping[str, Any],
) -> None:
    secrets = {way: of_slack(slack, way)["secrets"] for way in ("http", "socket", "both")}
    assert secrets == {"http": (2, 0.8), "socket": (2, 0.8), "both": (3, 1.2)}
    for way in secrets:
        found = of_slack(slack, way)
        assert found["customer keys"] == (1, 1.0)
        assert found["an empty queue polled"][0] > 0
        assert found["function runs"][0] >= HOURS * 60


def test_both_ways_cost_less_than_the_one_and_the_other(slack: Mapping[str, Any]) -> None:
    usd = {
        way: total(cost_report.in_slack(slack, way, COUNTED)) for way in ("http", "socket", "both")
    }
    assert usd["http"] < usd["socket"] < usd["both"] < usd["http"] + usd["socket"]


def test_each_alarm_of_slack_is_on_the_page(slack: Mapping[str, Any]) -> None:
    priced = rows()
    for alarm, metrics in alarm_metrics(slack["both"]).items():
        name = alarm.removeprefix("pam-prod-")
        assert priced[name][0] in {metrics, metrics - 1}, name


def test_without_slack_nothing_of_it_is_paid_for(
    prod: Mapping[str, Any], slack: Mapping[str, Any]
) -> None:
    assert cost.more(prod, slack[slack_cost.NONE], COUNTED) == []
    assert cost.standing(prod) == []
