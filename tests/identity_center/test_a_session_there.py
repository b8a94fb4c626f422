"""A session of a permission set, from its start to its end, as the target is seen."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from local.identity_center.directory import user_id_of
from pam.domain.ending import ReceiptMethod
from pam.identity_center.denies import covers
from tests.identity_center.scene import TARGET, Centre, session_of

ALICE = session_of("alice")


@pytest.fixture
def centre() -> Centre:
    return Centre()


@pytest.mark.guarantee("G4")
def test_the_end_is_armed_before_there_is_access(centre: Centre) -> None:
    begins = centre.make(ALICE)
    operations = [call.operation for call in centre.service.calls]
    read_back = operations.index("PutInlinePolicyToPermissionSet")
    assert "GetInlinePolicyForPermissionSet" in operations[read_back:]
    assert operations.index("CreateAccountAssignment") > read_back
    (statement,) = centre.provisioned
    assert statement.start == begins + ALICE.duration
    assert statement.user_ids == (user_id_of("alice"),)


@pytest.mark.guarantee("G4")
def test_live_credentials_are_refused_from_the_end_on_whatever_pam_does(centre: Centre) -> None:
    session = centre.active(ALICE)
    live = centre.sign_in("alice")
    assert session.expires_at is not None
    assert not centre.refuses(live)
    centre.time.later(seconds=(session.expires_at - centre.now).total_seconds() - 1)
    assert not centre.refuses(live)
    fetched_late = centre.sign_in("alice")
    centre.time.later(seconds=1)
    assert centre.refuses(live)
    assert centre.refuses(fetched_late)
    assert centre.refuses(centre.sign_in("alice")), "a token of after the end, before the deletion"


def test_an_end_in_time_writes_no_policy(centre: Centre) -> None:
    session = centre.active(ALICE)
    before = centre.calls()["PutInlinePolicyToPermissionSet"]
    receipt = centre.expire(session)
    assert centre.calls()["PutInlinePolicyToPermissionSet"] == before
    assert receipt.method is ReceiptMethod.ASSIGNMENT_GONE
    assert receipt.traces_until is not None
    assert receipt.traces_until >= centre.now + timedelta(minutes=59)
    assert not centre.is_assigned("alice")


@pytest.mark.guarantee("G5")
def test_an_early_end_denies_before_it_takes_the_assignment(centre: Centre) -> None:
    session, bob = centre.active(ALICE), centre.active(session_of("bob", 2))
    live, other = centre.sign_in("alice"), centre.sign_in("bob")
    assert not centre.refuses(live)
    receipt = centre.end(session)
    operations = [call.operation for call in centre.service.calls]
    deleted = operations.index("DeleteAccountAssignment")
    assert "ProvisionPermissionSet" in operations[:deleted]
    assert centre.refuses(live)
    assert not centre.refuses(other), "nobody else is denied"
    assert bob.session_id
    assert not centre.is_assigned("alice")
    assert "read back" in receipt.evidence
    assert "twice" in receipt.evidence


def test_nothing_is_said_to_be_gone_that_was_listed_once_in_two_looks(centre: Centre) -> None:
    session = centre.active(ALICE)
    centre.end(session)
    calls = centre.service.calls
    deleted = next(i for i, c in enumerate(calls) if c.operation == "DeleteAccountAssignment")
    looks = [c.at for c in calls[deleted:] if c.operation == "ListAccountAssignments"]
    assert len(looks) >= 2
    assert looks[-1] - looks[-2] >= timedelta(seconds=1)


@pytest.mark.parametrize("early", [True, False])
def test_the_persons_next_session_works_at_once_and_the_old_credentials_do_not(
    centre: Centre, early: bool
) -> None:
    first = centre.active(ALICE)
    old = centre.sign_in("alice")
    receipt = centre.end(first) if early else centre.expire(first)
    assert receipt.method is ReceiptMethod.ASSIGNMENT_GONE
    centre.active(session_of("alice", 2))
    new = centre.sign_in("alice")
    assert not centre.refuses(new)
    assert centre.refuses(old)


@pytest.mark.parametrize("early", [True, False])
def test_the_deny_goes_when_the_last_role_session_is_over(centre: Centre, early: bool) -> None:
    session = centre.active(ALICE)
    if early:
        centre.end(session)
    else:
        centre.expire(session)
    for _ in range(5):
        centre.time.later(minutes=11)
        assert centre.search() == []
        assert centre.statements, "it stands for an hour"
    centre.time.later(minutes=8)
    assert centre.search() == []
    assert centre.search() == []
    assert centre.statements == []
    assert centre.target().sessions_at(TARGET) == []


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("others", [0, 1, 3])
@pytest.mark.parametrize("early", [True, False])
def test_a_session_is_eighteen_calls_at_the_most(
    centre: Centre, named: bool, others: int, early: bool
) -> None:
    for number in range(others):
        centre.active(session_of(f"{['bob', 'carol', 'dave'][number]}", number + 2, minutes=240))
    if not named:
        centre.user_ids.clear()
    before = centre.count()
    target = centre.target()
    assert not target.stands(ALICE)
    session = centre.active(ALICE)
    if early:
        centre.end(session)
    else:
        centre.expire(session)
    ended = centre.count()
    centre.time.later(minutes=63)
    centre.target().clear_traces(session, centre.now)
    centre.search()
    swept = centre.count()
    watched = 2 if others else 1
    assert ended - before <= (18 if others else 17)
    assert swept - ended - watched <= (0 if others else 1), "what has no use waits for a write"
    assert ended - before + (swept - ended - watched) <= 18
    centre.make(session_of("kim", 99))
    assert session.session_id not in {each.session_id for each in centre.statements}


def test_polls_are_a_second_apart_and_get_slower(centre: Centre) -> None:
    centre.service.knobs.polls, centre.service.knobs.seconds = 100, 6.0
    centre.active(ALICE)
    polls = [
        call.at
        for call in centre.service.calls
        if call.operation == "DescribeAccountAssignmentCreationStatus"
    ]
    apart = [later - earlier for earlier, later in pairwise(polls)]
    assert len(polls) >= 3
    assert all(each >= timedelta(seconds=1) for each in apart)
    assert apart == sorted(apart)


def test_the_session_is_as_long_as_it_was_granted(centre: Centre) -> None:
    centre.active(session_of("bob", 2))
    centre.service.knobs.polls, centre.service.knobs.seconds = 100, 6.0
    session = centre.active(ALICE)
    assert session.activated_at is not None
    assert centre.now - session.activated_at <= timedelta(seconds=17), "late by ten, and the making"
    again = centre.active(replace(session_of("carol", 3)))
    assert again.activated_at is not None
    assert centre.now - again.activated_at <= timedelta(seconds=2), (
        "now it is known how long it takes"
    )


def test_the_deny_of_each_session_stands_when_its_start_returns(centre: Centre) -> None:
    for number, person in enumerate(["alice", "bob", "carol"]):
        session = session_of(person, number)
        centre.make(session)
        deny = centre.known.deny_of(session.session_id)
        assert deny is not None
        assert covers(centre.provisioned, deny)
        assert centre.target().stands(session)


def test_the_same_instant_is_returned_however_often_it_is_made(centre: Centre) -> None:
    begins = centre.make(ALICE)
    centre.time.later(minutes=2)
    before = len(centre.service.calls)
    assert centre.make(ALICE) == begins
    assert {c.operation for c in centre.service.calls[before:]} <= {"GetUserId"}
