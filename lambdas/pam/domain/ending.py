"""How a session ended, and how its target was seen to refuse."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from pam.domain.kinds import Bites
from pam.domain.lifecycle import Status

NOTHING_MADE = "no access had been made"


class ReceiptMethod(StrEnum):
    """How it was seen that the access is gone: a closed list, which `docs/interface.md` shows."""

    DENY_READ_BACK = "deny-read-back"
    LOGIN_REFUSED = "login-refused"
    MEMBERSHIP_GONE = "membership-gone"
    """Of a standing kind: the target says that the person has this access no more."""
    ASSIGNMENT_GONE = "assignment-gone"
    """Of Identity Center: the deny of live sessions was read back, and then that the person is
    assigned no more."""
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


_NOTHING_OUT = frozenset({ReceiptMethod.NO_LEASE, ReceiptMethod.NEVER_GRANTED})
"""There is nothing out that the target would have to refuse, and the decision lets nothing out."""


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
    effective_at: datetime | None = None
    """From when the end is in force at the latest. None until the target has confirmed."""
    proven: bool | None = None
    """Whether the target itself was seen to refuse. None until then."""

    def seen(
        self,
        method: ReceiptMethod,
        evidence: str,
        *,
        now: datetime,
        bites: Bites,
        expires_at: datetime | None,
        proven: bool,
    ) -> Self:
        """The receipt, complete. `expires_at` is the session's own end, if it has one."""
        return replace(
            self,
            confirmed_at=now,
            method=method,
            evidence=evidence,
            effective_at=in_force_from(
                method,
                decided_at=self.decided_at,
                confirmed_at=now,
                bites=bites,
                expires_at=expires_at,
            ),
            proven=proven,
        )

    def follows(self, before: Self) -> bool:
        """Whether this may have become of it: a decision stands, and so does a receipt. What a
        person wrote may be erased.
        """
        decided = replace(
            before,
            reason=self.reason,
            confirmed_at=self.confirmed_at,
            method=self.method,
            evidence=self.evidence,
            effective_at=self.effective_at,
            proven=self.proven,
        )
        kept = decided if before.confirmed_at is None else replace(before, reason=self.reason)
        return self == kept

    def of_an_earlier_version(self, bites: Bites, expires_at: datetime | None) -> Self:
        """With what earlier versions did not say. It follows from the rest: they reported no end
        that was not seen.
        """
        if self.confirmed_at is None or self.method is None:
            return self
        seen = self.seen(
            self.method,
            self.evidence,
            now=self.confirmed_at,
            bites=bites,
            expires_at=expires_at,
            proven=True,
        )
        return seen if self.method is not ReceiptMethod.OTHER else replace(seen, proven=None)

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
            effective_at=now,
            proven=True,
        )


def in_force_from(
    method: ReceiptMethod,
    *,
    decided_at: datetime,
    confirmed_at: datetime,
    bites: Bites,
    expires_at: datetime | None,
) -> datetime:
    """From when an end is in force at the latest, by how and when it was seen."""
    if method in _NOTHING_OUT:
        latest = decided_at
    elif method is ReceiptMethod.LEASE_OVER:
        latest = confirmed_at
    else:
        latest = confirmed_at + bites.within
    return min(latest, expires_at) if bites.by_the_clock and expires_at else latest
