"""Whoever is paged finds out what to do."""

import json
from pathlib import Path
from typing import Any

import pytest

from pam.metrics import count
from pam.names import METRIC_NAMESPACE, OF_TARGETS, TARGET_DRIFTED
from tests.stacks.powers import is_in_slack
from tests.stacks.template import Deployment

RUNBOOK = Path(__file__).resolve().parent.parent.parent / "docs" / "runbook.md"


LATE = {"records-waiting", "slack-waiting"}
"""Whose number is the age of what waits, in seconds."""


def sections() -> set[str]:
    text = RUNBOOK.read_text(encoding="utf-8")
    return {line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")}


def alarms(deployment: Deployment) -> set[str]:
    return {
        alarm["Properties"]["AlarmName"].removeprefix(f"pam-{deployment.env_name}-")
        for alarm in deployment.of_type("AWS::CloudWatch::Alarm").values()
    }


def test_each_alarm_has_a_section_in_the_runbook(every: Deployment) -> None:
    assert alarms(every) <= sections()


def test_each_section_of_the_runbook_has_an_alarm(everything_on: Deployment) -> None:
    """With a trail, a witness, and PAM in Slack; a deployment may be without."""
    assert alarms(everything_on) == sections()


def test_without_slack_there_is_no_alarm_of_it(prod: Deployment) -> None:
    assert not {name for name in alarms(prod) if name.startswith("slack")}


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
    # section: what is watched, and how many minutes in a row it must be bad
    "evidence-broken": ("MOD046/PAM/{env} EvidenceBroken", 1),
    "revocation-stuck": ("MOD046/PAM EndStuck", 1),
    "target-drifted": ("MOD046/PAM TargetDrifted", 1),
    "failed-grant": ("MOD046/PAM/{env} RecordedFailed", 1),
    "break-glass-used": ("MOD046/PAM/{env} RecordedBreakGlass", 1),
    "dead-letters": ("AWS/SQS ApproximateNumberOfMessagesVisible", 1),
    "tick-not-running": ("AWS/Lambda Invocations", 3),
    "audit-not-written": ("MOD046/PAM AuditNotWritten", 1),
    "checkpoints-not-running": ("AWS/Lambda Invocations", 1),
    "table-writes-throttled": ("AWS/DynamoDB ThrottledRequests", 2),
    "table-reads-throttled": ("AWS/DynamoDB ThrottledRequests", 2),
    "functions-starved": ("AWS/Lambda Throttles", 2),
    "records-waiting": (
        "AWS/Lambda IteratorAge, AWS/Lambda IteratorAge, AWS/SQS ApproximateAgeOfOldestMessage",
        1,
    ),
    "dark-access": ("MOD046/PAM DarkAccess", 1),
    "statements-not-read": ("MOD046/PAM LineNotUnderstood", 1),
    "dark-call": ("MOD046/PAM DarkCall", 1),
    "dark-call-search-not-running": ("AWS/Lambda Invocations", 5),
}
IN_SLACK = {
    # Once in so many: what is tried every five minutes or six rings once, and not each time.
    "slack-waiting": ("AWS/SQS ApproximateAgeOfOldestMessage, MOD046/PAM SlackWaiting", 10),
    "slack-channel-lost": ("MOD046/PAM SlackChannelLost", 1),
    "slack-not-painted": ("MOD046/PAM SlackNotPainted", 1),
}
WITH_WITNESS = {"log-unwitnessed": ("MOD046/PAM LogUnwitnessed", 1)}


def test_each_alarm_watches_what_its_section_speaks_of(
    every: Deployment, two_accounts: Deployment
) -> None:
    for deployment in (every, two_accounts):
        found = {}
        for alarm in deployment.of_type("AWS::CloudWatch::Alarm").values():
            properties = alarm["Properties"]
            section = properties["AlarmName"].removeprefix(f"pam-{deployment.env_name}-")
            metrics = [f"{each['Namespace']} {each['MetricName']}" for each in _watched(properties)]
            if section != "records-waiting":
                metrics = sorted(set(metrics))
            found[section] = (", ".join(metrics), properties["EvaluationPeriods"])
            assert properties["Threshold"] == (300 if section in LATE else 1)
            assert properties.get("DatapointsToAlarm", properties["EvaluationPeriods"]) == (
                1 if section == "slack-waiting" else properties["EvaluationPeriods"]
            )

        expected = WATCHED | (WITH_WITNESS if deployment.witness is not None else {})
        expected |= IN_SLACK if is_in_slack(deployment) else {}
        env = deployment.env_name
        assert found == {name: (what.format(env=env), n) for name, (what, n) in expected.items()}


def test_throttling_is_watched_by_the_calls_that_any_index_can_hold_up(every: Deployment) -> None:
    """A call counts once if the table or any of its indexes throttled it."""
    operations = {}
    for alarm in every.of_type("AWS::CloudWatch::Alarm").values():
        name = alarm["Properties"]["AlarmName"].removeprefix(f"pam-{every.env_name}-")
        if name.startswith("table-"):
            (metric,) = _watched(alarm["Properties"])
            said = {each["Name"]: each["Value"] for each in metric["Dimensions"]}
            assert every.table()[0] in every.text(said["TableName"])
            operations[name] = said["Operation"]
    assert operations == {
        "table-writes-throttled": "TransactWriteItems",
        "table-reads-throttled": "Query",
    }


def test_what_waits_is_watched_at_the_auditor_the_watch_and_the_queue(every: Deployment) -> None:
    (alarm,) = (
        each["Properties"]
        for each in every.of_type("AWS::CloudWatch::Alarm").values()
        if each["Properties"]["AlarmName"].endswith("-records-waiting")
    )
    of = [every.text(metric["Dimensions"][0]["Value"]) for metric in _watched(alarm)]
    assert of == [
        f"${{{every.function('audit_session')[0]}}}",
        f"${{{every.function('watch_store')[0]}}}",
        f"${{{every.activity_queue()[0]}.QueueName}}",
    ]
    (expression,) = (each for each in alarm["Metrics"] if "Expression" in each)
    assert expression["Expression"] == "MAX([audited / 1000, watched / 1000, activities])"


def test_lambdas_throttles_are_watched_for_the_whole_account(every: Deployment) -> None:
    """All functions of an account share one quota."""
    (alarm,) = (
        each["Properties"]
        for each in every.of_type("AWS::CloudWatch::Alarm").values()
        if each["Properties"]["AlarmName"].endswith("-functions-starved")
    )
    assert "Dimensions" not in alarm


def test_whatever_is_found_at_targets_counts_for_their_one_alarm(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in sorted(OF_TARGETS):
        count(name, "prod", 2)
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        counted = {_counted(line)[0]: line[_counted(line)[0]] for line in lines}
        assert counted == {name: [2.0], TARGET_DRIFTED: [2.0]}


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
    assert len(own) >= 5


def _counted(line: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """Name and dimensions as CloudWatch reads them from a line in its embedded format."""
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == METRIC_NAMESPACE
    ((metric,), (dimensions,)) = directive["Metrics"], directive["Dimensions"]
    return metric["Name"], {name: line[name] for name in dimensions}
