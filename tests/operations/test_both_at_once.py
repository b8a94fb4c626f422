"""Exactly one winner, whatever is interleaved between a read and its write."""

from collections.abc import Callable

import pytest

from pam.domain.approval import Ballot
from pam.domain.errors import Conflict
from pam.domain.lifecycle import Status
from pam.operations.sweep_session import sweep_session
from tests.fakes.story import Story


def its_time_is_over(story: Story, session_id: str) -> None:
    """The tick looks at it as soon as nobody may vote any more."""
    sweep_session(
        session_id,
        now=story.store.sessions[session_id].approval_expires_at,
        store=story.store,
        issuers=story.issuers,
        workflow=story.workflow,
    )


@pytest.mark.guarantee("G9")
def test_two_approvals_at_once_both_count_and_grant_once() -> None:
    story = Story()
    session_id = story.request().session_id
    story.store.before_save = lambda _: story.vote("carol", session_id) and None
    assert story.vote("bob", session_id).status is Status.APPROVED
    assert story.store.types(session_id) == ["Requested", "Voted", "Voted", "Approved"]


OTHERS: dict[str, tuple[Callable[[Story, str], object], Status]] = {
    "a denial": (lambda s, i: s.vote("erin", i, Ballot.DENY), Status.DENIED),
    "a withdrawal": (lambda s, i: s.end(i), Status.WITHDRAWN),
    "a revocation": (lambda s, i: s.revoke(i), Status.REVOKED),
    "the end of the time to vote": (its_time_is_over, Status.UNANSWERED),
    "another last approval": (lambda s, i: s.vote("erin", i), Status.APPROVED),
}


@pytest.mark.guarantee("G9")
@pytest.mark.parametrize("case", OTHERS)
def test_a_last_approval_that_comes_second_changes_nothing(case: str) -> None:
    other, left = OTHERS[case]
    story = Story()
    session_id = story.waiting().session_id
    story.store.before_save = lambda _: other(story, session_id) and None
    with pytest.raises(Conflict):
        story.vote("carol", session_id)
    assert story.store.sessions[session_id].status is left
    sequences = [record["sequence"] for record in story.store.records(session_id)]
    assert sequences == list(range(1, len(sequences) + 1))


@pytest.mark.guarantee("G9")
def test_an_end_that_two_confirm_at_once_is_recorded_once() -> None:
    story = Story()
    session_id = story.granted().session_id
    story.issuer.down = True
    story.revoke(session_id)
    story.issuer.down = False

    story.store.before_save = lambda _: story.end_due(session_id) and None
    assert story.end_due(session_id).status is Status.REVOKED
    assert story.store.types(session_id)[-2:] == ["Revoking", "Revoked"]


@pytest.mark.guarantee("G9")
def test_an_idempotency_key_used_twice_at_once_opens_one_session() -> None:
    story = Story()
    find, seen = story.store.find_by_key, []

    def found_nothing_yet(key: object) -> object:
        seen.append(key)
        if len(seen) == 1:
            story.store.find_by_key = find  # type: ignore[method-assign]
            story.request(key="k")
            return None
        return find(key)  # type: ignore[arg-type]

    story.store.find_by_key = found_nothing_yet  # type: ignore[method-assign,assignment]
    session = story.request(key="k")
    assert list(story.store.sessions) == [session.session_id]


@pytest.mark.guarantee("G9")
def test_a_token_stored_after_the_vote_and_a_vote_after_the_token_both_go_on() -> None:
    for token_first in (True, False):
        story = Story()
        session_id = story.waiting().session_id
        steps = [
            lambda s=story, i=session_id: s.ask(i),
            lambda s=story, i=session_id: s.vote("carol", i),
        ]
        for step in steps if token_first else reversed(steps):
            step()
        assert story.workflow.approvals == [f"token of {session_id}"]
        assert story.notifier.asked == ([session_id] if token_first else [])


def test_a_token_that_is_stored_when_the_access_is_made_already_fails_nothing() -> None:
    story = Story()
    session_id = story.granted().session_id
    story.ask(session_id)
    assert (story.workflow.approvals, story.workflow.refusals) == ([], [])
