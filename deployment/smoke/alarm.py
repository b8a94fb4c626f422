"""Whether an alarm reaches its topic, through the topic's key: CloudWatch's own history says."""

import json
from typing import Any

from deployment.smoke.proof import Hands, NotHere, NotSo

NAME = "dead-letters"
"""Which alarm is rung: what it tells of is read by a person, and never in a hurry."""
_REASON = "make smoke: a test of the way to Tier-1; nothing is wrong"
_WITHIN = 180.0
_EXECUTED = "Successfully executed action"


def arrives(hands: Hands) -> str:
    """Rings the alarm, and sets it back. Tier-1 gets a message that says that it is a test."""
    cloudwatch = hands.clients("cloudwatch")
    name = f"pam-{hands.config.env_name}-{NAME}"
    found = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    if not found:
        message = f"there is no alarm {name}"
        raise NotSo(message)
    if found[0]["StateValue"] == "ALARM":
        message = f"{name} rings already, for a reason of its own (docs/runbook.md, {NAME})"
        raise NotHere(message)
    began, clock = hands.clock.now(), hands.clock.monotonic()
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason=_REASON)
    try:
        action = hands.until(
            lambda: _action_since(cloudwatch, name, began),
            f"an action in the history of {name}",
            _WITHIN,
        )
    finally:
        cloudwatch.set_alarm_state(
            AlarmName=name, StateValue=found[0]["StateValue"], StateReason=_REASON
        )
    summary = str(action["HistorySummary"])
    if not summary.startswith(_EXECUTED):
        message = f"{summary}: {_error_in(action)}"
        raise NotSo(message)
    took = hands.clock.monotonic() - clock
    return f"{name} told Tier-1's topic within {took:.0f} s: {summary}"


def _action_since(cloudwatch: Any, name: str, began: Any) -> dict[str, Any] | None:
    history = cloudwatch.describe_alarm_history(
        AlarmName=name, HistoryItemType="Action", StartDate=began, ScanBy="TimestampDescending"
    )
    # Whole seconds, perhaps: nothing of before is taken for it.
    found = [
        it for it in history["AlarmHistoryItems"] if it["Timestamp"] >= began.replace(microsecond=0)
    ]
    return found[0] if found else None


def _error_in(action: dict[str, Any]) -> str:
    try:
        data = json.loads(action.get("HistoryData") or "{}")
    except ValueError:
        return ""
    return str(data.get("error", ""))
