"""Every minute: whatever is past its time is looked at again.

Trigger: a schedule. May touch: the deadline index (read), the revocation function and the one that
sends notices (call them); it can itself end nothing and tell nobody. A retry is
safe: looking twice changes nothing.
"""

from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from pam import clock, wiring
from pam.domain.notices import Duty
from pam.settings import TickSettings

_MOST_PER_TICK = 200
"""Bounds one tick. The longest overdue come first in one minute and the latest in the next, so that
ends which fail again and again cannot keep all others waiting.
"""

logger = Logger()


@cache
def settings() -> TickSettings:
    return TickSettings.from_env()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    now = clock.now()
    store = wiring.sessions(settings().table_name)
    found = store.due(now, _MOST_PER_TICK, latest_first=bool(now.minute % 2))
    due = [
        (session.session_id, {duty for duty, at in session.duties.items() if at <= now})
        for session in found
    ]
    # Ends first: a notice that cannot be handed on must not stand in the way of any of them.
    for session_id, duties in due:
        if Duty.END in duties:
            wiring.revocation(settings().revoke_function).look_at(session_id)
    for session_id, duties in due:
        if duties - {Duty.END}:
            wiring.messenger(settings().notice_function).tell(session_id)
    logger.info("ticked", extra={"due": len(due)})
    return {"due": len(due)}
