"""Many starts and ends at once, on one permission set and one instance."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from local.identity_center.directory import PERMISSION_SET
from pam.domain.errors import IssuerUnavailable, TryAgain
from pam.domain.session import Session
from pam.identity_center.denies import covers
from pam.identity_center.notes import MOST_ENDS, MOST_STARTS, Turns
from tests.identity_center.crowd import at_once, calls_take_time, people
from tests.identity_center.scene import NOON, Centre, session_of

TWENTY = 20


def test_twenty_starts_at_once_are_a_few_writes_and_each_is_armed() -> None:
    centre = Centre()
    sessions = [session_of(name, n) for n, name in enumerate(people(centre, TWENTY))]
    calls_take_time(centre)
    armed: list[bool] = []
    at_once_there = centre.service.call

    def after_a_while(service: str, operation: str, params: Any) -> Any:
        # A call takes time, in which the others come.
        centre.time.pause(0.25)
        return at_once_there(service, operation, params)

    centre.service.call = after_a_while  # type: ignore[method-assign]

    def start(session: Session) -> None:
        begins = centre.make(session, tries=100)
        deny = centre.known.deny_of(session.session_id)
        assert deny is not None
        assert deny.begins == begins
        armed.append(covers(centre.provisioned, deny) and covers(centre.statements, deny))

    at_once(centre, [lambda each=each: start(each) for each in sessions])  # type: ignore[misc]
    assert armed == [True] * TWENTY
    assert centre.calls()["PutInlinePolicyToPermissionSet"] <= TWENTY / 2
    assert centre.calls()["CreateAccountAssignment"] == TWENTY
    lateness = [centre.now - each.begins for each in centre.known.denies]
    assert max(lateness) < timedelta(minutes=3)


@pytest.mark.guarantee("G5")
def test_twenty_starts_and_ends_at_once_leave_exactly_who_should_be_there() -> None:
    centre = Centre()
    names = people(centre, TWENTY)
    ending = [centre.active(session_of(each, n)) for n, each in enumerate(names[::2])]
    live = [centre.sign_in(each.requester_name) for each in ending]
    starting = [session_of(each, n + 100) for n, each in enumerate(names[1::2])]
    before = centre.calls()["PutInlinePolicyToPermissionSet"]
    calls_take_time(centre)
    acts: list[Callable[[], object]] = [
        *(lambda each=each: centre.make(each, tries=100) for each in starting),
        *(lambda each=each: centre.end(each, tries=100) for each in ending),
    ]
    at_once(centre, acts)
    assert all(centre.refuses(each) for each in live)
    assert not any(centre.is_assigned(each.requester_name) for each in ending)
    assert all(centre.is_assigned(each.requester_name) for each in starting)
    for session in starting:
        assert not centre.refuses(centre.sign_in(session.requester_name))
        deny = centre.known.deny_of(session.session_id)
        assert deny is not None
        assert covers(centre.provisioned, deny)
    assert centre.calls()["PutInlinePolicyToPermissionSet"] - before <= TWENTY / 2
    assert centre.search() == [], "nothing was missing at any time"


def test_fifty_starts_do_not_keep_an_end_from_its_turn() -> None:
    """Identity Center is slow, and starts wait for it: the ends do not wait for them."""
    turns = Turns()
    for number in range(50):
        turns = turns.taken(f"start {number}", most=MOST_STARTS, now=NOON) or turns
    assert len(turns.held) == MOST_STARTS
    for number in range(3):
        taken = turns.taken(f"end {number}", most=MOST_ENDS, now=NOON)
        assert taken is not None
        turns = taken
    assert turns.taken("end 4", most=MOST_ENDS, now=NOON) is None
    assert turns.taken("end 1", most=MOST_ENDS, now=NOON) is not None, "it has one already"
    assert turns.taken("start 51", most=MOST_STARTS, now=NOON) is None
    later = NOON + timedelta(minutes=3)
    assert turns.taken("end 4", most=MOST_ENDS, now=later) is not None, "the dead lose theirs"


def test_starts_wait_and_an_end_goes_on_while_as_many_are_being_made_as_may() -> None:
    centre = Centre()
    names = people(centre, 10)
    last = centre.active(session_of(names[9], 9))
    instance = last.target.names["instance"]
    for number in range(MOST_STARTS):
        assert centre.notes.take_turn(instance, f"s{number}", most=MOST_STARTS, now=centre.now)
    with pytest.raises(TryAgain):
        centre.target().make(session_of(names[0], 0), centre.now)
    assert not centre.is_assigned(names[0])
    centre.time.later(seconds=-centre.time.now().second % 1)
    centre.end(last)
    assert not centre.is_assigned(names[9])


def test_never_more_are_under_way_than_the_instance_takes() -> None:
    """Its own limit is set to what PAM allows itself: one more would be answered with an error."""
    centre = Centre()
    centre.service.knobs.outstanding = MOST_STARTS
    sessions = [session_of(name, n) for n, name in enumerate(people(centre, 12))]
    at_once(
        centre,
        [lambda each=each: centre.make(each, tries=100) for each in sessions],  # type: ignore[misc]
    )
    codes = [call.error for call in centre.service.calls if "Account" in call.operation]
    assert "ServiceQuotaExceededException" not in codes


def test_twenty_calls_a_second_are_enough_for_all() -> None:
    centre = Centre()
    centre.service.knobs.calls_per_second = 20
    names = people(centre, 12)
    sessions = [session_of(name, n) for n, name in enumerate(names)]
    at_once(
        centre,
        [lambda each=each: centre.make(each, tries=200) for each in sessions],  # type: ignore[misc]
    )
    at_once(
        centre,
        [lambda each=each: centre.end(each, tries=200) for each in sessions],  # type: ignore[misc]
    )
    assert not any(centre.is_assigned(name) for name in names)
    assert PERMISSION_SET in centre.service.directory.permission_sets


def test_a_writer_whose_lock_ran_out_leaves_no_older_policy_unseen() -> None:
    """It stood still for a minute between the last look at its lock and the call."""
    centre = Centre()
    carol = centre.active(session_of("carol", 9, minutes=240))
    alice, bob = session_of("alice", 1), session_of("bob", 2)
    put = centre.service.call
    stalled: list[str] = []

    def overtaken(service: str, operation: str, params: dict[str, str]) -> dict[str, object]:
        if operation == "PutInlinePolicyToPermissionSet" and not stalled:
            stalled.append(params["InlinePolicy"])
            centre.time.later(minutes=1)
            centre.make(bob)
        return put(service, operation, params)

    centre.service.call = overtaken  # type: ignore[method-assign]
    centre.make(alice)
    for session in (alice, bob, carol):
        deny = centre.known.deny_of(session.session_id)
        assert deny is not None
        assert covers(centre.statements, deny)
        assert covers(centre.provisioned, deny)


def test_what_a_dead_writer_left_of_before_is_seen_within_the_minute() -> None:
    """The call landed when its sender was dead, and another had written since."""
    centre = Centre()
    alice, bob = session_of("alice", 1), session_of("bob", 2)
    centre.make(alice)
    older = centre.policy
    centre.make(bob)
    centre.service.directory.permission_sets[PERMISSION_SET].inline_policy = older
    assert centre.search() == [bob.session_id]
    deny = centre.known.deny_of(bob.session_id)
    assert deny is not None
    assert covers(centre.provisioned, deny)
    assert centre.search() == []


def test_while_somebody_writes_an_end_waits_and_says_so() -> None:
    centre = Centre()
    session = centre.active(session_of("alice"))
    assert centre.notes.change_set(PERMISSION_SET, lambda it: it.locked(centre.now))
    with pytest.raises(IssuerUnavailable):
        centre.target().unmake(session, centre.now)
    centre.end(session)
    assert not centre.is_assigned("alice")
