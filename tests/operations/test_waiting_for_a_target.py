"""Targets that one session at a time may have, and targets that are not reached at all."""

from dataclasses import replace
from datetime import timedelta

import pytest

from pam.domain import deadlines
from pam.domain.errors import Conflict, IssuerUnavailable, TryAgain, Unreached
from pam.domain.lifecycle import Status
from pam.operations.fail_session import fail_unmade
from tests.fakes.story import Story

REPORTING = "core-reporting-db"


def approved(story: Story, *, when_taken: str = "refuse") -> str:
    session_id = story.request("alice", REPORTING).session_id
    story.vote("bob", session_id)
    stored = story.store.sessions[session_id]
    settings = {**stored.target.settings, "when_taken": when_taken}
    target = replace(stored.target, settings=settings)
    story.store.sessions[session_id] = story.keys.signed(replace(stored, target=target))
    return session_id


def test_what_is_taken_is_waited_for_in_approved_and_nothing_is_recorded() -> None:
    story = Story()
    session_id = approved(story, when_taken="wait")
    story.issuer.taken = TryAgain("held")
    before = story.store.types(session_id)
    for _ in range(3):
        with pytest.raises(TryAgain):
            story.activate(session_id)
    assert story.store.sessions[session_id].status is Status.APPROVED
    assert story.store.types(session_id) == before
    story.issuer.taken = None
    assert story.activate(session_id).status is Status.ACTIVE


def test_it_is_waited_for_as_long_as_votes_would_have_been_and_no_longer() -> None:
    story = Story()
    session_id = approved(story, when_taken="wait")
    session = story.store.sessions[session_id]
    assert deadlines.due_at(session) == session.approval_expires_at
    story.now = session.approval_expires_at
    closed = story.end_due(session_id)
    assert closed.status is Status.FAILED
    assert closed.ending is not None
    assert closed.ending.reason == "the resource did not become free in time"
    with pytest.raises(Conflict):
        story.activate(session_id)


def test_what_is_not_waited_for_is_due_as_soon_as_any_other() -> None:
    story = Story()
    session = story.store.sessions[approved(story)]
    assert deadlines.due_at(session) == story.now + timedelta(minutes=5)


@pytest.mark.guarantee("G6")
def test_a_target_that_was_never_reached_need_not_confirm_the_end() -> None:
    story = Story()
    session_id = approved(story)
    story.issuer.unreached = story.issuer.down = True
    with pytest.raises(Unreached):
        story.activate(session_id)
    failed = story.store.sessions[session_id]
    assert failed.status is Status.FAILED
    assert failed.ending is not None
    assert failed.ending.reason == "ISSUER_UNAVAILABLE: the target was not reached"
    assert failed.ending.method == "never-granted"
    assert story.store.types(session_id)[-3:] == ["Activating", "Revoking", "Failed"]
    assert story.issuer.ended == []


@pytest.mark.guarantee("G6")
@pytest.mark.parametrize("ended_by", [None, "sam", "alice"])
def test_what_another_call_did_reach_is_not_said_to_have_been_out_of_reach(
    ended_by: str | None,
) -> None:
    story = Story()
    session_id = approved(story)
    story.activate(session_id)
    story.issuer.down = True
    if ended_by == "sam":
        story.revoke(session_id)
    if ended_by == "alice":
        story.end(session_id)
    before = story.store.sessions[session_id]
    fail_unmade(session_id, Unreached("no route"), now=story.now, store=story.store)
    assert story.store.sessions[session_id] == before
    assert story.issuer.held == {session_id}


@pytest.mark.guarantee("G6")
def test_any_other_failure_at_the_target_is_unmade_there() -> None:
    story = Story()
    session_id = approved(story)
    story.issuer.down = True
    with pytest.raises(Exception, match="did not answer"):
        story.activate(session_id)
    assert story.store.sessions[session_id].status is Status.ACTIVATING


@pytest.mark.guarantee("G6")
def test_an_activation_that_died_is_taken_up_again_and_recorded_once() -> None:
    story = Story()
    session_id = approved(story)
    story.issuer.down = True
    with pytest.raises(IssuerUnavailable):
        story.activate(session_id)
    story.issuer.down = False
    assert story.activate(session_id).status is Status.ACTIVE
    assert story.store.types(session_id)[-2:] == ["Activating", "Activated"]


def test_an_activation_repeated_when_the_access_is_made_asks_the_target_nothing() -> None:
    story = Story()
    session_id = approved(story)
    active = story.activate(session_id)
    story.issuer.down = True
    assert story.activate(session_id) == active
