"""An end and a start, or two ends, at the same time: what one saw does not count for the other."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from pam.domain.errors import IssuerUnavailable, Unreached
from pam.domain.lifecycle import Status
from tests.identity_center.scene import TARGET, Centre, session_of

ALICE = session_of("alice")
REVOKING = replace(ALICE, status=Status.REVOKING)


@pytest.fixture
def centre() -> Centre:
    """With a role of the set in the account."""
    centre = Centre()
    centre.active(session_of("carol", 9, minutes=240))
    return centre


def before(centre: Centre, operation: str, act: Callable[[], Any]) -> None:
    """Once, when PAM asks for it next, and before Identity Center takes it."""
    call, done = centre.service.call, [False]

    def first(service: str, name: str, params: Any) -> Any:
        if name == operation and not done[0]:
            done[0] = True
            act()
        return call(service, name, params)

    centre.service.call = first  # type: ignore[method-assign, assignment]


@pytest.mark.guarantee("G5")
@pytest.mark.parametrize("written_between", [True, False])
def test_a_token_of_an_assignment_that_came_after_an_end_saw_none_is_refused_for_good(
    centre: Centre, written_between: bool
) -> None:
    """A start was slow, and made it all the same; the end that follows takes it, and what was
    fetched in between is denied when the deny is narrowed.
    """
    before(centre, "CreateAccountAssignment", lambda: centre.end(ALICE))
    centre.active(ALICE)
    centre.time.pause(3)
    if written_between:
        centre.active(session_of("bob", 2))
    live = centre.sign_in("alice")
    centre.end(ALICE)
    assert centre.refuses(live)
    centre.active(session_of("dave", 3))
    centre.search()
    assert centre.refuses(live)
    assert not centre.is_assigned("alice")


def test_a_start_that_waited_for_its_turn_makes_nothing_after_the_end_began(
    centre: Centre,
) -> None:
    take = type(centre.notes).take_turn
    waited: list[bool] = []

    def slow(notes: Any, *args: Any, **given: Any) -> bool:
        if not waited:
            waited.append(True)
            centre.end(ALICE)
        return take(notes, *args, **given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(centre.notes), "take_turn", slow)
        with pytest.raises(IssuerUnavailable, match="has ended"):
            centre.make(ALICE)
    assert not centre.is_assigned("alice")


def test_a_slow_end_leaves_the_assignment_of_the_next_session(centre: Centre) -> None:
    """Its twin was faster, and the person's next session has begun."""
    session = centre.active(ALICE)
    later = session_of("alice", 2)

    def meanwhile() -> None:
        centre.end(session)
        centre.active(later)

    take = type(centre.notes).take_turn
    waited: list[bool] = []

    def slow(notes: Any, *args: Any, **given: Any) -> bool:
        if not waited:
            waited.append(True)
            meanwhile()
        return take(notes, *args, **given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(centre.notes), "take_turn", slow)
        with suppress(IssuerUnavailable):
            centre.target().unmake(replace(session, status=Status.REVOKING), centre.now)
    live = centre.sign_in("alice")
    centre.search()
    assert centre.is_assigned("alice")
    assert not centre.refuses(live)
    centre.end(later)
    assert centre.refuses(live)


@pytest.mark.parametrize("listed", [True, False])
def test_who_looked_does_not_decide_whose_the_access_is(centre: Centre, listed: bool) -> None:
    """Whoever may ask whether access stands could ask of a session that was tampered with."""
    if not listed:
        centre.user_ids.clear()
    centre.target().stands(replace(ALICE, requester_name="bob"))
    with pytest.raises(Unreached, match="another user"):
        centre.make(ALICE)
    assert not centre.is_assigned("alice")
    assert not centre.is_assigned("bob")
    assert centre.target().sessions_at(TARGET) == [session_of("carol", 9).session_id]


@pytest.mark.guarantee("G4")
@pytest.mark.parametrize("found_by", ["the end", "the search", "an end whose answer was lost"])
def test_a_receipt_says_whether_the_deny_stood_when_it_should_have(
    centre: Centre, found_by: str
) -> None:
    """Somebody took it out, and it was written again after the session's time."""
    bob = centre.active(session_of("bob", 2))
    assert centre.expire(bob).on_time
    session = centre.active(ALICE)
    assert session.expires_at is not None
    centre.time.later(seconds=(session.expires_at - centre.now).total_seconds() + 1)
    centre.service.act("write_policy", statements=None)
    if found_by == "the search":
        assert session.session_id in centre.search()
    if found_by == "an end whose answer was lost":
        centre.end(session)
    receipt = centre.end(session)
    assert not receipt.on_time
    assert receipt.seen_at is not None
    assert centre.now - receipt.seen_at < timedelta(seconds=1)


def test_a_receipt_says_when_it_was_seen(centre: Centre) -> None:
    session = centre.active(ALICE)
    asked_at = centre.now
    receipt = centre.end(session)
    assert receipt.on_time, "the end by the clock was armed, and an earlier one takes its place"
    assert receipt.seen_at is not None
    assert receipt.seen_at >= asked_at + timedelta(seconds=1), "it was looked for twice"


@pytest.mark.guarantee("G5")
@pytest.mark.parametrize("back", [True, False])
def test_a_deny_stays_while_a_longer_role_session_may_live(centre: Centre, back: bool) -> None:
    """Somebody's programs set the permission set to eight hours, and PAM sees it."""
    session = centre.active(ALICE)
    centre.service.act("set_session_duration", duration="PT8H")
    live = centre.sign_in("alice")
    told = centre.target().strangers(TARGET, centre.now)
    assert any("PT1H" in each for each in told)
    if back:
        centre.service.act("set_session_duration", duration="PT1H")
    centre.end(session)
    for _ in range(14):
        centre.time.later(minutes=30)
        with pytest.raises(IssuerUnavailable, match="stays for now"):
            centre.target().clear_traces(session, centre.now)
        centre.search()
        assert session.session_id not in centre.target().sessions_at(TARGET), "it is no orphan"
        assert centre.refuses(live)
    centre.time.later(hours=6)
    centre.service.act("set_session_duration", duration="PT1H")
    centre.search()
    assert session.session_id not in centre.target().sessions_at(TARGET)


def test_a_start_whose_deny_an_end_took_back_does_not_arm_anew(centre: Centre) -> None:
    """The end said that nothing was made, and it has to stay so."""
    before(centre, "ListAccountAssignments", lambda: centre.end(ALICE))
    with pytest.raises(IssuerUnavailable, match="has ended"):
        centre.make(ALICE)
    assert not centre.is_assigned("alice")
    assert ALICE.session_id not in centre.target().sessions_at(TARGET)
