"""Step Functions takes no call for a while: what was asked can be asked again, and goes on."""

import pytest

from pam.domain.errors import Conflict, TryAgain
from pam.domain.lifecycle import Status
from tests.fakes.story import Story


@pytest.fixture
def story() -> Story:
    return Story()


def test_a_request_with_a_key_is_taken_up_by_the_next_call(story: Story) -> None:
    story.workflow.throttled = True
    with pytest.raises(TryAgain):
        story.request(key="k")
    story.workflow.throttled = False
    session = story.request(key="k")
    assert session.status is Status.PENDING_APPROVAL
    assert story.workflow.started == [session.session_id] == list(story.store.sessions)


@pytest.mark.guarantee("G6")
def test_a_request_that_nobody_can_come_back_for_is_closed(story: Story) -> None:
    story.workflow.throttled = True
    with pytest.raises(TryAgain):
        story.request()
    (session,) = story.store.sessions.values()
    assert session.status is Status.FAILED


def test_a_vote_made_again_counts_once_and_the_workflow_hears_of_it(story: Story) -> None:
    session_id = story.request().session_id
    story.store.put_task_token(session_id, "token", story.now)
    story.vote("bob", session_id)
    story.workflow.throttled = True
    with pytest.raises(TryAgain):
        story.vote("carol", session_id)
    story.workflow.throttled = False
    with pytest.raises(Conflict):
        story.vote("carol", session_id)
    assert story.workflow.approvals == ["token"]
    assert story.store.types(session_id).count("Voted") == 2


@pytest.mark.guarantee("G5")
def test_an_end_does_not_wait_for_the_workflow(story: Story) -> None:
    session_id = story.granted().session_id
    story.workflow.throttled = True
    assert story.end(session_id).status is Status.ENDED
