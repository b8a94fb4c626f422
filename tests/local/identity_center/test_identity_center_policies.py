"""Inline policies of permission sets, and that they bite only where they are provisioned."""

from datetime import timedelta
from typing import Any

import pytest

from local.aws import ACCOUNT
from local.identity_center.accounts import AccountsError, NoAccounts
from local.identity_center.directory import user_id_of
from local.identity_center.names import PERMISSION_SET
from local.identity_center.service import IdentityCenter
from tests.local.identity_center.centers import OF_SET, Case, code_of, deny, from_

ALICE = user_id_of("alice")
PROVISIONED = "LATEST_PERMISSION_SET_PROVISIONED"


def accounts_with(case: Case, status: str) -> list[str]:
    answer = case.sso.list_accounts_for_provisioned_permission_set(
        **OF_SET, ProvisioningStatus=status
    )
    return list(answer["AccountIds"])


def test_the_first_assignment_provisions_the_set_as_it_is_then(case: Case) -> None:
    case.write(deny(ALICE, DateGreaterThanEquals=from_(case.clock.now)))
    assert accounts_with(case, PROVISIONED) == []
    case.begin()
    case.settle()
    assert accounts_with(case, PROVISIONED) == [ACCOUNT]
    assert case.center.refuses(case.center.sign_in("alice"))


def test_a_policy_that_is_written_later_bites_only_once_it_is_provisioned(case: Case) -> None:
    case.center.act("assign", user="alice")
    live = case.center.sign_in("alice")
    case.write(deny(ALICE, DateGreaterThanEquals=from_(case.clock.now)))
    assert not case.center.refuses(live)
    assert accounts_with(case, PROVISIONED) == []
    assert accounts_with(case, "LATEST_PERMISSION_SET_NOT_PROVISIONED") == [ACCOUNT]
    request = case.provision()
    assert case.provisioned(request)["Status"] == "IN_PROGRESS"
    assert not case.center.refuses(live)
    assert case.provisioned(request)["Status"] == "SUCCEEDED"
    assert case.center.refuses(live)
    assert accounts_with(case, PROVISIONED) == [ACCOUNT]


def test_what_is_provisioned_is_the_set_as_it_was_when_that_was_asked_for(case: Case) -> None:
    case.center.act("assign", user="alice")
    case.write(deny(ALICE, DateGreaterThanEquals=from_(case.clock.now)))
    case.provision()
    case.write(deny(user_id_of("bob")))
    case.settle()
    assert case.center.refuses(case.center.sign_in("alice"))
    assert accounts_with(case, PROVISIONED) == []


def test_a_provisioning_that_fails_changes_nothing(case: Case) -> None:
    case.center.act("assign", user="alice")
    case.write(deny(ALICE))
    case.center.faults.fail("ProvisionPermissionSet", "Received a 404 status error: no role")
    request = case.provision()
    case.settle()
    assert case.provisioned(request)["FailureReason"].endswith("no role")
    assert not case.center.refuses(case.center.sign_in("alice"))


def test_two_provisionings_of_a_set_in_an_account_are_a_conflict(case: Case) -> None:
    case.center.act("assign", user="alice")
    case.provision()
    assert code_of(case.provision) == "ConflictException"
    everywhere = {**OF_SET, "TargetType": "ALL_PROVISIONED_ACCOUNTS"}
    assert code_of(lambda: case.sso.provision_permission_set(**everywhere)) == "ConflictException"
    assert code_of(lambda: case.begin("bob")) == ""


def test_a_set_is_provisioned_only_where_somebody_has_it(case: Case) -> None:
    assert code_of(case.provision) == "ResourceNotFoundException"
    nowhere = {**OF_SET, "TargetType": "AWS_ACCOUNT"}
    assert code_of(lambda: case.sso.provision_permission_set(**nowhere)) == "ValidationException"


def test_the_role_goes_with_the_last_assignment_and_no_sooner(case: Case) -> None:
    case.center.act("assign", user="alice")
    case.center.act("assign", user="bob")
    live = case.center.sign_in("alice")
    for name, refused in (("alice", False), ("bob", True)):
        case.begin_end(name)
        case.settle()
        assert case.center.refuses(live) is refused
    assert case.center.directory.provisioned == {}


