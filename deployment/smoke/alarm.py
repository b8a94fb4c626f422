"""Whether an alarm reaches who is subscribed to Tier-1, through the topic and its key."""

import json
from datetime import datetime
from typing import Any

from deployment.smoke.bus import Listener
from deployment.smoke.proof import Hands, NotHere, NotSo

NAME = "dead-letters"
"""Which alarm is rung: what it tells of is read by a person, and never in a hurry."""
_REASON = "make smoke: a test of the way to Tier-1; nothing is wrong"
_WITHIN = 60.0


def arrives(hands: Hands, listener: Listener) -> str:
    """Rings the alarm, and sets it back. Tier-1 gets a message that says that it is a test."""
    if not listener.topic:
        message = "nothing of this run listens on Tier-1's topic"
        raise NotHere(message)
    cloudwatch = hands.clients("cloudwatch")
    name = f"pam-{hands.config.env_name}-{NAME}"
    found = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    if not found:
        message = f"there is no alarm {name}"
        raise NotSo(message)
    before = found[0]["StateValue"]
    if before == "ALARM":
        message = f"{name} rings already, for a reason of its own (docs/runbook.md, {NAME})"
        raise NotHere(message)
    began, start = hands.clock.now(), hands.clock.monotonic()
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason=_REASON)
    try:
        hands.until(
            lambda: listener.is_told_of(name, _REASON) or None,
            f"the message of {name} on {listener.topic}",
            _WITHIN,
        )
    except NotSo as late:
        message = f"{late}; {_what_cloudwatch_says(cloudwatch, name, began)}"
        raise NotSo(message) from late
    finally:
        cloudwatch.set_alarm_state(AlarmName=name, StateValue=before, StateReason=_REASON)
    took = hands.clock.monotonic() - start
    return f"{name} reached a subscriber of {listener.topic} within {took:.0f} s"


def _what_cloudwatch_says(cloudwatch: Any, name: str, began: datetime) -> str:
    """Of the actions that it tried since then: a key or a topic policy that refuses stands there
    and nowhere else.
    """
    history = cloudwatch.describe_alarm_history(
        AlarmName=name,
        HistoryItemType="Action",
        StartDate=began.replace(microsecond=0),
        ScanBy="TimestampDescending",
    )
    said = [
        f"{item['HistorySummary']} {_error_in(item)}".strip()
        for item in history["AlarmHistoryItems"]
    ]
    return f"CloudWatch says: {'; '.join(said) or 'no action was tried'}"


def _error_in(item: dict[str, Any]) -> str:
    try:
        data = json.loads(item.get("HistoryData") or "{}")
    except ValueError:
        return ""
    return str(data.get("error") or "")
