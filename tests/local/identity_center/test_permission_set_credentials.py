"""Roles of permission sets in the emulator: what a person holds is seen to be refused there."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from local.aws import ACCOUNT, root_client
from local.cast import is_refused
from local.identity_center.accounts import AccountsError
from local.identity_center.directory import Principal, PrincipalType, user_id_of
from local.identity_center.emulated_accounts import (
    CONTEXT_PROVIDER,
    EmulatedAccounts,
)
from local.identity_center.faults import Knobs
from local.identity_center.names import PERMISSION_SET
from local.identity_center.portal import Live
from local.identity_center.service import IdentityCenter
from local.people import RESERVED_PATH
from tests.local.identity_center.centers import Case, code_of, deny, from_, issued_before
from tests.local.identity_center.emulated import BUCKET, client, document, user

pytestmark = pytest.mark.enable_socket

EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
AN_HOUR = timedelta(hours=1)


@pytest.fixture
def case(endpoint: str) -> Iterator[Case]:
    case = Case(IdentityCenter(accounts=EmulatedAccounts(endpoint), knobs=Knobs(polls=0)))
    case.center.act("assign", user="alice")
    yield case
    for name in ("alice", "bob"):
        if case.center.directory.standing(*standing_of(name)):
            case.center.act("unassign", user=name)


def standing_of(name: str) -> tuple[Principal, str, str]:
    return Principal(type=PrincipalType.USER, id=user_id_of(name)), ACCOUNT, PERMISSION_SET


def refused(endpoint: str, live: Live) -> bool:
    s3 = client(endpoint, "s3", live.keys)
    return is_refused(lambda: s3.list_objects_v2(Bucket=BUCKET))


def test_the_session_is_the_persons_and_has_the_rights_of_the_set_alone(
    endpoint: str, case: Case
) -> None:
    live = case.center.sign_in("alice")
    told = client(endpoint, "sts", live.keys).get_caller_identity()
    assert told["Arn"] == live.principal
    role = root_client("iam", endpoint).get_role(RoleName=live.role_name)["Role"]
    assert (role["Path"], role["MaxSessionDuration"]) == (RESERVED_PATH, 3600)
    assert not refused(endpoint, live)
    iam = client(endpoint, "iam", live.keys)
    assert is_refused(iam.list_roles)


NOW = datetime.now(UTC)
ALICE, BOB = user_id_of("alice"), user_id_of("bob")
DENIES = {
    "an end that is past": (deny(ALICE, DateGreaterThanEquals=from_(NOW - AN_HOUR)), True),
    "an end to come": (deny(ALICE, DateGreaterThanEquals=from_(NOW + AN_HOUR)), False),
    "an end of somebody else": (deny(BOB, DateGreaterThanEquals=from_(NOW - AN_HOUR)), False),
    "what was issued before": (deny(ALICE, DateLessThan=issued_before(NOW + AN_HOUR)), True),
    "what was issued long before": (deny(ALICE, DateLessThan=issued_before(NOW - AN_HOUR)), False),
}


@pytest.mark.parametrize("what", DENIES)
def test_a_live_credential_is_refused_by_the_deny_that_was_provisioned_and_by_no_other(
    endpoint: str, case: Case, what: str
) -> None:
    statement, is_denied = DENIES[what]
    live = case.center.sign_in("alice")
    case.write(statement)
    assert not refused(endpoint, live)
    case.provisioned(case.provision())
    assert refused(endpoint, live) is is_denied
    assert case.center.refuses(live) is is_denied
    case.center.act("write_policy", statements=None)
    assert not refused(endpoint, live)


def test_a_deny_that_is_there_when_the_role_is_made_refuses_the_first_credential(
    endpoint: str, case: Case
) -> None:
    case.center.act("unassign", user="alice")
    case.write(deny(ALICE, DateGreaterThanEquals=from_(NOW - AN_HOUR)))
    for name in ("alice", "bob"):
        case.center.act("assign", user=name)
    assert refused(endpoint, case.center.sign_in("alice"))
    assert not refused(endpoint, case.center.sign_in("bob"))


def test_the_role_goes_with_the_last_assignment_and_its_credentials_with_it(
    endpoint: str, case: Case
) -> None:
    live = case.center.sign_in("alice")
    case.center.act("unassign", user="alice")
    assert refused(endpoint, live)
    iam = root_client("iam", endpoint)
    assert code_of(lambda: iam.get_role(RoleName=live.role_name)) == "NoSuchEntity"


def test_nobody_but_identity_center_makes_a_session_of_the_role_whatever_their_rights(
    endpoint: str, case: Case
) -> None:
    iam = root_client("iam", endpoint)
    eve = client(endpoint, "sts", user(endpoint, "eve", EVERYTHING))
    name = case.center.sign_in("alice").role_name
    role = iam.get_role(RoleName=name)["Role"]["Arn"]
    wanted = {"RoleArn": role, "RoleSessionName": "alice"}
    for context in ({}, {"ProvidedContexts": [context_of(ALICE)]}):
        assert is_refused(lambda given=context: eve.assume_role(**wanted, **given))


def test_a_context_needs_its_own_right_and_is_a_users_id(endpoint: str, case: Case) -> None:
    iam, sts = root_client("iam", endpoint), root_client("sts", endpoint)
    root = f"arn:aws:iam::{ACCOUNT}:root"
    trust = {"Effect": "Allow", "Principal": {"AWS": root}, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName="plain", AssumeRolePolicyDocument=document(trust))
    role = iam.get_role(RoleName="plain")["Role"]["Arn"]
    wanted = {"RoleArn": role, "RoleSessionName": "alice"}
    assert not is_refused(lambda: sts.assume_role(**wanted))
    with_context = {**wanted, "ProvidedContexts": [context_of(ALICE)]}
    assert is_refused(lambda: sts.assume_role(**with_context))
    for context in (context_of("alice"), {**context_of(ALICE), "ProviderArn": root}):
        with pytest.raises(ClientError, match="context assertion"):
            sts.assume_role(**wanted, ProvidedContexts=[context])


def context_of(user_id: str) -> dict[str, str]:
    return {"ProviderArn": CONTEXT_PROVIDER, "ContextAssertion": user_id}


def test_a_set_whose_policy_is_not_in_the_account_is_not_provisioned_there(
    endpoint: str, case: Case
) -> None:
    other = case.center.act("create_permission_set", name="Missing")["permission_set"]
    request = case.begin(PermissionSetArn=other)
    assert case.created(request)["Status"] == "FAILED"
    iam = root_client("iam", endpoint)
    assert not [it for it in iam.list_roles()["Roles"] if "Missing" in it["RoleName"]]
    assert case.center.directory.provisioned.keys() == {(ACCOUNT, PERMISSION_SET)}


def test_the_emulator_has_no_other_account(endpoint: str) -> None:
    accounts = EmulatedAccounts(endpoint)
    with pytest.raises(AccountsError):
        accounts.assume("111111111111", "any", user_name="alice", user_id=ALICE)
