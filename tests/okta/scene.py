"""PAM whole, with a group of Okta to lend, whose every call may be the last; and what must hold of
the group at every instant. Okta is as short here as can be: a list of members.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pam.domain.errors import IssuerUnavailable, StaleSession
from pam.domain.kinds import OKTA_GROUP
from pam.domain.lifecycle import Status
from pam.kinds.one_per_person import OnePerPerson
from pam.okta.api import User
from pam.okta.errors import Locked
from pam.okta.target import GroupTarget
from pam.operations.search_standing import search_standing
from tests.crash.scene import LATE, TARGETS, Scene
from tests.fakes.dying import Dying
from tests.fakes.okta_notes import FakeOktaNotes

SUPPORT = "core-support-admins"
WITH_ACCESS = {Status.ACTIVATING, Status.ACTIVE, Status.REVOKING}
(TARGET,) = (target for target in TARGETS if target.kind == OKTA_GROUP)
Answer = TypeVar("Answer")


@dataclass
class Patience:
    """Of one call. Nobody waits in these tests; whoever would, has waited."""

    looks: int = 8

    def wait(self, seconds: float) -> bool:
        del seconds
        self.looks -= 1
        return self.looks > 0


def at_once(call: Callable[[], Answer]) -> Answer:
    return call()


@dataclass
class Group:
    """In place of `OktaApi`, and of an `Organisation`. `re_adds`: somebody's program puts back whom
    it saw as members, once after each removal.
    """

    passing: Callable[[Callable[[], Any]], Any] = at_once
    users: set[str] = field(default_factory=set)
    down: bool = False
    re_adds: int = 0
    budget: Patience = field(default_factory=Patience)

    def at(self, organisation: str, budget: object) -> "Group":
        del organisation, budget
        self.budget = Patience()
        return self

    def user(self, named: str) -> User:
        return self._answered(
            lambda: (
                User(user_id=named.partition("@")[0], login=named, status="ACTIVE")
                if "@" in named
                else User(user_id=named, login=f"{named}@bank.example", status="ACTIVE")
            )
        )

    def group_type(self, group: str) -> str:
        return self._answered(lambda: "OKTA_GROUP")

    def rules_feeding(self, group: str) -> list[str]:
        return self._answered(list)

    def has_admin_roles(self, group: str) -> bool:
        return self._answered(lambda: False)

    def is_group_of(self, user: str, group: str) -> bool:
        return self._answered(lambda: user in self.users)

    def is_member_of(self, user: str, group: str) -> bool:
        return self._answered(lambda: user in self.users)

    def members(self, group: str) -> set[str]:
        return self._answered(lambda: set(self.users))

    def add(self, user: str, group: str) -> None:
        self._answered(lambda: self.users.add(user))

    def remove(self, user: str, group: str) -> None:
        self._answered(lambda: self._without(user))

    def end_sessions(self, user: str) -> None:
        self._answered(lambda: None)

    def _without(self, user: str) -> None:
        if self.re_adds and user in self.users:
            self.re_adds -= 1
            return
        self.users.discard(user)

    def _answered(self, act: Callable[[], Answer]) -> Answer:
        if self.down:
            message = "Okta gives PAM no token just now"
            raise Locked(message)
        found: Answer = self.passing(act)
        return found


@dataclass
class OktaScene(Scene):
    def __post_init__(self) -> None:
        super().__post_init__()
        self.group = Group(passing=self.fuse.call)
        self.notes = FakeOktaNotes()
        self.others: set[str] = set()
        """Members by somebody else's word."""
        api: Any = self.group
        notes: Any = Dying(self.notes, self.fuse)
        target = GroupTarget(
            api=api,
            notes=notes,
            user_ids={},
            login="{person}@bank.example",
            clock=self.clock,
            pause=self.no_pause,
            seconds_left=self.plenty,
        )
        kept: Any = Dying(self.checkouts, self.fuse)
        self.all_issuers[OKTA_GROUP] = OnePerPerson(target, kept)

    def no_pause(self, seconds: float) -> None:
        """Time does not pass by that."""

    def plenty(self) -> float:
        return 22.0

    def by_hand(self, user: str) -> None:
        self.others.add(user)
        self.group.users.add(user)

    def search_groups(self) -> list[str]:
        """What is told of members that no session explains."""
        found = search_standing(
            {SUPPORT: TARGET},
            now=self.now,
            store=self.store,
            issuers={OKTA_GROUP: self.all_issuers[OKTA_GROUP]},
        )
        return found.strangers

    def run_belts(self) -> None:
        super().run_belts()
        with suppress(IssuerUnavailable, StaleSession):
            self.search_groups()

    def check(self) -> None:
        super().check()
        sessions = list(self.real_store.sessions.values())
        at_stake = [
            each.requester_name
            for each in sessions
            if each.target == TARGET
            and each.status in WITH_ACCESS
            and each.activating_at is not None
        ]
        assert max(Counter(at_stake).values(), default=0) <= 1, "two at a time"
        assert self.group.users - self.others <= set(at_stake), "a member, and no session says why"
        assert self.others <= self.group.users, "PAM took what it had not made"
        for session in sessions:
            if session.status is Status.ACTIVE:
                assert session.requester_name in self.group.users
            if session.expires_at is not None and self.now >= session.expires_at + LATE:
                assert session.closed, "over long ago"

    def check_over(self) -> None:
        super().check_over()
        assert self.group.users == self.others
        assert [mark for mark in self.notes.by_user.values() if mark.gone_at is None] == []
