"""Two calls that make the access of one session at once, or one after the other's death: whatever
becomes of the session, the door opens for nobody once it is closed.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from pam.domain.errors import NotYet, Refusal, TryAgain, Unreached
from pam.domain.lifecycle import Status
from pam.domain.session import Session
from pam.kinds.one_per_person import LONGEST_CALL, checkout_of
from pam.policy.cedar import CedarPolicy
from tests.contract.conftest import aws, table
from tests.kinds.in_the_table import InTheTable
from tests.kinds.table import VAULT_DEV

__all__ = ["aws", "table"]

pytestmark = [pytest.mark.guarantee("G4")]


@pytest.fixture
def story(table: Any, policy: CedarPolicy) -> InTheTable:
    return InTheTable.of(table, policy)


def before(thing: Any, name: str, act: Callable[[], object]) -> None:
    """Has something else happen once, just before the next call of that method does its work."""
    method = getattr(thing, name)

    def first(*given: Any, **named: Any) -> Any:
        setattr(thing, name, method)
        act()
        return method(*given, **named)

    setattr(thing, name, first)


def nothing_stands_once_it_is_over(story: InTheTable, session_id: str) -> None:
    """Whatever the workflow tries again, and then the clock."""
    with suppress(Refusal, TryAgain):
        story.activate(session_id)
    if story.stored(session_id).status is Status.ACTIVE:
        assert story.doors.passes
    for _ in range(20):
        if story.stored(session_id).closed:
            break
        story.later(minutes=5)
        with suppress(Refusal, TryAgain, NotYet):
            story.sweep(session_id)
    assert story.stored(session_id).closed
    assert story.doors.passes == set(), story.stored(session_id).ending


def test_what_a_twin_made_is_not_taken_for_somebody_elses(story: InTheTable) -> None:
    """The twin makes the access while this call is on its way to look, and dies of it."""
    session = story.request("alice", VAULT_DEV)
    story.badges.reserve(session, story.now)
    before(story.doors, "stands", lambda: story.badges.activate(session, story.now))
    with suppress(Refusal):
        story.activate(session.session_id)
    assert story.stored(session.session_id).status is not Status.FAILED
    nothing_stands_once_it_is_over(story, session.session_id)


def test_a_twin_that_takes_it_again_forgets_nothing(story: InTheTable) -> None:
    """It saw that nobody had it; since then the other took it and made the access."""
    session = story.request("alice", VAULT_DEV)

    def other_call() -> None:
        story.badges.reserve(session, story.now)
        story.badges.activate(session, story.now)

    before(story.checkouts, "_put", other_call)
    with suppress(Refusal):
        story.activate(session.session_id)
    assert story.checkouts.remembered(checkout_of(session), session.session_id)
    nothing_stands_once_it_is_over(story, session.session_id)


def test_a_twin_that_takes_it_again_undoes_no_stop(story: InTheTable) -> None:
    session = story.request("alice", VAULT_DEV)
    what = checkout_of(session)

    def taken_and_stopped() -> None:
        story.checkouts.take(what, session.session_id)
        story.checkouts.stop_making(what, session.session_id)

    before(story.checkouts, "_put", taken_and_stopped)
    assert story.checkouts.take(what, session.session_id)
    until = story.now + LONGEST_CALL
    assert not story.checkouts.begin_making(what, session.session_id, until=until)


def test_the_call_that_goes_on_longest_is_waited_for(story: InTheTable) -> None:
    """One that began its work late says an earlier time than one that began before it."""
    session = story.request("alice", VAULT_DEV)
    what, session_id = checkout_of(session), session.session_id
    story.checkouts.take(what, session_id)
    latest = story.now + LONGEST_CALL
    for until in (latest, latest - timedelta(seconds=20)):
        assert story.checkouts.begin_making(what, session_id, until=until)
    assert story.checkouts.stop_making(what, session_id) == latest


@pytest.mark.parametrize("at", ["stands", "make"])
def test_a_door_that_is_not_reached_may_have_been_reached_before(
    story: InTheTable, at: str
) -> None:
    """The first call made the access and died. Of the second nothing reaches the doors."""
    session = story.request("alice", VAULT_DEV)
    makes = story.doors.make

    def made_and_died(session: Session, now: Any) -> None:
        makes(session, now)
        raise KeyboardInterrupt

    story.doors.make = made_and_died  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        story.activate(session.session_id)
    story.doors.make = makes  # type: ignore[method-assign]

    def not_reached() -> None:
        message = "the doors did not answer"
        raise Unreached(message)

    before(story.doors, at, not_reached)
    with suppress(Refusal):
        story.activate(session.session_id)
    nothing_stands_once_it_is_over(story, session.session_id)