def test_a_role_that_is_made_anew_has_another_name_and_old_credentials_none_of_its_rights(
    case: Case,
) -> None:
    case.center.act("assign", user="alice")
    old = case.center.sign_in("alice")
    case.center.act("assign", user="bob")
    case.center.act("write_policy", statements=[])
    assert case.center.sign_in("alice").role_name == old.role_name
    for name in ("alice", "bob"):
        case.center.act("unassign", user=name)
    case.center.act("assign", user="alice")
    new = case.center.sign_in("alice")
    assert new.role_name != old.role_name
    assert new.role_name.rpartition("_")[0] == old.role_name.rpartition("_")[0]
    assert (case.center.refuses(old), case.center.refuses(new)) == (True, False)


def test_writing_a_policy_replaces_the_whole_of_it(case: Case) -> None:
    case.write(deny(ALICE))
    case.write(deny(user_id_of("bob")))
    policy = case.sso.get_inline_policy_for_permission_set(**OF_SET)["InlinePolicy"]
    assert ALICE not in policy
    case.sso.delete_inline_policy_from_permission_set(**OF_SET)
    assert "InlinePolicy" not in case.sso.get_inline_policy_for_permission_set(**OF_SET)
    deletion = case.sso.delete_inline_policy_from_permission_set
    assert code_of(lambda: deletion(**OF_SET)) == "ResourceNotFoundException"


def test_the_room_of_a_policy_is_what_is_no_white_space(case: Case) -> None:
    def padded(size: int) -> str:
        text = '{"Statement": [], "Version": "2012-10-17", "Id": ""}'
        rest = size - len("".join(text.split()))
        return text.replace('"Id": ""', f'"Id":    "{"x" * rest}"')

    put = case.sso.put_inline_policy_to_permission_set
    assert code_of(lambda: put(**OF_SET, InlinePolicy=padded(10_240))) == ""
    too_large = code_of(lambda: put(**OF_SET, InlinePolicy=padded(10_241)))
    assert too_large == "ServiceQuotaExceededException"


@pytest.mark.parametrize("policy", ["{", "[]", "{}", '{"Statement": "Deny"}'])
def test_a_policy_that_is_none_is_refused(case: Case, policy: str) -> None:
    put = case.sso.put_inline_policy_to_permission_set
    assert code_of(lambda: put(**OF_SET, InlinePolicy=policy)) == "ValidationException"


def test_a_person_may_write_into_the_policy_by_hand(case: Case) -> None:
    case.write(deny(ALICE))
    allow = {"Effect": "Allow", "Action": "iam:*", "Resource": "*"}
    case.center.act("add_statement", statement=allow)
    policy = case.sso.get_inline_policy_for_permission_set(**OF_SET)["InlinePolicy"]
    assert ALICE in policy
    assert "iam:*" in policy


def test_the_length_of_sessions_is_told_and_is_what_the_portal_gives(case: Case) -> None:
    case.center.act("assign", user="alice")
    case.center.act("set_session_duration", duration="PT4H")
    told = case.sso.describe_permission_set(**OF_SET)["PermissionSet"]
    assert (told["SessionDuration"], told["Name"]) == ("PT4H", "PamPayments")
    live = case.center.sign_in("alice")
    assert live.expires_at - case.clock.now == timedelta(hours=4)


def test_an_account_that_takes_no_role_makes_the_assignment_fail() -> None:
    class Full(NoAccounts):
        def provision(self, account: str, wanted: Any) -> None:
            message = "LimitExceeded: RolesPerAccount"
            raise AccountsError(message)

    case = Case(IdentityCenter(accounts=Full()))
    request = case.begin()
    case.center.knobs.seconds = 0
    assert case.created(request)["FailureReason"] == "LimitExceeded: RolesPerAccount"
    assert case.listed() == []


def test_a_set_that_is_deleted_is_gone_with_its_assignments_and_roles(case: Case) -> None:
    case.center.act("assign", user="alice")
    live = case.center.sign_in("alice")
    case.center.act("delete_permission_set", permission_set=PERMISSION_SET)
    assert code_of(case.listed) == "ResourceNotFoundException"
    assert case.center.refuses(live)
