"""Wakes the painter of Slack: for each event that changes what it shows, and every minute for
whatever was lost or the clock has to tell.

Triggers: PAM's bus, and a schedule. May touch: the index of new sessions and the sessions (read),
where cards stand (read), the painter's queue (send); it holds no token of Slack's. An event says
only for which session to look, or which account of Slack's was linked: that account is told. A
retry is safe: what is painted is not painted again, and who was told is not told again.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from pam import clock, wiring
from pam.domain import messages
from pam.domain.audit_record import RecordType
from pam.domain.ids import is_ulid
from pam.domain.messages import UnknownEvent
from pam.names import EVENT_SOURCE
from pam.painting.find import Finder, Waker
from pam.painting.kept import KeptCards
from pam.painting.linked import tell_linked
from pam.settings import SlackRouteSettings

logger = Logger()


@cache
def settings() -> SlackRouteSettings:
    return SlackRouteSettings.from_env()


def _waker() -> Waker:
    queue = wiring.slack_queue(settings().slack_queue_url)
    return Waker(policy=wiring.policy(), queue=queue)


@logger.inject_lambda_context
def handler(event: object, context: Any) -> dict[str, int]:
    if isinstance(event, Mapping) and event.get("source") == EVENT_SOURCE:
        return _hear(event.get("detail"))
    messages.read(event, messages.FindUnpainted)
    shelf = wiring.slack_cards(settings().slack_table)
    finder = Finder(
        store=wiring.sessions(settings().tables),
        cards=KeptCards(shelf=shelf, clock=clock.now),
        waker=_waker(),
        waiting=wiring.slack_queue(settings().slack_queue_url).waiting,
    )
    return {"woken": finder.wake_for_stale(clock.now())}


def _hear(detail: object) -> dict[str, int]:
    """Of the record: which session, and by which line it goes. Raises UnknownEvent."""
    told = detail if isinstance(detail, Mapping) else {}
    session_id, resource, domain = (told.get(name) for name in ("session_id", "resource", "domain"))
    sequence = told.get("sequence")
    if not (isinstance(session_id, str) and isinstance(resource, str) and isinstance(domain, str)):
        message = "an event without a session"
        raise UnknownEvent(message)
    if not session_id:
        if told.get("type") == RecordType.LINKED:
            return {"woken": tell_linked(told, _waker().queue, clock.now())}
        # Of no session: nothing else of it is shown.
        return {"woken": 0}
    if not is_ulid(session_id) or type(sequence) is not int:
        message = "an event about no session of PAM's"
        raise UnknownEvent(message)
    _waker().wake(session_id, resource=resource, domain=domain, once=f"heard {sequence}")
    return {"woken": 1}
