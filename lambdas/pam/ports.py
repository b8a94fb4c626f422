"""What the core needs of the world, named by need. Adapters implement these; tests have fakes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from pam.domain.audit_record import Record
from pam.domain.block import Block, Blocklist
from pam.domain.checkpoint import Head, Leaf
from pam.domain.lifecycle import Status
from pam.domain.resource import Target
from pam.domain.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyKey:
    """A caller's key for one request, and a fingerprint of what was asked with it."""

    person: str
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """What is done a single time, however often it is delivered; remembered until `until`."""

    key: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionQuery:
    """Which sessions to list. `requester` is a person's name. Newest first."""

    status: Status | None = None
    requester: str | None = None
    resource: str | None = None
    limit: int = 50
    cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    sessions: tuple[Session, ...]
    cursor: str | None


class SessionStore(Protocol):
    """Sessions and their audit trail; each write is one transaction of both.

    Reads are consistent save for `find`, `due` and `open_sessions`, which go through indexes.
    """

    def get(self, session_id: str) -> Session | None: ...

    def create(
        self, session: Session, records: Sequence[Record], key: IdempotencyKey | None
    ) -> None:
        """Raises StaleSession if the session id or the idempotency key exists already."""

    def save(
        self,
        before: Session,
        after: Session,
        records: Sequence[Record],
        once: Once | None = None,
    ) -> None:
        """Replaces `before` by `after`. Raises StaleSession if it is no longer what is stored, or
        if `once` is done already.
        """

    def is_done(self, once: Once) -> bool: ...

    def find_by_key(self, key: IdempotencyKey) -> tuple[str, str] | None:
        """Session id and fingerprint of an earlier request with this key."""

    def records(self, session_id: str) -> list[Record]:
        """The session's audit records in order of sequence."""

    def add_refusal(self, record: Record) -> None:
        """A refusal that belongs to no session."""

    def add_finding(self, record: Record, once: Once) -> None:
        """A finding that belongs to no session. Raises StaleSession if `once` is done already."""

    def grants(self, person: str, resource: str) -> list[str]:
        """Ids of the sessions by which this person holds this resource now, or held it just now."""

    def find(self, query: SessionQuery) -> Page:
        """Raises Invalid for a cursor that `find` did not give out."""

    def open_sessions(self, person: str | None = None) -> list[Session]:
        """Those that are not over, a person's or all; one that was just opened may be missing."""

    def blocks_of(self, person: str) -> list[Block]:
        """Every block of a person that is kept, in force or not."""

    def blocklist(self) -> Blocklist:
        """Every block that is kept, by name, with the version of it all."""

    def put_block(self, before: Blocklist, block: Block, record: Record) -> None:
        """Puts a block in place of the one of this person and resource, with its record. Raises
        StaleSession if `before` is no longer what is stored.
        """

    def due(
        self, now: datetime, limit: int, unreadable: Callable[[str], None] | None = None
    ) -> list[Session]:
        """Sessions whose `due_at` has come, as the index has them: those where access may exist
        first, then the others, at most `limit` of each, the longest due first.

        `unreadable` hears the id of one that is not understood; without it that raises.
        """

    def overdue_reviews(self, person: str, now: datetime) -> list[str]:
        """Ids of the sessions by this person whose review is overdue, oldest first."""

    def forget_traces(self, session: Session) -> None:
        """Notes that nothing of a closed session is left at its target. No step, no record."""

    def note_try(self, session: Session, now: datetime) -> None:
        """Counts one more try of what is due, and puts off the next. No step, no record. Raises
        StaleSession.
        """

    def put_task_token(self, session_id: str, token: str, now: datetime) -> None: ...

    def task_token(self, session_id: str) -> str | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsCredentials:
    """Secret. Never logged, never stored; `repr` shows nothing of it."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    expires_at: datetime

    def __repr__(self) -> str:
        return f"AwsCredentials({self.access_key_id}, expires_at={self.expires_at.isoformat()})"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginCredentials:
    """Secret. A database login; `secret_arn` names the secret that the catalogue gives for it."""

    secret_arn: str
    username: str
    password: str = field(repr=False)
    host: str
    port: int
    dbname: str
    expires_at: datetime


Credentials = AwsCredentials | LoginCredentials


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """How the target was seen to refuse. `traces_until`: when what was left there may go."""

    method: str
    evidence: str
    traces_until: datetime | None = None


class Issuer(Protocol):
    """Makes and unmakes access at one kind of target. Every method may be called again safely.

    All raise IssuerUnavailable if the target did not do, or did not confirm, what was asked.
    """

    def reserve(self, session: Session, now: datetime) -> None:
        """Takes what only one session at a time may have; touches nothing at the target.

        Called before the activation is recorded. Raises TryAgain while another session has it, or
        Conflict if that is not to be waited for. What a closed session had taken is free again.
        """

    def activate(self, session: Session, now: datetime) -> None:
        """Makes the access possible and sees that it is. Arms the end before it makes anything.

        Raises TryAgain if the target is at it and needs longer than one call.
        """

    def lease(self, session: Session, now: datetime) -> Credentials:
        """One set of credentials that ends at the session's `expires_at` or before."""

    def end(self, session: Session, now: datetime) -> Receipt:
        """Unmakes the access and sees the target refuse. Needs nothing but the stored session."""

    def clear_traces(self, session: Session, now: datetime) -> None:
        """Removes what `end` had to leave at the target, once every lease is over by itself."""

    def sessions_at(self, target: Target) -> list[str]:
        """Ids of the sessions of which something stands there, whatever else is lost."""

    def missing(self, target: Target, active: Sequence[Session]) -> dict[str, str]:
        """Of these ACTIVE sessions of a target, those whose access does not stand there, and why:
        by session id.
        """

    def tidy(self, target: Target, now: datetime) -> None:
        """Removes what has done its time there and is no single session's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseLogin:
    """Secret. Where a database is and how to log in there."""

    host: str
    port: int
    dbname: str
    username: str
    password: str = field(repr=False)


class LoginSecrets(Protocol):
    """Database logins in a secret store that rotates them. All raise IssuerUnavailable."""

    def login(self, secret: str, *, version: str = "", stage: str = "") -> DatabaseLogin:
        """The login of one version, of the one with this label, or the current one."""

    def versions(self, secret: str) -> dict[str, frozenset[str]]:
        """The labels of each version that has one: AWSCURRENT, AWSPENDING, AWSPREVIOUS."""

    def rotate(self, secret: str, version: str) -> None:
        """Asks for a rotation that makes `version`. Does nothing while another is under way."""


class RotatingSecret(Protocol):
    """One secret, as the function that rotates it sees it."""

    def rotates(self) -> bool: ...

    def stages(self) -> dict[str, frozenset[str]]:
        """The labels of each version that has one."""

    def value(self, *, stage: str, version: str = "") -> dict[str, Any] | None:
        """The whole document of that version, None if there is no such value."""

    def put_pending(self, version: str, value: dict[str, Any]) -> None: ...

    def make_current(self, version: str, instead_of: str) -> None: ...


class Checkouts(Protocol):
    """Things that one session at a time may have. A closed session has lost what it had."""

    def take(self, what: str, session_id: str) -> bool:
        """Whether the session has it now; taking it again is no error."""

    def has(self, what: str, session_id: str) -> bool: ...

    def give_back(self, what: str, session_id: str, receipt: Receipt) -> None:
        """Lets it go, and keeps the receipt, in one write. No error if the session has it not."""

    def receipt(self, what: str, session_id: str) -> Receipt | None:
        """With which receipt the session gave it back, if it has."""


class Workflow(Protocol):
    """The state machine that carries a session from request to end."""

    def execution_arn(self, session_id: str) -> str: ...

    def start(self, session: Session) -> None:
        """Raises IssuerUnavailable, or TryAgain, if it could not be started. Twice is harmless."""

    def approved(self, token: str) -> None:
        """Lets the waiting workflow go on. A token that is used up already is no error."""

    def refused(self, token: str, *, error: str, cause: str) -> None:
        """Ends the waiting workflow. A token that is used up already is no error."""

    def stop(self, session: Session, *, error: str, cause: str) -> None:
        """Ends the workflow wherever it is. One that is over already is no error."""


class Notifier(Protocol):
    def approval_needed(self, session: Session, resource_title: str) -> None: ...

    def break_glass(self, session: Session, resource_title: str) -> None: ...

    def still_waiting(self, session: Session, resource_title: str) -> None: ...

    def ending_soon(self, session: Session, resource_title: str) -> None: ...

    def review_overdue(self, session: Session, resource_title: str) -> None: ...


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


class AuditOutbox(Protocol):
    """The records in the session table that the auditor has still to carry out.

    `owner` is a session id, or `NONE#<event id>` for the one record that belongs to no session.
    """

    def claim(self, owner: str, now: datetime) -> bool:
        """Takes the owner's delivery for this call alone. False while another call has it.

        A claim that is not released, because its call died, ends by itself.
        """

    def undelivered(self, owner: str) -> tuple[int, list[Record]]:
        """The last delivered sequence (-1 before any), and the records after it, in order."""

    def settle(self, owner: str, delivered: int, records: Sequence[Record]) -> None:
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


class Messenger(Protocol):
    """Asks the function that sends notices to look at a session; `tick` itself tells nobody."""

    def tell(self, session_id: str) -> None: ...


class Closer(Protocol):
    """Asks the revocation function to look at a session (least privilege: `tick` cannot revoke)."""

    def look_at(self, session_id: str) -> None: ...
