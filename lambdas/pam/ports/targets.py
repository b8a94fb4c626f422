"""Targets: where access is made and unmade, and the secrets and checkouts behind them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, Self

from pam.domain.ending import ReceiptMethod
from pam.domain.resource import Target
from pam.domain.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsCredentials:
    """Secret. Never logged, never stored; `repr` shows nothing of it."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    expires_at: datetime
    """When it stops working."""
    live_until: datetime
    """When STS forgets it; never before `expires_at`."""

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
    sslmode: str
    """As libpq has it: what the borrower's own connection should demand."""
    sslrootcert: str | None = None
    """The certificates that the server is known by, as PEM text. None where none is checked."""

    @property
    def access_key_id(self) -> str:
        """None: a login is no key of AWS's."""
        return ""

    @property
    def live_until(self) -> datetime:
        return self.expires_at


Credentials = AwsCredentials | LoginCredentials


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInPlace:
    """Where the borrower goes: nothing secret, because the access stands at the target already."""

    url: str
    instructions: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """How the target was seen to refuse. `traces_until`: when what was left there may go. `left`:
    what the borrower made there that may let somebody back in, each a short printable text.
    `proven`: whether the target itself was seen to refuse.
    """

    method: ReceiptMethod
    evidence: str
    traces_until: datetime | None = None
    left: tuple[str, ...] = ()
    proven: bool = True
    seen_at: datetime | None = None
    """When it was seen, where that took longer than a moment. None: when it was asked for."""
    on_time: bool = True
    """Whether what ends the session by the clock stood there as it was armed, as far as PAM saw. If
    it had to be made anew, the end is in force from then on."""

    @classmethod
    def never_granted(cls, evidence: str) -> Self:
        """Nothing had been made that could be unmade."""
        return cls(method=ReceiptMethod.NEVER_GRANTED, evidence=evidence)


class Issuer(Protocol):
    """Makes and unmakes access at one kind of target. Every method may be called again safely.

    All raise IssuerUnavailable if the target did not do, or did not confirm, what was asked.
    """

    def reserve(self, session: Session, now: datetime) -> None:
        """Takes what only one session at a time may have; touches nothing at the target.

        Called before the activation is recorded. Raises TryAgain while another session has it, or
        Conflict if that is not to be waited for. What a closed session had taken is free again.
        """

    def activate(self, session: Session, now: datetime) -> datetime | None:
        """Makes the access possible and sees that it is. Arms the end before it makes anything.

        Returns from when the session's time runs, if its end is armed at the target: a whole
        second, no later than when this returns. None: from now on. Raises TryAgain if the target
        is at it and needs longer than one call.
        """

    def end(self, session: Session, now: datetime) -> Receipt:
        """Unmakes the access and sees the target refuse. Needs nothing but the stored session."""

    def clear_traces(self, session: Session, now: datetime) -> None:
        """Removes what `end` had to leave at the target, once every lease is over by itself."""

    def sessions_at(self, target: Target) -> list[str]:
        """Ids of the sessions of which something stands there, as the target itself says."""

    def missing(self, target: Target, active: Sequence[Session]) -> dict[str, str]:
        """Of these ACTIVE sessions of a target, those whose access does not stand there, and why:
        by session id.
        """

    def tidy(self, target: Target, now: datetime) -> None:
        """Removes what has done its time there and is no single session's."""


Issuers = Mapping[str, Issuer]
"""By kind."""


class Lender(Issuer, Protocol):
    """The issuer of a leased kind."""

    def lease(self, session: Session, now: datetime) -> Credentials:
        """One set of credentials that ends at the session's `expires_at` or before."""


Lenders = Mapping[str, Lender]
"""By kind. Of a standing kind nothing is leased, so its issuer is never asked to."""


class StandingIssuer(Issuer, Protocol):
    """The issuer of a standing kind whose targets are looked at every minute."""

    def keep(self, target: Target, now: datetime) -> dict[str, datetime]:
        """As `StandingTarget.keep`."""

    def undone_at(self, target: Target) -> dict[str, datetime]:
        """As `StandingTarget.undone_at`."""

    def strangers(self, target: Target, now: datetime) -> list[str]:
        """As `StandingTarget.strangers`."""


StandingIssuers = Mapping[str, StandingIssuer]
"""By kind: of the standing ones."""


