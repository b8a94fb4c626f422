"""Whoever is paged finds out what to do."""

from pathlib import Path

from tests.stacks.template import Deployment

RUNBOOK = Path(__file__).resolve().parent.parent.parent / "docs" / "runbook.md"


def test_each_alarm_has_a_section_in_the_runbook_and_each_section_an_alarm(
    every: Deployment,
) -> None:
    text = RUNBOOK.read_text(encoding="utf-8")
    sections = {line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")}
    alarms = {
        alarm["Properties"]["AlarmName"].removeprefix(f"pam-{every.env_name}-")
        for alarm in every.of_type("AWS::CloudWatch::Alarm").values()
    }

    assert alarms == sections


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

        assert (properties["TreatMissingData"] == "breaching") == silent
        assert (properties["ComparisonOperator"] == "LessThanThreshold") == silent
