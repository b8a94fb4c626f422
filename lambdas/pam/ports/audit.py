"""Where records go, and what proves them: log, archive, outbox, checkpoints, witness."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pam.domain.audit_record import Record
from pam.domain.checkpoint import Head, Leaf
from pam.domain.session import Session


class AuditLog(Protocol):
    """The log group, seen from a function that must not let something out before it is written."""

    def settle(self, session: Session) -> None:
        """Returns once every record of the session so far stands in the log group.

        Raises IssuerUnavailable if that cannot be had now.
        """


class AuditSink(Protocol):
    """Where the auditor puts records: the log group, then the bus."""

    def append(self, records: Sequence[Record]) -> None:
        """Writes all, in order. Raises on the first that is not accepted."""

    def publish(self, records: Sequence[Record]) -> None: ...


class AuditArchive(Protocol):
    """Where every record is kept for years, and where nothing can be changed."""

    def keep(self, records: Sequence[Record]) -> None:
        """As one object. The same records again are no error."""


class PolicySetMissing(Exception):
    """A record names a policy set that the archive does not have, so nobody could ever check what
    was decided by it. The message is the digest.
    """


class PolicySets(Protocol):
    """The policy sets that decided, each kept under its digest as long as the records are."""

    def keep_policy_sets(self, digests: Collection[str] = ()) -> None:
        """Keeps the set of this deployment, and returns once those of these digests are kept too.

        Raises PolicySetMissing: of another deployment's set only that deployment has the text.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """How things stood when an owner's delivery was claimed."""

    delivered: int
    """The sequence of the last delivered record; -1 before any."""
    taken: int
    """That of the session's last step, read before its records are; 0 for what is no session."""


class AuditOutbox(Protocol):
    """The records in the session table that the auditor has still to carry out.

    `owner` is a session id, or `NONE#<event id>` for the one record that belongs to no session.
    """

    def claim(self, owner: str, now: datetime) -> Claimed | None:
        """Takes the owner's delivery for this call alone. None while another call has it.

        A claim that is not released, because its call died, ends by itself.
        """

    def undelivered(self, owner: str, claimed: Claimed) -> list[Record]:
        """The records after the last delivered one, in order."""

    def settle(self, owner: str, delivered: int, records: Sequence[Record], now: datetime) -> None:
        """Notes that these, which follow `delivered`, are delivered, puts them up for sealing, and
        ends the claim: in one write, and by one caller only. At most 99 records.
        """

    def release(self, owner: str) -> None:
        """Ends the claim with nothing delivered."""


class Unsealed(Protocol):
    """The records that are delivered and that no checkpoint has sealed yet."""

    def leaves(self, limit: int) -> list[Leaf]:
        """The first of them; of one session, in order of sequence."""

    def remove(self, leaves: Sequence[Leaf]) -> None:
        """Those that are not there are no error."""


class LogHead(Protocol):
    def head(self) -> Head: ...

    def advance(self, before: Head, after: Head) -> None:
        """Raises StaleHead if `before` is no longer the head."""


class CheckpointArchive(Protocol):
    """Checkpoints by number, each written once."""

    def add_interval(self, number: int, text: str) -> str:
        """Returns what stands there now: this text, or what an earlier call wrote."""

    def interval(self, number: int) -> str | None: ...

    def cosignature(self, number: int) -> str | None: ...

    def add_cosignature(self, number: int, line: str) -> None: ...


class LogSigner(Protocol):
    """The key of the log, which leaves its store only as signatures."""

    def public_key(self) -> bytes:
        """SubjectPublicKeyInfo, DER."""

    def sign(self, text: str) -> bytes:
        """ECDSA over SHA-256, DER."""


class Witness(Protocol):
    """Somebody elsewhere who remembers how far the log had come."""

    def seen(self, origin: str) -> int:
        """The number of the last checkpoint that it cosigned; 0 before any."""

    def cosign(self, note: str, consistency: Sequence[bytes], public_key: bytes) -> str:
        """Its signature line. Raises WitnessRefused if this is no growth of what it has seen.

        The last one that it cosigned may be asked for again.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a witness remembers of a log: its key, and how far it had come."""

    public_key: bytes
    number: int
    size: int
    root: bytes
    hashed: str


class WitnessMemory(Protocol):
    def recall(self, origin: str) -> Seen | None: ...

    def remember(self, origin: str, before: Seen | None, after: Seen) -> None:
        """Raises StaleHead if `before` is no longer what is remembered."""


class Cosigner(Protocol):
    """The witness's key."""

    def public_key(self) -> bytes:
        """Ed25519, 32 bytes."""

    def sign(self, message: bytes) -> bytes: ...
