"""What Identity Center answers late, wrongly or not at all, both ways."""

from dataclasses import replace

import pytest

from local.identity_center.directory import PERMISSION_SET, user_id_of
from pam.domain.ending import ReceiptMethod
from pam.domain.errors import IssuerUnavailable, TryAgain, Unreached
from pam.identity_center.denies import has_room
from tests.identity_center.scene import Centre, session_of

ALICE, BOB = session_of("alice"), session_of("bob", 2)
STARTING = (
    "DescribeUser",
    "DescribePermissionSet",
    "GetInlinePolicyForPermissionSet",
    "PutInlinePolicyToPermissionSet",
    "ProvisionPermissionSet",
    "DescribePermissionSetProvisioningStatus",
    "ListAccountAssignments",
    "CreateAccountAssignment",
    "DescribeAccountAssignmentCreationStatus",
)
ENDING = (
    "PutInlinePolicyToPermissionSet",
    "ProvisionPermissionSet",
    "DescribePermissionSetProvisioningStatus",
    "GetInlinePolicyForPermissionSet",
    "DeleteAccountAssignment",
    "DescribeAccountAssignmentDeletionStatus",
    "ListAccountAssignments",
)
CHANGING = (
    "PutInlinePolicyToPermissionSet",
    "ProvisionPermissionSet",
    "CreateAccountAssignment",
    "DeleteAccountAssignment",
)


@pytest.fixture
def centre() -> Centre:
    """With a role of the set in the account."""
    centre = Centre()
    centre.active(session_of("carol", 9, minutes=240))
    return centre


def code_for(operation: str) -> str:
    return "ConflictException" if operation in CHANGING else "ThrottlingException"


@pytest.mark.parametrize("operation", STARTING)
@pytest.mark.parametrize("times", [1, 9])
def test_a_start_bears_conflicts_and_throttling(centre: Centre, operation: str, times: int) -> None:
    centre.service.faults.refuse(operation, code_for(operation), times=times)
    centre.active(ALICE)
    assert not centre.refuses(centre.sign_in("alice"))


@pytest.mark.parametrize("operation", ENDING)
@pytest.mark.parametrize("times", [1, 9])
def test_an_end_bears_conflicts_and_throttling(centre: Centre, operation: str, times: int) -> None:
    session = centre.active(ALICE)
    live = centre.sign_in("alice")
    centre.service.faults.refuse(operation, code_for(operation), times=times)
    centre.end(session)
    assert centre.refuses(live)
    assert not centre.is_assigned("alice")


@pytest.mark.parametrize("operation", STARTING)
def test_a_start_bears_answers_that_are_lost(centre: Centre, operation: str) -> None:
    """Of an assignment, and of a policy, whose answer was lost nobody can say that nothing was
    done: the session goes on to it, or fails and is ended.
    """
    centre.service.faults.lose_answers(operation)
    try:
        centre.active(ALICE)
    except IssuerUnavailable:
        assert operation in CHANGING
        centre.end(ALICE)
        assert not centre.is_assigned("alice")
    else:
        assert centre.is_assigned("alice")


@pytest.mark.parametrize("operation", ENDING)
def test_an_end_bears_answers_that_are_lost(centre: Centre, operation: str) -> None:
    session = centre.active(ALICE)
    live = centre.sign_in("alice")
    centre.service.faults.lose_answers(operation)
    centre.end(session)
    assert centre.refuses(live)
    assert not centre.is_assigned("alice")


def test_an_assignment_that_failed_later_is_a_failure_with_its_reason(centre: Centre) -> None:
    reason = "Role quota of the account is reached"
    centre.service.faults.fail("CreateAccountAssignment", reason)
    with pytest.raises(IssuerUnavailable, match=reason):
        centre.make(ALICE)
    assert not centre.target().stands(ALICE)
    with pytest.raises(IssuerUnavailable, match=reason):
        centre.target().make(ALICE, centre.now)
    receipt = centre.end(ALICE)
    assert receipt.method is ReceiptMethod.ASSIGNMENT_GONE
    assert not centre.is_assigned("alice")


def test_a_permission_set_that_is_not_provisioned_makes_no_access(centre: Centre) -> None:
    centre.service.faults.fail("ProvisionPermissionSet", "not today")
    with pytest.raises(IssuerUnavailable, match="not today"):
        centre.make(ALICE)
    assert "CreateAccountAssignment" not in [
        c.operation
        for c in centre.service.calls
        if c.params.get("PrincipalId") == user_id_of("alice")
    ]


@pytest.mark.parametrize("operation", ["PutInlinePolicyToPermissionSet", "ProvisionPermissionSet"])
def test_an_end_that_cannot_deny_takes_the_assignment_and_is_not_reported(
    centre: Centre, operation: str
) -> None:
    session = centre.active(ALICE)
    live = centre.sign_in("alice")
    centre.service.faults.refuse(operation, "AccessDeniedException", times=99)
    with pytest.raises(IssuerUnavailable, match="AccessDenied"):
        centre.target().unmake(session, centre.now)
    assert not centre.is_assigned("alice"), "nobody signs in any more"
    with pytest.raises(IssuerUnavailable, match="AccessDenied"):
        centre.target().unmake(session, centre.now)
    assert not centre.refuses(live), "which is why it is not reported"
    centre.service.faults.forget()
    centre.end(session)
    assert centre.refuses(live)


def test_a_deletion_that_failed_is_no_end(centre: Centre) -> None:
    session = centre.active(ALICE)
    centre.service.faults.fail("DeleteAccountAssignment", "the account is suspended")
    with pytest.raises(IssuerUnavailable, match="the account is suspended"):
        centre.target().unmake(session, centre.now)
    centre.end(session)
    assert not centre.is_assigned("alice")


