"""How a session ended, and how its target was seen to refuse."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from pam.domain.lifecycle import Status

NOTHING_MADE = "no access had been made"


class ReceiptMethod(StrEnum):
    """How it was seen that the access is gone: a closed list, which `docs/interface.md` shows."""

    DENY_READ_BACK = "deny-read-back"
    LOGIN_REFUSED = "login-refused"
    MEMBERSHIP_GONE = "membership-gone"
    """Of a standing kind: the target says that the person has this access no more."""
    LEASE_OVER = "lease-over"
    NO_LEASE = "no-lease"
    NEVER_GRANTED = "never-granted"
    OTHER = "other"
    """Never said by this version of PAM: how another version, which wrote the receipt, saw it."""


def read_receipt(method: object, evidence: str) -> tuple[ReceiptMethod, str]:
    """Method and evidence of a receipt that was stored as this. A method that this version does not
    know is OTHER, and stands before the evidence: no end is in doubt because of how it was seen.
    """
    for known in ReceiptMethod:
        if method == known:
            return known, evidence
    return ReceiptMethod.OTHER, f"{method}: {evidence}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The receipt of an end: when it was decided, and how the target was seen to refuse."""

    decided_at: datetime
    outcome: Status
    """What the session becomes once the target has confirmed."""
    reason: str
    written: bool = False
    """Whether the reason is what a person wrote, and not a sentence of PAM's."""
    by: str
    confirmed_at: datetime | None = None
    method: ReceiptMethod | None = None
    """None until the target has confirmed."""
    evidence: str = ""

    @classmethod
    def never_granted(
        cls, outcome: Status, *, by: str, reason: str, written: bool, now: datetime
    ) -> Self:
        """Of a session for which nothing was made: decided and confirmed at once."""
        return cls(
            decided_at=now,
            outcome=outcome,
            reason=reason,
            written=written,
            by=by,
            confirmed_at=now,
            method=ReceiptMethod.NEVER_GRANTED,
            evidence=NOTHING_MADE,
        )
