"""A story in which doors are lent, too."""

from dataclasses import dataclass, field
from typing import Any

from pam.domain.session import Session
from pam.kinds.one_per_person import OnePerPerson
from pam.operations.end_decided import end_decided
from pam.operations.end_due import end_due
from tests.fakes.story import Story
from tests.fakes.targets import FakeCheckouts
from tests.kinds.badge.issuer import Doors
from tests.kinds.table import BADGE


@dataclass
class DoorStory(Story):
    doors: Doors = field(default_factory=Doors)

    def __post_init__(self) -> None:
        self.checkouts = FakeCheckouts(lambda session_id: self.stored(session_id).closed)
        self.badges = OnePerPerson(self.doors, self.checkouts)

    @property
    def issuers(self) -> Any:
        return {**super().issuers, BADGE.name: self.badges}

    def stored(self, session_id: str) -> Session:
        return self.store.sessions[session_id]

    def end_due(self, session_id: str) -> Session:
        return end_due(session_id, now=self.now, store=self.store, issuers=self.issuers)

    def confirm_end(self, session_id: str) -> Session:
        return end_decided(
            session_id,
            now=self.now,
            store=self.store,
            issuers=self.issuers,
            workflow=self.workflow,
        )
