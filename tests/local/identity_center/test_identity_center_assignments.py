"""Assignments as AWS makes and ends them: later, not always, and never two at once."""

import pytest

from local.aws import ACCOUNT
from local.identity_center.directory import group_id_of, user_id_of
from local.identity_center.names import INSTANCE, MANAGEMENT_ACCOUNT, PERMISSION_SET
from local.identity_center.service import ServiceError
from tests.local.identity_center.centers import OF_SET, OF_STORE, Case, assignment, code_of

ALICE, BOB = user_id_of("alice"), user_id_of("bob")
GROUP = {"PrincipalType": "GROUP", "PrincipalId": group_id_of("bank-core-engineers")}


def test_an_assignment_is_in_progress_before_it_stands(case: Case) -> None:
    case.center.knobs.polls = 2
    request = case.begin()
    assert case.listed() == []
    seen = [case.created(request)["Status"] for _ in range(3)]
    assert seen == ["IN_PROGRESS", "IN_PROGRESS", "SUCCEEDED"]
    assert case.listed() == [ALICE]


def test_an_operation_that_nobody_asks_after_is_done_all_the_same(case: Case) -> None:
    case.begin()
    case.settle()
    assert case.listed() == [ALICE]
    case.begin_end()
    assert case.listed() == [ALICE]
    case.settle()
    assert case.listed() == []


def test_an_operation_that_is_taken_may_fail_later_with_its_reason(case: Case) -> None:
    reason = "Received a 409 status error: LimitExceeded: Cannot exceed quota for RolesPerAccount"
    case.center.faults.fail("CreateAccountAssignment", reason)
    request = case.begin()
    case.settle()
    assert case.created(request)["Status"] == "FAILED"
    assert case.created(request)["FailureReason"] == reason
    assert case.listed() == []
    again = case.begin()
    case.settle()
    assert case.created(again)["Status"] == "SUCCEEDED"


def test_a_deletion_that_fails_leaves_the_assignment(case: Case) -> None:
    case.center.act("assign", user="alice")
    case.center.faults.fail("DeleteAccountAssignment", "Received a 500 status error")
    request = case.begin_end()
    case.settle()
    assert case.deleted(request)["Status"] == "FAILED"
    assert case.listed() == [ALICE]


def test_a_second_operation_on_the_same_assignment_is_a_conflict_while_one_runs(
    case: Case,
) -> None:
    case.begin()
    for act in (case.begin, case.begin_end):
        case.center.knobs.missing = "fails"
        assert code_of(act) == "ConflictException"
    assert code_of(lambda: case.begin("bob")) == ""
    case.settle()
    assert code_of(case.begin_end) == ""


def test_more_than_ten_at_once_are_refused_by_the_error_that_each_operation_has(
    case: Case,
) -> None:
    case.center.act("assign", user="alice")
    for number in range(1, 11):
        case.begin(f"load{number:02}")
    assert code_of(lambda: case.begin("bob")) == "ServiceQuotaExceededException"
    assert code_of(case.begin_end) == "ThrottlingException"
    assert code_of(case.provision) == ""
    case.settle()
    assert code_of(case.begin_end) == ""


@pytest.mark.parametrize(
    ("existing", "code"), [("succeeds", ""), ("conflict", "ConflictException")]
)
def test_to_create_what_is_there_is_either_of_what_people_report(
    case: Case, existing: str, code: str
) -> None:
    case.center.act("assign", user="alice")
    case.center.knobs.turn({"existing": existing})
    assert code_of(case.begin) == code
    case.settle()
    assert case.listed() == [ALICE]


def test_to_delete_what_is_not_there_is_any_of_what_people_report(case: Case) -> None:
    assert code_of(case.begin_end) == "ResourceNotFoundException"
    for missing, status in (("fails", "FAILED"), ("succeeds", "SUCCEEDED")):
        case.center.knobs.turn({"missing": missing})
        request = case.begin_end()
        case.settle()
        assert case.deleted(request)["Status"] == status


def test_the_assignment_of_a_deleted_user_stays_and_may_not_be_deletable(case: Case) -> None:
    case.center.act("assign", user="alice")
    case.center.act("delete_user", name="alice")
    request = case.begin_end()
    case.settle()
    assert case.deleted(request)["Status"] == "FAILED"
    assert case.listed() == [ALICE]
    case.center.knobs.turn({"deleted_principal": "succeeds"})
    case.begin_end()
    case.settle()
    assert case.listed() == []


