"""A call that a door handled, and the line that the gateway wrote of it: two accounts of one call.

The gateway authenticates callers and writes its access log; a door only believes the event that it
is invoked with. A call of which there is no line came past the gateway.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

_CLIENT_ERROR, _SERVER_ERROR = 400, 500
_NOT_FLAT = "it holds more than texts"


NO_CALL = "no-call"
"""Marks what had not even the form of a call of the gateway. It was refused, and is told."""


class Door(StrEnum):
    """The functions that people, or Slack in their name, call through the gateway."""

    REQUEST_API = "request_api"
    ISSUE_CREDENTIALS = "issue_credentials"
    SLACK = "slack_door"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandledCall:
    """What a door was told of a call. `status` is None if the answer is not known."""

    request_id: str
    """The gateway's extended one: the other may be chosen by the caller, in a header."""
    door: Door
    principal: str
    method: str
    path: str
    noted_at: datetime
    again: str = ""
    """Set where a call came with a request id that was used before, and makes it another call; or
    `NO_CALL`. Either way it is not the gateway's.
    """
    status: int | None = None

    @property
    def what(self) -> str:
        return f"{self.method} {self.path} as {self.principal} at {self.door}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """What the gateway says of a call."""

    request_id: str
    principal: str
    method: str
    path: str
    status: int


class NoLine(ValueError):
    """What stands in the access log is not what the gateway writes there of a call."""


def parse_line(text: str) -> LogLine:
    """Raises NoLine for anything but one flat JSON object of texts with each key once.

    Paths are the caller's: one that found its way out of its quotes must not become other fields.
    """
    try:
        fields = json.loads(text, object_pairs_hook=_each_once)
        if not all(isinstance(value, str) for value in fields.values()):
            raise NoLine(_NOT_FLAT)
        return LogLine(
            request_id=fields["extended_request_id"],
            principal=fields["principal"],
            method=fields["method"],
            path=fields["path"],
            status=int(fields["status"]),
        )
    except (ValueError, LookupError, AttributeError) as error:
        raise NoLine(str(error)) from None


def why_dark(call: HandledCall, line: LogLine | None) -> str:
    """Why this call did not come through the gateway; empty if it did."""
    if call.again == NO_CALL:
        return "it has not the form of a call of the gateway, and was refused"
    if call.again:
        return "its request id had been used before, and it was refused"
    if line is None:
        return "the gateway's access log does not have it"
    told = {
        "caller": (call.principal, line.principal),
        "method": (call.method, line.method),
        "path": (call.path, line.path),
    }
    differ = [name for name, (door, gateway) in told.items() if door != gateway]
    if not _same_status(call.status, line.status):
        differ.append("status")
    return f"the gateway's access log has another {', '.join(differ)}" if differ else ""


def _same_status(answered: int | None, line: int) -> bool:
    """Where a door's answer is not known (it died, or could not note it), the line may say anything
    but 4xx: such a line may be of a call that the gateway refused, which no door ever had.
    """
    if answered is not None:
        return line == answered
    return not _CLIENT_ERROR <= line < _SERVER_ERROR


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "it has a key twice"
        raise NoLine(message)
    return found
