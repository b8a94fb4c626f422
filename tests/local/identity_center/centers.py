"""An Identity Center of the tests' own, on their clock, and AWS's own clients pointed at it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from local.aws import ACCOUNT
from local.identity_center.clients import clients
from local.identity_center.directory import user_id_of
from local.identity_center.names import IDENTITY_STORE, INSTANCE, PERMISSION_SET
from local.identity_center.service import IdentityCenter

Json = dict[str, Any]

OF_SET = {"InstanceArn": INSTANCE, "PermissionSetArn": PERMISSION_SET}
OF_STORE = {"IdentityStoreId": IDENTITY_STORE}


@dataclass
class Clock:
    now: datetime = field(default_factory=lambda: datetime(2026, 3, 17, 9, 0, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Case:
    """What a test needs, in a line each."""

    def __init__(self, center: IdentityCenter | None = None) -> None:
        self.clock = Clock()
        self.center = center or IdentityCenter(self.clock)
        self.sso, self.store = clients(self.center)

    def begin(self, name: str = "alice", **other: str) -> str:
        """The request id of a creation."""
        answer = self.sso.create_account_assignment(**assignment(name, **other))
        return str(answer["AccountAssignmentCreationStatus"]["RequestId"])

    def begin_end(self, name: str = "alice", **other: str) -> str:
        answer = self.sso.delete_account_assignment(**assignment(name, **other))
        return str(answer["AccountAssignmentDeletionStatus"]["RequestId"])

    def created(self, request_id: str) -> Json:
        answer: Json = self.sso.describe_account_assignment_creation_status(
            InstanceArn=INSTANCE, AccountAssignmentCreationRequestId=request_id
        )
        found: Json = answer["AccountAssignmentCreationStatus"]
        return found

    def deleted(self, request_id: str) -> Json:
        answer: Json = self.sso.describe_account_assignment_deletion_status(
            InstanceArn=INSTANCE, AccountAssignmentDeletionRequestId=request_id
        )
        found: Json = answer["AccountAssignmentDeletionStatus"]
        return found

    def provision(self, account: str = ACCOUNT) -> str:
        answer = self.sso.provision_permission_set(
            **OF_SET, TargetType="AWS_ACCOUNT", TargetId=account
        )
        return str(answer["PermissionSetProvisioningStatus"]["RequestId"])

    def provisioned(self, request_id: str) -> Json:
        answer: Json = self.sso.describe_permission_set_provisioning_status(
            InstanceArn=INSTANCE, ProvisionPermissionSetRequestId=request_id
        )
        found: Json = answer["PermissionSetProvisioningStatus"]
        return found

    def write(self, *statements: Json) -> None:
        policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
        self.sso.put_inline_policy_to_permission_set(**OF_SET, InlinePolicy=policy)

    def listed(self, account: str = ACCOUNT) -> list[str]:
        """Ids of the principals, of all pages."""
        pages = self.sso.get_paginator("list_account_assignments").paginate(
            **OF_SET, AccountId=account
        )
        return [it["PrincipalId"] for page in pages for it in page["AccountAssignments"]]

    def settle(self) -> None:
        """All that runs is over."""
        self.clock.forward(self.center.knobs.seconds)


def assignment(name: str, **other: str) -> Json:
    usual = {"TargetId": ACCOUNT, "TargetType": "AWS_ACCOUNT", "PrincipalType": "USER"}
    return {**OF_SET, **usual, "PrincipalId": user_id_of(name), **other}


def deny(user_id: str, **when: Json) -> Json:
    whose = {"identitystore:userId": user_id, "aws:PrincipalAccount": ACCOUNT}
    conditions = {"StringEquals": whose, **when}
    return {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": conditions}


def from_(instant: datetime) -> Json:
    """A deny's clause."""
    return {"aws:CurrentTime": instant.strftime("%Y-%m-%dT%H:%M:%SZ")}


def issued_before(instant: datetime) -> Json:
    return {"aws:TokenIssueTime": instant.strftime("%Y-%m-%dT%H:%M:%SZ")}


def code_of(act: Callable[[], Any]) -> str:
    """Of the error; empty if there is none."""
    try:
        act()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""
