"""What the deployed functions wrote into their logs."""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from local.cast import Person, until


def logged(root: Person, wanted: str) -> str | None:
    """The first line with `wanted` that the functions logged."""
    return next(lines_with(root, wanted), None)


def lines_with(root: Person, wanted: str) -> Iterator[str]:
    """All of them.

    By a pattern, because without one the emulator shows the oldest 10,000 lines of a group alone.
    """
    logs = root.client("logs")
    lines = (
        str(event["message"])
        for group in until(lambda: _groups(logs), "the log groups")
        for event in logs.filter_log_events(
            logGroupName=group["logGroupName"], filterPattern=f'"{wanted}"'
        )["events"]
    )
    return (line for line in lines if wanted in line)


def _groups(logs: Any) -> Any:
    """None where a function began to write meanwhile: the emulator stumbles over that."""
    try:
        return logs.describe_log_groups()["logGroups"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "InternalError":
            raise
        return None
