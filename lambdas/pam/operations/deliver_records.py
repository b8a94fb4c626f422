"""Carries a session's records from the table to the log group, the archive and the bus, in order.

The table is the outbox. The stream says that there is something to carry, but what is carried is
always read from the table, from the last delivered record on, so that a repeated, late or reordered
stream event changes nothing. One call at a time carries a session's records, so each is delivered
once; after a crash in the middle it may be delivered again, and `event_id` tells.
"""

import time
from collections.abc import Callable
from datetime import datetime

from pam.domain.batches import batches
from pam.ports.audit import AuditArchive, AuditOutbox, AuditSink, PolicySets

_AT_ONCE = 90
"""Records that are settled in one transaction of at most 100 items."""
_TRIES = 200
_PAUSE = 0.02
"""Four seconds: many times what a delivery takes."""


class BusyError(Exception):
    """Another call has been carrying this session's records for too long; try again."""


def deliver_records(
    owner: str,
    *,
    clock: Callable[[], datetime],
    outbox: AuditOutbox,
    sink: AuditSink,
    archive: AuditArchive,
    policies: PolicySets,
) -> int:
    """Delivers what is undelivered of a session, or the one record of `NONE#<event id>`. Returns
    the sequence up to which all stands in the log group and the archive. The policy set that a
    record names is archived before the record is, so nothing takes effect that nobody could check.

    Raises BusyError, PolicySetMissing, or whatever the places raise; what was not accepted is
    delivered by the next call.
    """
    for _ in range(_TRIES):
        claimed = outbox.claim(owner, clock())
        if claimed is not None:
            break
        time.sleep(_PAUSE)
    else:
        raise BusyError(owner)
    try:
        delivered, records = claimed.delivered, outbox.undelivered(owner, claimed)
        for some in batches(records, _AT_ONCE):
            policies.keep_policy_sets({str(each["policy_version"]) for each in some} - {""})
            sink.append(some)
            archive.keep(some)
            sink.publish(some)
            outbox.settle(owner, delivered, some, clock())
            delivered = int(some[-1]["sequence"])
    except BaseException:
        outbox.release(owner)
        raise
    if not records:
        outbox.release(owner)
    return delivered