def test_who_is_deleted_while_the_assignment_is_made_is_not_assigned(case: Case) -> None:
    request = case.begin()
    case.center.act("delete_user", name="alice")
    case.settle()
    assert case.created(request)["Status"] == "FAILED"
    assert case.listed() == []


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"PrincipalId": user_id_of("nobody")}, "ResourceNotFoundException"),
        ({"TargetId": "123456789012"}, "ResourceNotFoundException"),
        ({"TargetId": MANAGEMENT_ACCOUNT}, "AccessDeniedException"),
        ({"PermissionSetArn": PERMISSION_SET[:-4] + "0000"}, "ResourceNotFoundException"),
    ],
)
def test_nobody_is_assigned_what_is_not_there_or_not_the_delegates_to_give(
    case: Case, changed: dict[str, str], code: str
) -> None:
    assert code_of(lambda: case.begin(**changed)) == code


def test_listings_may_be_behind_in_both_directions(case: Case) -> None:
    case.center.knobs.listing_lag = 8.0
    case.center.act("assign", user="alice")
    case.clock.forward(7.9)
    assert case.listed() == []
    case.clock.forward(0.1)
    assert case.listed() == [ALICE]
    case.center.act("unassign", user="alice")
    case.clock.forward(7.9)
    assert case.listed() == [ALICE]
    case.clock.forward(0.1)
    assert case.listed() == []


def test_a_page_may_be_short_however_many_are_asked_for(case: Case) -> None:
    names = [f"load{number:02}" for number in range(1, 6)]
    for name in names:
        case.center.act("assign", user=name)
    case.center.knobs.page_size = 2
    first = case.sso.list_account_assignments(**OF_SET, AccountId=ACCOUNT, MaxResults=100)
    assert len(first["AccountAssignments"]) == 2
    assert case.listed() == [user_id_of(name) for name in names]
    listing = {**OF_SET, "AccountId": ACCOUNT, "NextToken": "made-up"}
    with pytest.raises(ServiceError, match="NextToken"):
        case.center.call("sso-admin", "ListAccountAssignments", listing)


def test_what_a_user_has_by_a_group_is_told_with_the_groups_id(case: Case) -> None:
    case.center.act("assign", group="bank-core-engineers")
    case.center.act("assign", user="bob")
    assert case.listed() == [GROUP["PrincipalId"], BOB]
    memberships = case.store.list_group_memberships_for_member(
        **OF_STORE, MemberId={"UserId": ALICE}
    )
    assert GROUP["PrincipalId"] in [it["GroupId"] for it in memberships["GroupMemberships"]]


def test_a_delegated_administrator_may_not_list_by_principal(case: Case) -> None:
    case.center.act("assign", group="bank-core-engineers")
    asked = {"InstanceArn": INSTANCE, "PrincipalType": "USER", "PrincipalId": ALICE}
    listing = case.sso.list_account_assignments_for_principal
    assert code_of(lambda: listing(**asked)) == "AccessDeniedException"
    case.center.knobs.from_management_account = True
    told = listing(**asked)["AccountAssignments"]
    assert [it["PrincipalType"] for it in told] == ["GROUP"]
    assert listing(**asked, Filter={"AccountId": MANAGEMENT_ACCOUNT})["AccountAssignments"] == []
    assert listing(**{**asked, "PrincipalId": BOB})["AccountAssignments"] == []


def test_a_request_id_is_found_again_by_listing_those_that_run(case: Case) -> None:
    case.center.faults.lose_answers("CreateAccountAssignment")
    with pytest.raises(Exception, match="Connection was closed"):
        case.begin()
    running = {"InstanceArn": INSTANCE, "Filter": {"Status": "IN_PROGRESS"}}
    found = case.sso.list_account_assignment_creation_status(**running)
    (lost,) = found["AccountAssignmentsCreationStatus"]
    case.settle()
    assert case.created(lost["RequestId"])["PrincipalId"] == ALICE
    assert case.listed() == [ALICE]
    assert not case.sso.list_account_assignment_creation_status(**running)[
        "AccountAssignmentsCreationStatus"
    ]


def test_a_request_id_of_a_creation_is_none_of_a_deletion(case: Case) -> None:
    request = case.begin()
    assert code_of(lambda: case.deleted(request)) == "ResourceNotFoundException"


def test_an_account_that_is_closed_is_as_if_it_had_never_been(case: Case) -> None:
    case.center.act("assign", user="alice")
    case.center.act("close_account", account=ACCOUNT)
    assert code_of(case.listed) == "ResourceNotFoundException"
    assert code_of(case.begin_end) == "ResourceNotFoundException"
    case.center.act("open_account", account=ACCOUNT)
    assert case.listed() == []
    assert code_of(lambda: case.sso.create_account_assignment(**assignment("alice"))) == ""
