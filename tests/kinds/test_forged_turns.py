"""Somebody who may write sessions, and wants a door to open when it should not, or for ever.

That they wrote is told by the watch of the store; here is what it does not get them.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from pam.aws.attribute_values import to_item
from pam.aws.table_keys import session_item
from pam.domain.errors import Refusal, TryAgain
from pam.domain.lifecycle import Status
from pam.domain.session import Session
from pam.policy.cedar import CedarPolicy
from tests.contract.conftest import TABLE, aws, table
from tests.kinds.in_the_table import InTheTable
from tests.kinds.table import VAULT_DEV

__all__ = ["aws", "table"]

pytestmark = [pytest.mark.guarantee("G4"), pytest.mark.guarantee("G5")]


class Forged(InTheTable):
    client: Any

    def forge(self, session_id: str, **changes: Any) -> None:
        item = session_item(replace(self.stored(session_id), **changes))
        self.client.put_item(TableName=TABLE, Item=to_item(item))

    def tried(self, session_id: str) -> Session:
        with suppress(Refusal, TryAgain):
            self.activate(session_id)
        return self.stored(session_id)


@pytest.fixture
def story(table: Any, policy: CedarPolicy) -> Forged:
    story = Forged.of(table, policy)
    story.client = table
    return story


def active(story: Forged) -> Session:
    session = story.activate(story.request("alice", VAULT_DEV).session_id)
    story.later(minutes=1)
    return session


def test_an_end_asks_the_checkout_whether_anything_was_made(story: Forged) -> None:
    session = active(story)
    story.forge(session.session_id, activating_at=None, activated_at=None)
    story.revoke(session.session_id)
    assert story.stored(session.session_id).closed
    assert story.doors.passes == set()


def waits_for_nobody_while_it_reserves(story: Forged, first: str, second: str) -> None:
    waits_for = story.stored(second).waits_for
    story.forge(second, waits_for="")
    story.tried(second)
    story.forge(second, waits_for=waits_for, status=Status.ACTIVATING, activating_at=story.now)


def earlier_one_was_given_back(story: Forged, first: str, second: str) -> None:
    story.forge(first, status=Status.ENDED)


FORGED: tuple[Callable[[Forged, str, str], None], ...] = (
    waits_for_nobody_while_it_reserves,
    earlier_one_was_given_back,
)


@pytest.mark.parametrize("forge", FORGED, ids=lambda forge: forge.__name__)
def test_what_waits_does_not_begin_after_a_revocation(
    story: Forged, forge: Callable[[Forged, str, str], None]
) -> None:
    first = active(story)
    second = story.request("alice", VAULT_DEV)
    assert story.revoke(first.session_id).status is Status.REVOKED
    forge(story, first.session_id, second.session_id)
    assert story.tried(second.session_id).status is not Status.ACTIVE
    assert story.doors.passes == set()


def test_what_was_made_is_not_taken_over_because_its_session_says_it_is_over(
    story: Forged,
) -> None:
    """Its end would find that it has nothing, and take nothing away."""
    first = active(story)
    second = story.request("alice", VAULT_DEV)
    story.forge(first.session_id, status=Status.ENDED, ended_at=story.now)
    story.tried(second.session_id)
    story.forge(first.session_id, status=Status.ACTIVE, ended_at=None)
    story.later(minutes=20)
    story.end_due(first.session_id)
    assert story.stored(first.session_id).closed
    assert story.doors.passes == set()


def test_an_end_at_another_target_is_no_end(story: Forged) -> None:
    """It does not say that nothing was granted: a person is called, and puts the target right."""
    session = active(story)
    names = {**session.target.names, "door": "cellar"}
    story.forge(session.session_id, target=replace(session.target, names=names))
    assert story.revoke(session.session_id).status is Status.REVOKING
    assert story.doors.passes
    story.forge(session.session_id, target=session.target)
    assert story.confirm_end(session.session_id).status is Status.REVOKED
    assert story.doors.passes == set()


def test_who_says_it_was_never_begun_gives_it_back_all_the_same(story: Forged) -> None:
    session = active(story)
    story.forge(session.session_id, status=Status.APPROVED)
    with suppress(Refusal):
        story.end(session.session_id)
    assert story.doors.passes == set()
