"""Every minute: whatever is past its time is looked at again.

Trigger: a schedule. May touch: the deadline index (read), the revocation function (call it); it can
itself end nothing. A retry is safe: looking twice changes nothing.
"""

from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from pam import clock, wiring
from pam.settings import TickSettings

_MOST_PER_TICK = 200
"""Bounds one tick; the longest overdue come first, so that none waits for ever."""

logger = Logger()


@cache
def settings() -> TickSettings:
    return TickSettings.from_env()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    due = wiring.sessions(settings().table_name).due(clock.now(), _MOST_PER_TICK)
    for session_id in due:
        wiring.revocation(settings().revoke_function).look_at(session_id)
    logger.info("ticked", extra={"due": len(due)})
    return {"due": len(due)}
