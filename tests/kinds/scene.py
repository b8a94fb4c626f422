"""PAM whole, with doors to lend; and what must hold of each door at every instant."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, ClassVar, cast

from pam.domain.lifecycle import Status
from pam.domain.session import Session
from pam.kinds.one_per_person import OnePerPerson
from pam.operations.lease_credentials import Lease
from pam.policy.cedar import CedarPolicy
from tests.crash.scene import LATE, PEOPLE, Scene
from tests.fakes.dying import Dying
from tests.fakes.story import Story
from tests.kinds.badge.issuer import Doors
from tests.kinds.table import BADGE, catalogue, with_badges

WITH_ACCESS = {Status.ACTIVATING, Status.ACTIVE, Status.REVOKING}


@contextmanager
def doors_are_lent() -> Iterator[None]:
    with with_badges():
        DoorScene.lends = CedarPolicy(replace(catalogue(), identities=PEOPLE.identities))
        yield


@dataclass
class DoorScene(Scene):
    lends: ClassVar[CedarPolicy]

    def __post_init__(self) -> None:
        super().__post_init__()
        self.policy = DoorScene.lends
        self.doors = Doors(call=self.fuse.call)
        self.others: set[tuple[str, str]] = set()
        """Who may pass by somebody else's word."""
        self.all_issuers[BADGE.name] = OnePerPerson(
            self.doors, cast("Any", Dying(self.checkouts, self.fuse))
        )

    def lease(self, session_id: str, who: str = "alice") -> Lease:
        return Story.lease(self, session_id, who)

    def check(self) -> None:
        super().check()
        sessions = list(self.real_store.sessions.values())
        at_stake = [
            (each.target.label, each.requester_name)
            for each in sessions
            if each.status in WITH_ACCESS and each.activating_at is not None
        ]
        assert max(Counter(at_stake).values(), default=0) <= 1, "two at a time"
        let_in = self.doors.passes - self.others
        assert let_in <= set(at_stake), "the door opens, and no session says for whom"
        assert self.others <= self.doors.passes, "PAM took what it had not made"
        for session in sessions:
            self._check_one(session, (session.target.label, session.requester_name) in let_in)

    def _check_one(self, session: Session, passes: bool) -> None:
        types = self.real_store.types(session.session_id)
        assert "Leased" not in types
        if session.status is Status.ACTIVE:
            assert passes
        if session.expires_at is not None and self.now >= session.expires_at + LATE:
            assert session.closed, "over long ago"
        earlier = self.real_store.sessions.get(session.comes_after)
        if earlier is not None and session.activating_at is not None:
            assert earlier.closed, "it did not wait"
            assert earlier.status not in {Status.REVOKED, Status.FAILED}
            assert earlier.ended_at is not None
            assert earlier.ended_at <= session.activating_at

    def check_over(self) -> None:
        super().check_over()
        assert self.doors.passes == self.others
