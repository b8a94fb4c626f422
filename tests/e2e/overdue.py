"""A session whose time is over, without the wait."""

import time
from typing import Any

from local.cast import Cast, Person, until

_BETWEEN = 4.0
"""Seconds between tries: one of a vendor may take so long."""


def make_overdue(cast: Cast, session_id: str, since: str = "approval_expires_at") -> None:
    """Sets an instant of a session back, as if it had waited for hours."""
    long_ago = {"S": "2020-01-01T00:00:00.000Z"}
    cast.person("root").client("dynamodb").update_item(
        TableName=cast.parameter("/bank/local/mod046/session-store/table-name"),
        Key={"pk": {"S": f"SESSION#{session_id}"}, "sk": {"S": "SESSION"}},
        UpdateExpression=f"SET due_at = :then, document.{since} = :then",
        ExpressionAttributeValues={":then": long_ago},
    )


def is_stuck(operator: Person, session_id: str) -> bool:
    """Whether it is listed as stuck, whatever else is."""
    stuck = operator.get("/pam/stuck").body["items"]
    return session_id in {each["session_id"] for each in stuck}


def once_stuck(cast: Cast, operator: Person, session_id: str) -> None:
    """Returns once it is listed as stuck. Its end is set back again and again: a try that PAM notes
    at the same instant puts the session as it was.
    """

    def listed() -> bool | None:
        make_overdue(cast, session_id, "ending.decided_at")
        return is_stuck(operator, session_id) or None

    until(listed, f"{session_id} to be stuck")


def closed(cast: Cast, who: Person, session_id: str, *statuses: str) -> dict[str, Any]:
    """The session, once it says one of these. What a target did not confirm at once is tried again
    soon, and not in half a minute.
    """
    tried = [time.monotonic()]

    def over() -> dict[str, Any] | None:
        session = who.session(session_id)
        if session["status"] == "REVOKING" and time.monotonic() - tried[0] > _BETWEEN:
            for since in ("ending.decided_at", "tried_at"):
                make_overdue(cast, session_id, since)
            cast.tick()
            tried[0] = time.monotonic()
        return session if session["status"] in statuses else None

    return until(over, f"session {session_id} to be {' or '.join(statuses)}")
