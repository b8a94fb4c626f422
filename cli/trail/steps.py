"""Where each type of audit record takes its session, and which types stand in sessions only."""

from collections.abc import Mapping

from pam.domain.audit_record import RecordType
from pam.domain.lifecycle import Status

REACHES: Mapping[str, Status] = {
    RecordType.REQUESTED: Status.PENDING_APPROVAL,
    RecordType.APPROVED: Status.APPROVED,
    RecordType.DENIED: Status.DENIED,
    RecordType.ACTIVATING: Status.ACTIVATING,
    RecordType.ACTIVATED: Status.ACTIVE,
    RecordType.REVOKING: Status.REVOKING,
    RecordType.REVOKED: Status.REVOKED,
    RecordType.EXPIRED: Status.EXPIRED,
    RecordType.ENDED: Status.ENDED,
    RecordType.FAILED: Status.FAILED,
    RecordType.UNANSWERED: Status.UNANSWERED,
    RecordType.WITHDRAWN: Status.WITHDRAWN,
}
"""The status that a record of this type takes its session to; other types leave it as it is."""
OF_A_SESSION = frozenset(REACHES) | {
    RecordType.VOTED,
    RecordType.CONFIRMED,
    RecordType.LEASED,
    RecordType.BREAK_GLASS,
    RecordType.REVIEWED,
    RecordType.ERASED,
}
"""Types that stand in a session, and nowhere else."""
