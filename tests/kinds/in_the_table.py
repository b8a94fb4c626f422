"""A story in which doors are lent by the very table and its checkouts."""

from dataclasses import dataclass
from typing import Any, Self

from pam.aws.checkouts import DynamoDbCheckouts
from pam.aws.dynamodb_sessions import DynamoDbSessions
from pam.domain.session import Session
from pam.kinds.one_per_person import OnePerPerson
from pam.policy.cedar import CedarPolicy
from tests.contract.conftest import TABLES
from tests.kinds.story import DoorStory


@dataclass
class InTheTable(DoorStory):
    @classmethod
    def of(cls, table: Any, policy: CedarPolicy) -> Self:
        """`table` is a client of DynamoDB."""
        story = cls(store=DynamoDbSessions(table, TABLES), policy=policy)  # type: ignore[arg-type]
        story.checkouts = DynamoDbCheckouts(table, TABLES)  # type: ignore[assignment]
        story.badges = OnePerPerson(story.doors, story.checkouts)
        return story

    def stored(self, session_id: str) -> Session:
        found = self.store.get(session_id)
        assert found is not None
        return found
