"""PAM whole, with a permission set to lend; and what must hold there at every instant."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

from local.identity_center.directory import PERMISSION_SET, user_id_of
from local.identity_center.portal import Live
from local.identity_center.service import IdentityCenter
from pam.aws.permission_set_items import PermissionSetItems
from pam.domain.errors import IssuerUnavailable
from pam.domain.kinds import IDENTITY_CENTER
from pam.domain.lifecycle import Status
from pam.domain.session import Session
from pam.identity_center import denies, statements
from pam.identity_center.notes import Notes
from pam.identity_center.permission_set import PermissionSet
from pam.identity_center.statements import Statement
from pam.identity_center.target import PermissionSetTarget
from pam.kinds.one_per_person import OnePerPerson
from tests.crash.scene import TARGETS, Scene
from tests.fakes.dying import Dying
from tests.fakes.story import HOME
from tests.identity_center.memory_table import MemoryTable
from tests.identity_center.plain_client import PlainClient
from tests.identity_center.scene import TABLE

LENT = "core-payments-admin"
ACCOUNT = HOME.account
(TARGET,) = (each for each in TARGETS if each.kind == IDENTITY_CENTER)
WITH_ACCESS = {Status.ACTIVATING, Status.ACTIVE, Status.REVOKING}


@dataclass
class PermissionSetScene(Scene):
    def __post_init__(self) -> None:
        super().__post_init__()
        self.centre = IdentityCenter(self.clock)
        self.centre.act("open_account", account=ACCOUNT)
        self.memory = MemoryTable()
        self.others: set[str] = set()
        """Who is assigned it by somebody else's word: ids."""
        self.hand_made = False
        """Whether somebody changes the policy by hand."""
        self.live: list[tuple[str, Live]] = []
        """By session id, what people fetched."""
        self.there = PermissionSetTarget(
            sso_admin=PlainClient(self.centre, "sso-admin", self.fuse),
            identity_store=PlainClient(self.centre, "identitystore", self.fuse),
            items=Dying(self.memory, self.fuse),
            table=TABLE,
            user_ids={},
            user_name="{person}",
            clock=self.clock,
            pause=self.pause,
            seconds_left=lambda: 22.0,
            full=lambda _: None,
        )
        self.all_issuers[IDENTITY_CENTER] = OnePerPerson(
            self.there, cast("Any", Dying(self.checkouts, self.fuse))
        )

    def pause(self, seconds: float) -> None:
        self.later(seconds=seconds)

    def with_votes(self, who: str = "alice") -> str:
        session_id = self.request(who, LENT).session_id
        for approver in ("bob", "carol", "dave"):
            if self.session(session_id).status is Status.PENDING_APPROVAL and approver != who:
                self.vote(approver, session_id)
        assert self.session(session_id).status is Status.APPROVED
        return session_id

    def fetch(self, session_id: str) -> Live:
        """What the person gets at the portal now."""
        who = self.session(session_id).requester_name
        live = self.centre.sign_in(who, account=ACCOUNT, permission_set=PERMISSION_SET)
        self.live.append((session_id, live))
        return live

    @property
    def notes(self) -> Notes:
        return Notes(PermissionSetItems(self.memory, TABLE, self.pause))

    @property
    def known(self) -> PermissionSet:
        return self.notes.permission_set(PERMISSION_SET)

    @property
    def assigned(self) -> set[str]:
        return {it.principal.id for it in self.centre.directory.assignments if not it.gone_at}

    @property
    def given(self) -> list[Statement]:
        """What the role in the account denies."""
        given = self.centre.directory.provisioned.get((ACCOUNT, PERMISSION_SET))
        return statements.read(given.inline_policy or "")[0] if given else []

    def look(self) -> list[str]:
        """What runs there each minute."""
        with suppress(IssuerUnavailable):
            self.there.tidy(TARGET, self.now)
            return list(self.there.keep(TARGET, self.now))
        return []

    def run_belts(self) -> None:
        super().run_belts()
        told = self.look()
        assert self.hand_made or not told, "nobody touched the policy but PAM"

    def check(self) -> None:
        super().check()
        ours = [each for each in self.real_store.sessions.values() if each.resource == LENT]
        at_stake = {user_id_of(s.requester_name) for s in ours if s.status in WITH_ACCESS}
        self.centre.running.settle(self.now)
        assert self.assigned <= at_stake | self.others, "assigned, and no session says to whom"
        assert self.others <= self.assigned, "PAM took what it had not made"
        for user_id in self.assigned - self.others:
            assert self.hand_made or any(
                user_id in each.user_ids and each.start for each in self.given
            ), "access, and no end in it"
        for session in ours:
            self._check_one(session)
        for session_id, live in self.live:
            if self.session(session_id).closed and not self.hand_made:
                assert self.centre.refuses(live), "over, and its credentials still work"

    def _check_one(self, session: Session) -> None:
        user_id = user_id_of(session.requester_name)
        if session.status is Status.ACTIVE and session.expires_at and not self.hand_made:
            assert user_id in self.assigned
            deny = self.known.deny_of(session.session_id)
            assert deny is not None
            assert deny.end <= session.expires_at
            assert denies.covers(self.given, deny)
        if session.closed and session.resource == LENT:
            self._check_trail(session)

    def check_over(self) -> None:
        super().check_over()
        assert self.assigned == self.others
