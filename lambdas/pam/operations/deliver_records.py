"""Carries a session's records from the table to the log group and the bus, in order.

The table is the outbox. The stream says that there is something to carry, but what is carried is
always read from the table, from the last delivered record on, so that a repeated, late or reordered
stream event changes nothing. One call at a time carries a session's records, so each is delivered
once; after a crash in the middle it may be delivered again, and `event_id` tells.
"""

import time
from collections.abc import Callable
from datetime import datetime

from pam.ports import AuditOutbox, AuditSink

_TRIES = 200
_PAUSE = 0.02
"""Four seconds: many times what a delivery takes."""


class BusyError(Exception):
    """Another call has been carrying this session's records for too long; try again."""


def deliver_records(
    session_id: str, *, clock: Callable[[], datetime], outbox: AuditOutbox, sink: AuditSink
) -> int:
    """Delivers what is undelivered. Returns the sequence up to which all stands in the log group.

    Raises BusyError, or whatever the sink raises; what was not accepted is delivered by the next
    call.
    """
    for _ in range(_TRIES):
        if outbox.claim(session_id, clock()):
            break
        time.sleep(_PAUSE)
    else:
        raise BusyError(session_id)
    delivered, records = outbox.undelivered(session_id)
    try:
        if records:
            sink.append(records)
            sink.publish(records)
            delivered = int(records[-1]["sequence"])
    finally:
        outbox.release(session_id, delivered)
    return delivered
