"""Whoever is paged finds out what to do."""

import json
from pathlib import Path
from typing import Any

import pytest

from pam.metrics import count
from pam.names import METRIC_NAMESPACE, Index
from tests.stacks.template import Deployment

RUNBOOK = Path(__file__).resolve().parent.parent.parent / "docs" / "runbook.md"


OPTIONAL = {"lease-echo-missing"}
"""Where a trail is named; none of the environments as shipped has one."""


def test_each_alarm_has_a_section_in_the_runbook_and_each_section_an_alarm(
    every: Deployment,
) -> None:
    text = RUNBOOK.read_text(encoding="utf-8")
    sections = {line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")}
    alarms = {
        alarm["Properties"]["AlarmName"].removeprefix(f"pam-{every.env_name}-")
        for alarm in every.of_type("AWS::CloudWatch::Alarm").values()
    }

    assert alarms | OPTIONAL == sections


def test_each_alarm_tells_tier_1_and_names_its_section(every: Deployment) -> None:
    for alarm in every.of_type("AWS::CloudWatch::Alarm").values():
        properties = alarm["Properties"]
        section = properties["AlarmName"].removeprefix(f"pam-{every.env_name}-")

        assert properties["AlarmDescription"].endswith(f"docs/runbook.md, {section}")
        (topic,) = properties["AlarmActions"]
        assert "Tier1Topic" in every.text(topic)


def test_what_must_run_is_missed_when_it_is_silent(every: Deployment) -> None:
    for alarm in every.of_type("AWS::CloudWatch::Alarm").values():
        properties = alarm["Properties"]
        silent = properties["AlarmName"].endswith("not-running")

        # An alarm begins without data, and a first deployment calls nobody for that.
        assert properties["TreatMissingData"] == ("missing" if silent else "notBreaching")
        stopped = properties.get("InsufficientDataActions")
        assert stopped == (properties["AlarmActions"] if silent else None)
        assert (properties["ComparisonOperator"] == "LessThanThreshold") == silent


WATCHED = {
    "evidence-broken": ("MOD046/PAM/{env} EvidenceBroken", 1),
    # section: what is watched, and how many minutes in a row it must be bad
    "revocation-stuck": ("MOD046/PAM EndStuck", 1),
    "traces-left": ("MOD046/PAM TracesLeft", 1),
    "deny-missing": ("MOD046/PAM DenyMissing", 1),
    "boundary-missing": ("MOD046/PAM BoundaryMissing", 1),
    "failed-grant": ("MOD046/PAM/{env} RecordedFailed", 1),
    "break-glass-used": ("MOD046/PAM/{env} RecordedBreakGlass", 1),
    "dead-letters": ("AWS/SQS ApproximateNumberOfMessagesVisible", 1),
    "tick-not-running": ("AWS/Lambda Invocations", 3),
    "tick-failing": ("AWS/Lambda Errors", 2),
    "audit-not-written": ("MOD046/PAM AuditNotWritten", 1),
    "log-unwitnessed": ("MOD046/PAM LogUnwitnessed", 1),
    "checkpoints-not-running": ("AWS/Lambda Invocations", 1),
    "checkpoints-failing": ("AWS/Lambda Errors", 1),
    "table-writes-throttled": ("AWS/DynamoDB WriteThrottleEvents", 2),
    "table-reads-throttled": ("AWS/DynamoDB ReadThrottleEvents", 2),
    "workflow-throttled": ("AWS/States ExecutionThrottled", 2),
    "role-full": ("MOD046/PAM RoleFull", 1),
    "orphans-found": ("MOD046/PAM OrphanRemoved", 1),
    "access-missing": ("MOD046/PAM AccessMissing", 1),
    "dark-access": ("MOD046/PAM DarkAccess", 1),
    "statements-not-read": ("MOD046/PAM LineNotUnderstood", 1),
    "dark-call": ("MOD046/PAM DarkCall", 1),
    "dark-call-search-not-running": ("AWS/Lambda Invocations", 5),
}


def test_each_alarm_watches_what_its_section_speaks_of(every: Deployment) -> None:
    found = {}
    for alarm in every.of_type("AWS::CloudWatch::Alarm").values():
        properties = alarm["Properties"]
        section = properties["AlarmName"].removeprefix(f"pam-{every.env_name}-")
        (metric,) = {f"{each['Namespace']} {each['MetricName']}" for each in _watched(properties)}
        found[section] = (metric, properties["EvaluationPeriods"])
        assert properties["Threshold"] == 1

    wanted = {name: (what.format(env=every.env_name), n) for name, (what, n) in WATCHED.items()}
    assert found == wanted


def test_throttling_is_watched_on_the_table_and_on_each_of_its_indexes(every: Deployment) -> None:
    for alarm in every.of_type("AWS::CloudWatch::Alarm").values():
        if alarm["Properties"]["AlarmName"].startswith(f"pam-{every.env_name}-table-"):
            names = [
                {each["Name"]: each["Value"] for each in metric["Dimensions"]}
                for metric in _watched(alarm["Properties"])
            ]
            assert all(every.text(dimensions["TableName"]) for dimensions in names)
            indexes = [dimensions.get("GlobalSecondaryIndexName") for dimensions in names]
            assert indexes == [None, *Index]


def _watched(properties: Any) -> list[Any]:
    """The metrics of an alarm, one or several."""
    if "Metrics" not in properties:
        return [properties]
    return [each["MetricStat"]["Metric"] for each in properties["Metrics"] if "MetricStat" in each]


def test_what_is_counted_is_what_is_watched_to_the_last_dimension(
    every: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _, function = every.function("tick")
    for name, value in function["Properties"]["Environment"]["Variables"].items():
        if name.startswith("POWERTOOLS_"):
            monkeypatch.setenv(name, value)
    own = [
        alarm["Properties"]
        for alarm in every.of_type("AWS::CloudWatch::Alarm").values()
        if alarm["Properties"].get("Namespace") == METRIC_NAMESPACE
    ]

    for watched in own:
        count(watched["MetricName"], every.env_name)
        assert _counted(json.loads(capsys.readouterr().out)) == (
            watched["MetricName"],
            {each["Name"]: each["Value"] for each in watched["Dimensions"]},
        )
    assert len(own) >= 8


def _counted(line: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """Name and dimensions as CloudWatch reads them from a line in its embedded format."""
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == METRIC_NAMESPACE
    ((metric,), (dimensions,)) = directive["Metrics"], directive["Dimensions"]
    return metric["Name"], {name: line[name] for name in dimensions}