class StandingTarget(Protocol):
    """What a standing kind does at its target; all else of its issuer is the same for each of them
    (`pam.kinds.one_per_person`). Every method may be called again safely, and raises
    IssuerUnavailable if the target did not do, or did not confirm, what was asked.
    """

    def stands(self, session: Session) -> bool:
        """Whether the target says that the person has this access now, whoever made it."""

    def make(self, session: Session, now: datetime) -> datetime | None:
        """Makes the access and reads it back. Raises TryAgain while the target is at it.

        Where the end is armed at the target, before there is access, it is armed for an instant
        (a whole second) + `session.duration`, and that instant is returned: the session's time
        runs from then, not from the read-back. It is past when this returns; called again, the
        same is returned. None where nothing is armed.
        """

    def unmake(self, session: Session, now: datetime) -> Receipt:
        """Takes the access and sees that it is gone. Needs nothing but the stored session."""

    def clear_traces(self, session: Session, now: datetime) -> None:
        """As `Issuer.clear_traces`."""

    def sessions_at(self, target: Target) -> list[str]:
        """As `Issuer.sessions_at`; by PAM's own notes, where the target knows of no sessions."""

    def standing_at(self, target: Target) -> list[str]:
        """Ids of the sessions whose access stands there now, of those that PAM noted: by one look
        at the target, however many they are. It is asked every minute.
        """

    def tidy(self, target: Target, now: datetime) -> None:
        """As `Issuer.tidy`."""

    def keep(self, target: Target, now: datetime) -> dict[str, datetime]:
        """Writes again what ends sessions there and is gone or changed. Returns `undone_at`."""

    def undone_at(self, target: Target) -> dict[str, datetime]:
        """Of which sessions that was seen within the last day, whoever saw it and wrote it again,
        and when it was seen last: by id. It touches only PAM's own notes.
        """

    def strangers(self, target: Target, now: datetime) -> list[str]:
        """What access there is that no session of this deployment explains, each a short printable
        text that stays the same as long as the access does. Nothing of it is touched.
        """


class EndKeeper(Protocol):
    """Sees whether what ends sessions at one kind of target still stands there. All raise
    IssuerUnavailable.
    """

    def undone(self, target: Target, ended: Sequence[Session]) -> list[str]:
        """Ids of those of these ended sessions of a target that it would let in again."""

    def end(self, session: Session, now: datetime) -> Receipt:
        """As `Issuer.end`: once more, if it was undone."""

    def unbounded(self, target: Target) -> str:
        """Why something that binds every session of the target is not there; empty if it is."""


Keepers = Mapping[str, EndKeeper]
"""By kind: of those whose row says that ends are kept there."""


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

    def login(
        self, secret: str, where: Mapping[str, str], *, version: str = "", stage: str = ""
    ) -> DatabaseLogin:
        """The login of one version, of the one with this label, or the current one. `where` may
        have `host`, `port` and `dbname`, which then stand above what the secret says of them.
        """

    def versions(self, secret: str) -> dict[str, frozenset[str]]:
        """The labels of each version that has one: AWSCURRENT, AWSPENDING, AWSPREVIOUS."""

    def rotate(self, secret: str, version: str) -> None:
        """Asks for a rotation that makes `version`. Does nothing while another is under way."""

    def renew(
        self, secret: str, where: Mapping[str, str], version: str, password: str
    ) -> DatabaseLogin:
        """Makes `version`, with this password, the current one, and any rotation that is under way
        void; unless `version` was made before. Returns the login that is current then.
        """


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
    """Things that one session at a time may have. A closed session has lost what it had,
    unless it began to make access: that is given back by its end.
    """

    def take(self, what: str, session_id: str) -> bool:
        """Whether the session has it now; taking it again is no error."""

    def has(self, what: str, session_id: str) -> bool: ...

    def give_back(self, what: str, session_id: str, receipt: Receipt) -> None:
        """Lets it go, and keeps the receipt, in one write. No error if the session has it not."""

    def remember(self, what: str, session_id: str, text: str) -> None:
        """Keeps how it stood when the session took it: the first time that this is said, while the
        session has it. No secret.
        """

    def remembered(self, what: str, session_id: str) -> str | None:
        """What was kept; None if nothing was, or if the session has it no more."""

    def found(self, what: str, session_id: str, texts: Sequence[str]) -> Sequence[str]:
        """Keeps what a try of the session's end found there, before it puts it back; gives that
        with what earlier tries kept, if the session has it yet.
        """

    def begin_making(self, what: str, session_id: str, *, until: datetime) -> bool:
        """Notes, before a call that makes access, that it may go on until then, and remembers that
        PAM makes it. False, with nothing noted, after `stop_making` or if the session has it not.
        """

    def finish_making(self, what: str, session_id: str) -> None:
        """That one such call is over. No error if nobody knows of it any more."""

    def stop_making(self, what: str, session_id: str) -> datetime | None:
        """From now on no such call begins. Until when one that began may go on; None if each of
        them is over.
        """

    def receipt(self, what: str, session_id: str) -> Receipt | None:
        """With which receipt the session gave it back, if it has."""
