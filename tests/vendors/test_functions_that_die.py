"""A vendor's function that dies, is not heard or is not reached, at every call of a session's life:
nobody has access that no session is answerable for, and in the end nobody has any.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from pam.domain.errors import IssuerUnavailable, Refusal, TryAgain
from pam.domain.lifecycle import Status
from pam.domain.standing import LONGEST_CALL
from tests.vendors.functions import Functions, lost, throttled, unreached
from tests.vendors.story import VendorStory

WITH_ACCESS = {Status.ACTIVATING, Status.ACTIVE, Status.REVOKING}
MOST_CALLS = 12


@dataclass
class FailsOnce(Functions):
    """The call of that number fails so, and no other."""

    number: int = 0
    how: str = ""
    made: int = field(default=0)

    def invoke(self, **call: Any) -> dict[str, Any]:
        self.made += 1
        hit = self.made == self.number
        early = {"throttled": throttled, "not reached": unreached}
        self.before = early.get(self.how) if hit else None
        self.after = lost if hit and self.how == "not heard" else None
        self.dies = hit and self.how == "dies"
        return super().invoke(**call)


def by_its_user(story: VendorStory, session_id: str) -> None:
    story.end(session_id)


def by_an_operator(story: VendorStory, session_id: str) -> None:
    story.revoke(session_id)


def by_the_clock(story: VendorStory, session_id: str) -> None:
    story.later(seconds=601)
    with suppress(IssuerUnavailable):
        story.sweep(session_id)


def live(story: VendorStory, ends: Callable[[VendorStory, str], None]) -> str:
    """As the workflow and the tick drive it; a call that fails is tried again as they do."""
    session_id = story.asked_for().session_id
    for _ in range(4):
        with suppress(TryAgain):
            activate(story, session_id)
            break
    if not story.stored(session_id).closed:
        with suppress(Refusal):
            ends(story, session_id)
    for _ in range(4):
        check(story, session_id)
        story.later(seconds=LONGEST_CALL.total_seconds())
        with suppress(Refusal):
            story.sweep(session_id)
    return session_id


def activate(story: VendorStory, session_id: str) -> None:
    """What fails for good closes the session, as the workflow's last state does."""
    try:
        story.activate(session_id)
    except IssuerUnavailable:
        with suppress(Refusal):
            story.revoke(session_id)
    check(story, session_id)


def check(story: VendorStory, session_id: str) -> None:
    status = story.stored(session_id).status
    assert not story.has_access() or status in WITH_ACCESS
    assert status is not Status.ACTIVE or story.has_access()


@pytest.mark.parametrize("ends", [by_its_user, by_an_operator, by_the_clock])
@pytest.mark.parametrize("how", ["throttled", "not reached", "not heard", "dies"])
def test_no_access_without_a_session(
    story: VendorStory, how: str, ends: Callable[[VendorStory, str], None]
) -> None:
    reached = set()
    for number in range(1, MOST_CALLS):
        fresh(story)
        story.functions = FailsOnce(number=number, how=how)
        session_id = live(story, ends)
        closed = story.stored(session_id)
        assert closed.closed, (number, closed.status)
        assert not story.has_access(), number
        assert closed.ending is not None
        assert closed.ending.confirmed_at is not None
        if story.functions.made >= number:
            reached.add(number)
        assert story.checkouts.held == {}, "the next one begins"
    assert {1, 2, 3} <= reached, "it looks, it makes, it takes"


def fresh(story: VendorStory) -> None:
    """The same story, from its beginning."""
    story.directory.slow, story.directory.access = 1, set()
    story.directory.calls.clear()