@pytest.mark.parametrize("lag", [2.0, 8.0, 20.0])
def test_listings_that_lag_bring_no_false_word(centre: Centre, lag: float) -> None:
    session = centre.active(ALICE)
    centre.service.knobs.listing_lag = lag
    centre.end(session)
    assert not centre.is_assigned("alice")
    centre.active(BOB)
    assert centre.is_assigned("bob")


@pytest.mark.parametrize("missing", ["fails", "not_found", "succeeds"])
def test_an_assignment_that_somebody_took_is_seen_to_be_gone(centre: Centre, missing: str) -> None:
    session = centre.active(ALICE)
    centre.service.knobs.missing = missing
    centre.service.act("unassign", user="alice")
    assert not centre.target().stands(session)
    receipt = centre.end(session)
    assert "not listed" in receipt.evidence


@pytest.mark.parametrize("existing", ["succeeds", "conflict"])
def test_a_request_whose_id_was_lost_is_found_again(centre: Centre, existing: str) -> None:
    centre.service.knobs.existing = existing
    centre.service.knobs.polls, centre.service.knobs.seconds = 100, 20.0
    centre.service.faults.lose_answers("CreateAccountAssignment")
    with pytest.raises(IssuerUnavailable):
        centre.make(ALICE)
    centre.make(ALICE)
    creations = [c for c in centre.service.calls if c.operation == "CreateAccountAssignment"]
    assert [c.params["PrincipalId"] for c in creations].count(user_id_of("alice")) == 1


def test_an_end_waits_for_a_creation_that_is_under_way(centre: Centre) -> None:
    centre.service.knobs.polls, centre.service.knobs.seconds = 100, 40.0
    while not centre.notes.of_session(ALICE.session_id).creation:
        with pytest.raises(TryAgain):
            centre.target().make(ALICE, centre.now)
    assert not centre.is_assigned("alice"), "it is being made"
    with pytest.raises(IssuerUnavailable):
        centre.target().unmake(ALICE, centre.now)
    centre.end(ALICE)
    centre.time.later(minutes=5)
    assert not centre.target().stands(ALICE)


def test_while_it_is_down_nothing_is_made_and_no_end_is_reported(centre: Centre) -> None:
    session = centre.active(ALICE)
    centre.service.knobs.down = True
    with pytest.raises(IssuerUnavailable):
        centre.target().unmake(session, centre.now)
    with pytest.raises(TryAgain):
        centre.target().make(BOB, centre.now)
    with pytest.raises(TryAgain):
        centre.target().stands(BOB)
    with pytest.raises(IssuerUnavailable):
        centre.target().stands(session)
    centre.service.knobs.down = False
    centre.end(session)
    centre.active(BOB)


def test_pages_of_two_are_read_to_the_last(centre: Centre) -> None:
    centre.service.knobs.page_size = 2
    for number, person in enumerate(["bob", "dave", "alice"]):
        session = centre.active(session_of(person, number + 20))
        assert centre.target().stands(session)
    centre.end(session)


def test_a_call_changes_nothing_when_its_time_is_over(centre: Centre) -> None:
    centre.alive = 7.0
    before = len(centre.service.calls)
    with pytest.raises(TryAgain):
        centre.target().make(ALICE, centre.now)
    assert not set(CHANGING) & {c.operation for c in centre.service.calls[before:]}


def test_the_first_assignment_gives_the_account_its_role_and_the_last_takes_it() -> None:
    centre = Centre()
    session = centre.active(ALICE)
    assert centre.calls()["ProvisionPermissionSet"] == 0
    assert centre.provisioned == centre.statements
    live = centre.sign_in("alice")
    centre.end(session)
    assert centre.provisioned == []
    assert centre.refuses(live)
    again = centre.active(session_of("alice", 3))
    assert centre.provisioned == centre.statements
    assert not centre.refuses(centre.sign_in("alice"))
    assert centre.refuses(live)
    centre.end(again)


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ("CreateAccountAssignment", "AccessDeniedException"),
        ("DescribeUser", "AccessDeniedException"),
        ("PutInlinePolicyToPermissionSet", "ServiceQuotaExceededException"),
    ],
)
def test_what_is_refused_for_good_is_told_with_its_code(
    centre: Centre, operation: str, code: str
) -> None:
    centre.service.faults.refuse(operation, code, times=9)
    with pytest.raises(IssuerUnavailable, match=code) as refused:
        centre.make(ALICE)
    assert len(refused.value.detail) < 500
    centre.service.faults.forget()
    centre.end(ALICE)
    assert not centre.is_assigned("alice")


def test_a_policy_without_room_lends_nothing_and_says_what_to_do() -> None:
    centre = Centre()
    first = [centre.active(session_of(each, n)) for n, each in enumerate(["bob", "carol"])]
    pattern = centre.known.denies[0]
    others = (replace(pattern, session_id=f"{n:026d}", user_id=f"{n:047d}") for n in range(60))
    for each in others:
        full = centre.known.armed(each)
        if not has_room(full.denies):
            break
        centre.notes.change_set(PERMISSION_SET, lambda _, full=full: full)  # type: ignore[misc]
    with pytest.raises(TryAgain, match="no room"):
        centre.target().make(ALICE, centre.now)
    assert centre.full == [PERMISSION_SET]
    assert not centre.is_assigned("alice")
    centre.time.later(minutes=6)
    with pytest.raises(Unreached, match="no room"):
        centre.target().make(ALICE, centre.now)
    for session in first:
        centre.end(session)
    centre.make(ALICE)
