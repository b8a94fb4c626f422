"""One session a person and target, and one that waits, in the very table and its checkouts."""

from typing import Any

import pytest

from pam.domain.errors import LimitReached, TryAgain
from pam.domain.lifecycle import Status
from pam.policy.cedar import CedarPolicy
from tests.contract.conftest import aws, table
from tests.kinds.in_the_table import InTheTable
from tests.kinds.table import BADGE, VAULT, VAULT_DEV

__all__ = ["aws", "table"]


@pytest.fixture
def story(table: Any, policy: CedarPolicy) -> InTheTable:
    story = InTheTable.of(table, policy)
    assert story.issuers[BADGE.name] is story.badges
    return story


def test_the_second_waits_the_third_is_refused_and_each_has_its_turn(story: InTheTable) -> None:
    first = story.activate(story.request("alice", VAULT_DEV).session_id)
    second = story.stored(story.request("alice", VAULT_DEV).session_id)
    assert second.comes_after == first.session_id
    with pytest.raises(LimitReached) as reached:
        story.request("alice", VAULT)
    assert set(reached.value.sessions) == {first.session_id, second.session_id}
    with pytest.raises(TryAgain):
        story.activate(second.session_id)
    story.later(minutes=11)
    assert story.end_due(first.session_id).status is Status.EXPIRED
    assert story.activate(second.session_id).status is Status.ACTIVE
    assert story.end(second.session_id).status is Status.ENDED
    assert story.doors.passes == set()


def test_what_a_runbook_opened_comes_after_what_the_person_has(story: InTheTable) -> None:
    named = story.by_runbook("alice", VAULT_DEV).session_id
    own = story.activate(story.request("alice", VAULT_DEV).session_id)
    story.confirm(named)
    assert story.stored(named).comes_after == own.session_id
    story.end(own.session_id)
    assert story.activate(named).status is Status.ACTIVE
