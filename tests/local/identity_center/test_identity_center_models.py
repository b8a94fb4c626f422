"""Requests and answers are as botocore's own models of the two services have them."""

import inspect
from typing import Any

import pytest

from local.identity_center import shapes
from local.identity_center.assignments import Assignments
from local.identity_center.errors import ServiceError
from local.identity_center.identity_store import IdentityStore
from local.identity_center.names import INSTANCE, PERMISSION_SET
from local.identity_center.permission_sets import PermissionSets
from local.identity_center.service import IdentityCenter
from tests.local.identity_center.centers import OF_SET, OF_STORE, assignment

KNOWN = {
    "sso-admin": (Assignments, PermissionSets),
    "identitystore": (IdentityStore,),
}
CALLED = [
    (service, name)
    for service, parts in KNOWN.items()
    for part in parts
    for name, _ in inspect.getmembers(part, inspect.isfunction)
    if not name.startswith("_")
]


@pytest.mark.parametrize(("service", "name"), CALLED)
def test_every_operation_here_is_one_of_aws(service: str, name: str) -> None:
    operations = {it.lower() for it in shapes.model(service).operation_names}
    assert name.replace("_", "") in operations


MALFORMED: list[tuple[str, dict[str, Any]]] = [
    ("CreateAccountAssignment", {**assignment("alice"), "TargetId": "12345678901"}),
    ("CreateAccountAssignment", {**assignment("alice"), "TargetType": "OU"}),
    ("CreateAccountAssignment", {**assignment("alice"), "PrincipalType": "ROLE"}),
    ("CreateAccountAssignment", {**assignment("alice"), "PrincipalId": "alice"}),
    ("CreateAccountAssignment", {**assignment("alice"), "PermissionSetArn": INSTANCE}),
    ("CreateAccountAssignment", {**assignment("alice"), "ClientToken": "once"}),
    ("DeleteAccountAssignment", OF_SET),
    ("PutInlinePolicyToPermissionSet", {**OF_SET, "InlinePolicy": ""}),
    ("PutInlinePolicyToPermissionSet", {**OF_SET, "InlinePolicy": {"Statement": []}}),
    ("ListAccountAssignments", {**OF_SET, "AccountId": "000000000000", "MaxResults": 0}),
    ("ListAccountAssignments", {**OF_SET, "AccountId": "000000000000", "MaxResults": 101}),
    ("ListAccountAssignments", {**OF_SET, "AccountId": "000000000000", "MaxResults": True}),
]


@pytest.mark.parametrize(("operation", "params"), MALFORMED)
def test_what_aws_would_not_take_is_a_validation_error(
    operation: str, params: dict[str, Any]
) -> None:
    center = IdentityCenter()
    with pytest.raises(ServiceError) as told:
        center.call("sso-admin", operation, params)
    assert told.value.code == "ValidationException"


def test_an_alternate_identifier_is_one_thing_or_the_other() -> None:
    both = {
        "ExternalId": {"Issuer": "i", "Id": "x"},
        "UniqueAttribute": {"AttributePath": "userName", "AttributeValue": "alice"},
    }
    for identifier in ({}, both):
        with pytest.raises(ServiceError, match="exactly one"):
            IdentityCenter().call(
                "identitystore", "GetUserId", {**OF_STORE, "AlternateIdentifier": identifier}
            )


@pytest.mark.parametrize(
    "answer",
    [
        {"AccountAssignmentCreationStatus": {"Status": "DONE"}},
        {"AccountAssignmentCreationStatus": {"RequestId": "1"}},
        {"AccountAssignmentDeletionStatus": {}},
        {"AccountAssignmentCreationStatus": {"CreatedDate": "today"}},
    ],
)
def test_an_answer_that_aws_could_not_give_is_never_given(answer: dict[str, Any]) -> None:
    asked = shapes.operation("sso-admin", "CreateAccountAssignment")
    assert asked is not None
    with pytest.raises(shapes.WrongAnswerError):
        shapes.check_answer(asked, answer)


def test_an_error_that_the_operation_does_not_have_is_never_given() -> None:
    center = IdentityCenter()
    center.faults.refuse("DeleteAccountAssignment", "ServiceQuotaExceededException")
    with pytest.raises(shapes.WrongAnswerError):
        center.call("sso-admin", "DeleteAccountAssignment", assignment("alice"))


@pytest.mark.parametrize(
    ("service", "operation"),
    [("sso-admin", "CreatePermissionSet"), ("sso-admin", "Nothing"), ("iam", "ListRoles")],
)
def test_what_is_not_there_is_an_unknown_operation(service: str, operation: str) -> None:
    with pytest.raises(ServiceError) as told:
        IdentityCenter().call(service, operation, {})
    assert told.value.code == "UnknownOperationException"


def test_another_instance_store_or_set_is_not_found() -> None:
    other = PERMISSION_SET[:-4] + "0000"
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("sso-admin", "DescribePermissionSet", {**OF_SET, "InstanceArn": INSTANCE[:-4] + "0000"}),
        ("sso-admin", "DescribePermissionSet", {**OF_SET, "PermissionSetArn": other}),
        ("identitystore", "ListUsers", {"IdentityStoreId": "d-0000000000"}),
    ]
    for service, operation, params in calls:
        with pytest.raises(ServiceError) as told:
            IdentityCenter().call(service, operation, params)
        assert told.value.code == "ResourceNotFoundException"
