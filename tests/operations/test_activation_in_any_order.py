"""What is read at once before access is made may be answered in any order, and proves the same."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pam.domain.errors import Blocked, Unproven
from pam.domain.lifecycle import Status
from pam.domain.session import Session
from pam.operations import activate_session
from tests.fakes.blocks import put_block
from tests.fakes.story import Story


def backwards(*calls: Callable[[], Any]) -> tuple[Any, ...]:
    """As if the last of them was answered first."""
    return tuple(reversed([call() for call in reversed(calls)]))


def put_back(story: Story, approved: Session) -> None:
    """The session ends, and somebody who may write the table puts its approval back."""
    over = story.end(approved.session_id)
    story.store.sessions[approved.session_id] = replace(
        approved, sequence=over.sequence, last_hash=over.last_hash
    )


@pytest.mark.guarantee("G1")
def test_a_session_that_is_put_back_while_it_is_read_is_not_activated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story = Story()
    approved = story.approved()
    get = story.store.get
    put: list[str] = []

    def just_put_back(session_id: str) -> Session | None:
        if not put:
            put.append(session_id)
            put_back(story, approved)
        return get(session_id)

    monkeypatch.setattr(activate_session, "side_by_side", backwards)
    monkeypatch.setattr(story.store, "get", just_put_back)
    with pytest.raises(Unproven, match="ended"):
        story.activate(approved.session_id)
    assert story.issuer.held == set()


@pytest.mark.guarantee("G1")
def test_a_session_that_is_put_back_before_its_intent_is_written_is_not_activated() -> None:
    story = Story()
    approved = story.approved()

    def put_it_back(_: Session) -> None:
        story.store.before_save = None
        put_back(story, approved)

    story.store.before_save = put_it_back
    with pytest.raises(Unproven, match="ended"):
        story.activate(approved.session_id)
    assert story.issuer.held == set()
    assert story.store.sessions[approved.session_id].status is Status.APPROVED


@pytest.mark.guarantee("G14")
def test_whoever_is_blocked_before_the_intent_is_written_has_no_access_made() -> None:
    story = Story()
    approved = story.approved()

    def block(_: Session) -> None:
        story.store.before_save = None
        put_block(story, "alice")
        current = story.store.sessions[approved.session_id]
        story.store.sessions[approved.session_id] = replace(current, notices=current.notices + 1)

    story.store.before_save = block
    with pytest.raises(Blocked):
        story.activate(approved.session_id)
    assert story.issuer.held == set()
    assert story.store.sessions[approved.session_id].status is Status.APPROVED
