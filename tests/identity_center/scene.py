"""One Identity Center, PAM's target in it, and the sessions that are lent there."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from local.aws import ACCOUNT
from local.identity_center.clients import clients
from local.identity_center.directory import (
    IDENTITY_STORE,
    INSTANCE,
    PERMISSION_SET,
    PERMISSION_SET_NAME,
    PORTAL,
    user_id_of,
)
from local.identity_center.portal import Live
from local.identity_center.service import IdentityCenter
from pam.aws.permission_set_items import PermissionSetItems
from pam.domain.errors import IssuerUnavailable, TryAgain
from pam.domain.kinds import IDENTITY_CENTER
from pam.domain.lifecycle import Status
from pam.domain.resource import Target
from pam.domain.session import Session
from pam.identity_center import statements
from pam.identity_center.notes import Notes
from pam.identity_center.permission_set import PermissionSet
from pam.identity_center.statements import Statement
from pam.identity_center.target import PermissionSetTarget
from pam.ports.targets import Receipt
from tests.fakes.story import SANDBOX, Story
from tests.identity_center.memory_table import MemoryTable
from tests.identity_center.virtual_time import VirtualTime

NOON = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
TABLE = "identity-center"
TARGET = Target(
    kind=IDENTITY_CENTER,
    names={"account": ACCOUNT, "instance": INSTANCE, "permission_set": PERMISSION_SET},
    settings={
        "identity_store": IDENTITY_STORE,
        "permission_set_name": PERMISSION_SET_NAME,
        "portal": PORTAL,
    },
)
_PATTERN: list[Session] = []


def session_of(
    person: str, number: int = 0, *, minutes: int = 30, target: Target = TARGET
) -> Session:
    """One that is ACTIVATING."""
    if not _PATTERN:
        _PATTERN.append(Story().request("alice", SANDBOX))
    letters = "".join(each for each in person.upper() if each.isalnum() and each not in "ILOU")
    return replace(
        _PATTERN[0],
        session_id=f"{number:05d}{letters}".ljust(26, "0")[:26],
        status=Status.ACTIVATING,
        requester_name=person,
        target=target,
        duration=timedelta(minutes=minutes),
        activating_at=NOON,
    )


def is_poll(operation: str) -> bool:
    return operation.startswith("Describe") and operation.endswith("Status")


@dataclass
class Centre:
    """PAM's functions and Identity Center, in one time."""

    time: VirtualTime = field(default_factory=lambda: VirtualTime(NOON))
    user_ids: dict[str, str] = field(default_factory=lambda: {"alice": user_id_of("alice")})
    full: list[str] = field(default_factory=list)
    told: set[tuple[str, datetime]] = field(default_factory=set)
    """Whose deny was missing, and when that was seen."""
    alive: float = 22.0

    def __post_init__(self) -> None:
        self.service = IdentityCenter(self.time.now)
        self.table: Any = MemoryTable()
        self.clients = clients(self.service)

    @property
    def now(self) -> datetime:
        return self.time.now()

    def target(self) -> PermissionSetTarget:
        """As each call makes it."""
        sso_admin, identity_store = self.clients
        began = self.time.now()
        return PermissionSetTarget(
            sso_admin=sso_admin,
            identity_store=identity_store,
            items=self.table,
            table=TABLE,
            user_ids=self.user_ids,
            user_name="{person}",
            clock=self.time.now,
            pause=self.time.pause,
            seconds_left=lambda: self.alive - (self.time.now() - began).total_seconds(),
            full=self.full.append,
        )

    # What the core does.

    def make(self, session: Session, tries: int = 20) -> datetime:
        """As the workflow: again while it is to be tried again."""
        for _ in range(tries):
            try:
                begins = self.target().make(session, self.now)
            except TryAgain:
                self.time.pause(1.5)
                continue
            assert begins is not None
            assert begins <= self.now
            return begins
        message = "not done in time"
        raise AssertionError(message)

    def active(self, session: Session) -> Session:
        begins = self.make(session)
        return replace(
            session,
            status=Status.ACTIVE,
            activated_at=begins,
            expires_at=begins + session.duration,
        )

    def end(self, session: Session, tries: int = 20) -> Receipt:
        why = ""
        for _ in range(tries):
            try:
                return self.target().unmake(replace(session, status=Status.REVOKING), self.now)
            except IssuerUnavailable as error:
                why = str(error)
                self.time.pause(2)
        message = f"not ended in time: {why}"
        raise AssertionError(message)

    def expire(self, session: Session) -> Receipt:
        assert session.expires_at is not None
        missing = session.expires_at - self.now
        if missing > timedelta(0):
            self.time.later(seconds=missing.total_seconds())
        return self.end(session)

    def search(self) -> list[str]:
        """What runs each minute; the sessions whose deny was missing, if that is new."""
        target = self.target()
        target.tidy(TARGET, self.now)
        try:
            undone = target.keep(TARGET, self.now)
        except IssuerUnavailable:
            self._hear(self.target().undone_at(TARGET))
            raise
        return self._hear(undone)

    def _hear(self, undone: dict[str, datetime]) -> list[str]:
        new = undone.items() - self.told
        self.told |= new
        return [session_id for session_id, _ in new]

    # What is seen there.

    def sign_in(self, person: str) -> Live:
        return self.service.sign_in(person, account=ACCOUNT, permission_set=PERMISSION_SET)

    def refuses(self, live: Live) -> bool:
        return self.service.refuses(live)

    def is_assigned(self, person: str) -> bool:
        return any(
            it.principal.id == user_id_of(person) and it.gone_at is None
            for it in self.service.directory.assignments
        )

    @property
    def policy(self) -> str:
        return self.service.directory.permission_sets[PERMISSION_SET].inline_policy or ""

    @property
    def statements(self) -> list[Statement]:
        ours, others = statements.read(self.policy)
        assert others == []
        return ours

    @property
    def provisioned(self) -> list[Statement]:
        """What the role in the account says."""
        given = self.service.directory.provisioned.get((ACCOUNT, PERMISSION_SET))
        return statements.read(given.inline_policy or "")[0] if given else []

    @property
    def known(self) -> PermissionSet:
        return self.notes.permission_set(PERMISSION_SET)

    @property
    def notes(self) -> Notes:
        return Notes(PermissionSetItems(self.table, TABLE, self.time.pause))

    def calls(self) -> Counter[str]:
        return Counter(call.operation for call in self.service.calls)

    def count(self) -> int:
        """Calls of the vendor without polls."""
        return sum(number for name, number in self.calls().items() if not is_poll(name))
