"""The life of a session: one literal table. A step that is not in it does not happen."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from pam.domain.errors import IllegalTransition


class Status(StrEnum):
    PENDING_APPROVAL = "PENDING_APPROVAL"
    APPROVED = "APPROVED"
    ACTIVATING = "ACTIVATING"
    ACTIVE = "ACTIVE"
    REVOKING = "REVOKING"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"
    ENDED = "ENDED"
    DENIED = "DENIED"
    WITHDRAWN = "WITHDRAWN"
    UNANSWERED = "UNANSWERED"
    FAILED = "FAILED"


_S = Status

TRANSITIONS: Mapping[Status, frozenset[Status]] = MappingProxyType(
    {
        _S.PENDING_APPROVAL: frozenset(
            {_S.APPROVED, _S.DENIED, _S.WITHDRAWN, _S.UNANSWERED, _S.REVOKING, _S.FAILED}
        ),
        # UNANSWERED: it waited for its turn, and its time was over first.
        _S.APPROVED: frozenset(
            {_S.ACTIVATING, _S.WITHDRAWN, _S.UNANSWERED, _S.REVOKING, _S.FAILED}
        ),
        # Half-made access is unmade on the way to FAILED, hence through REVOKING.
        _S.ACTIVATING: frozenset({_S.ACTIVE, _S.REVOKING}),
        _S.ACTIVE: frozenset({_S.REVOKING}),
        _S.REVOKING: frozenset({_S.EXPIRED, _S.REVOKED, _S.ENDED, _S.FAILED}),
        _S.EXPIRED: frozenset(),
        _S.REVOKED: frozenset(),
        _S.ENDED: frozenset(),
        _S.DENIED: frozenset(),
        _S.WITHDRAWN: frozenset(),
        _S.UNANSWERED: frozenset(),
        _S.FAILED: frozenset(),
    }
)

CLOSED = frozenset(status for status, onward in TRANSITIONS.items() if not onward)
AWAITING = frozenset({_S.PENDING_APPROVAL, _S.APPROVED})
"""Nothing has been done at the target yet."""


def check_transition(before: Status, after: Status) -> None:
    """Raises IllegalTransition unless `after` may follow `before`."""
    if after not in TRANSITIONS[before]:
        message = f"a session cannot go from {before} to {after}"
        raise IllegalTransition(message)
