"""Carries a session's records from the table to the log group and the bus, in order.

The table is the outbox. The stream says that there is something to carry, but what is carried is
always read from the table, from the last delivered record on, so that a repeated, late or reordered
stream event changes nothing. A record may be delivered twice after a crash; `event_id` tells.
"""

from pam.ports import AuditOutbox, AuditSink


def deliver_records(session_id: str, *, outbox: AuditOutbox, sink: AuditSink) -> int:
    """Delivers what is undelivered. Returns the sequence up to which all stands in the log group.

    Raises whatever the sink raises; what was not accepted is delivered by the next call.
    """
    delivered, records = outbox.undelivered(session_id)
    if not records:
        return delivered
    sink.append(records)
    sink.publish(records)
    newest = int(records[-1]["sequence"])
    outbox.mark_delivered(session_id, newest)
    return newest
