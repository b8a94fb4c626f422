"""What the deployed functions wrote into their logs."""

from typing import Any

from local.cast import Person


def logged(root: Person, wanted: str = "") -> Any:
    """What the functions logged; or the first line that has `wanted`, None if there is none."""
    logs = root.client("logs")
    lines = [
        event["message"]
        for group in logs.describe_log_groups()["logGroups"]
        for event in logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
    ]
    if not wanted:
        return "\n".join(lines)
    return next((line for line in lines if wanted in line), None)
