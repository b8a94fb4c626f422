"""Every minute: PAM looks again at everything that is past its time.

Trigger: a schedule. May touch: the deadline index (read), the revocation function and the one that
sends notices (call them); it can itself end nothing and tell nobody. A retry is
safe: looking twice changes nothing.
"""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from pam import clock, wiring
from pam.domain import deadlines, messages
from pam.domain.notices import Duty
from pam.metrics import count
from pam.names import END_STUCK
from pam.settings import TickSettings

_MOST_PER_TICK = 200
"""Of each kind; bounds one tick. A look at a session puts off the next one, so in the next minute
those come first that had no turn in this one.
"""

logger = Logger()


class NotAllHandedOn(Exception):
    """What could be was; the next tick tries the rest."""


@cache
def settings() -> TickSettings:
    return TickSettings.from_env()


@logger.inject_lambda_context
def handler(event: object, context: Any) -> dict[str, int]:
    messages.read(event, messages.Tick)
    now = clock.now()
    unreadable: list[str] = []
    found = wiring.sessions(settings().tables).due(now, _MOST_PER_TICK, unreadable.append)
    stuck = [session.session_id for session in found if deadlines.is_stuck(session, now)]
    if stuck:
        # A number every minute would be a metric to pay for; that the tick runs is seen elsewhere.
        count(END_STUCK, settings().env_name, len(stuck))
    due = [(session.session_id, deadlines.duties_due(session, now)) for session in found]
    # Ends first: a notice that cannot be handed on must not stand in the way of any of them.
    lost = _each(
        (session_id for session_id, duties in due if Duty.END in duties),
        lambda session_id: wiring.revocation(settings().revoke_function).sweep(session_id),
    )
    lost += _each(
        (session_id for session_id, duties in due if duties - {Duty.END}),
        lambda session_id: wiring.messenger(settings().notice_function).tell(session_id),
    )
    logger.info("ticked", extra={"due": len(due), "stuck": stuck})
    if lost or unreadable:
        message = f"not handed on: {lost}; not understood: {unreadable}"
        raise NotAllHandedOn(message)
    return {"due": len(due)}


def _each(session_ids: Iterable[str], hand_on: Callable[[str], None]) -> list[str]:
    """Hands on each, even if others fail; returns those that failed."""
    lost = []
    for session_id in session_ids:
        try:
            hand_on(session_id)
        except Exception:
            logger.exception("not handed on", extra={"session_id": session_id})
            lost.append(session_id)
    return lost
