"""The calls of `sso-admin` and `identitystore`, and what their answers mean.

What another operation is in the way of, what AWS throttles and what it failed at itself is asked
again, slower each time, for as long as the call has patience. Of a write whose answer was lost
nobody knows whether it was done: that is told apart (`Unclear`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
)

from pam.domain.errors import IssuerUnavailable
from pam.domain.resource import Target
from pam.identity_center.patience import OutOfTime, Patience, Polls

_AGAIN = frozenset({"ConflictException", "ThrottlingException", "TooManyRequestsException"})
_ITS_FAULT = 500
_LONGEST_REASON = 200
_AN_HOUR = frozenset({"PT1H", "PT60M", "PT3600S"})


class NotThere(Exception):  # noqa: N818 - what is not there may be what is looked for
    """Identity Center says that something that the call names does not exist."""


class Unclear(IssuerUnavailable):
    """The answer was lost: it may have been done, or be done yet."""


class Status(StrEnum):
    IN_PROGRESS = "IN_PROGRESS"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What Identity Center does, or did, after it answered."""

    request_id: str
    status: Status
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """Who is assigned the permission set in the account. Ids."""

    users: frozenset[str]
    groups: frozenset[str]


class Vendor:
    """Identity Center, as far as one target is concerned. Raises IssuerUnavailable, NotThere and
    OutOfTime; every call that changes something also Unclear.
    """

    def __init__(self, sso_admin: Any, identity_store: Any, target: Target, patience: Patience):
        self._sso = sso_admin
        self._store = identity_store
        self._patience = patience
        self._instance = {"InstanceArn": target.names["instance"]}
        self._set = {**self._instance, "PermissionSetArn": target.names["permission_set"]}
        self._account = target.account
        self._directory = {"IdentityStoreId": target.settings.get("identity_store", "")}

    # People.

    def user_id(self, user_name: str) -> str:
        name = {"AttributePath": "userName", "AttributeValue": user_name}
        answer = self._ask(
            self._store.get_user_id,
            **self._directory,
            AlternateIdentifier={"UniqueAttribute": name},
        )
        return str(answer["UserId"])

    def is_enabled(self, user_id: str) -> bool:
        """What does not say that it is enabled is not."""
        answer = self._ask(self._store.describe_user, **self._directory, UserId=user_id)
        return bool(answer.get("UserStatus") == "ENABLED")

    def groups_of(self, user_id: str) -> frozenset[str]:
        pages = self._pages(
            self._store.list_group_memberships_for_member,
            **self._directory,
            MemberId={"UserId": user_id},
        )
        return frozenset(it["GroupId"] for page in pages for it in page["GroupMemberships"])

    # Assignments.

    def assigned(self) -> Assigned:
        pages = self._pages(
            self._sso.list_account_assignments, **self._set, AccountId=self._account
        )
        found = [it for page in pages for it in page.get("AccountAssignments", [])]

        def of(kind: str) -> frozenset[str]:
            return frozenset(it["PrincipalId"] for it in found if it["PrincipalType"] == kind)

        return Assigned(users=of("USER"), groups=of("GROUP"))

    def create(self, user_id: str) -> Operation:
        answer = self._change(self._sso.create_account_assignment, **self._assignment(user_id))
        return _operation(answer["AccountAssignmentCreationStatus"])

    def creation(self, request_id: str) -> Operation:
        answer = self._ask(
            self._sso.describe_account_assignment_creation_status,
            **self._instance,
            AccountAssignmentCreationRequestId=request_id,
        )
        return _operation(answer["AccountAssignmentCreationStatus"])

    def running_creation(self, user_id: str) -> Operation | None:
        """One that is under way for this user and target, whoever asked for it."""
        pages = self._pages(
            self._sso.list_account_assignment_creation_status,
            **self._instance,
            Filter={"Status": Status.IN_PROGRESS.value},
        )
        for page in pages:
            for each in page["AccountAssignmentsCreationStatus"]:
                raw = self._ask(
                    self._sso.describe_account_assignment_creation_status,
                    **self._instance,
                    AccountAssignmentCreationRequestId=each["RequestId"],
                )["AccountAssignmentCreationStatus"]
                asked = {name: raw.get(name) for name in self._assignment(user_id)}
                if asked | self._instance == self._assignment(user_id):
                    return _operation(raw)
        return None

    def delete(self, user_id: str) -> Operation:
        answer = self._change(self._sso.delete_account_assignment, **self._assignment(user_id))
        return _operation(answer["AccountAssignmentDeletionStatus"])

    def deletion(self, request_id: str) -> Operation:
        answer = self._ask(
            self._sso.describe_account_assignment_deletion_status,
            **self._instance,
            AccountAssignmentDeletionRequestId=request_id,
        )
        return _operation(answer["AccountAssignmentDeletionStatus"])

    # The permission set.

    def fault_of_set(self, name: str) -> str:
        """Why nobody can be assigned it by PAM; empty if they can."""
        found = self._ask(self._sso.describe_permission_set, **self._set)["PermissionSet"]
        if found.get("Name") != name:
            return f"the permission set is not called {name}: correct it in the catalogue"
        if found.get("SessionDuration") not in _AN_HOUR:
            return f"the permission set {name} gives sessions of another length: set it to PT1H"
        return ""

    def policy(self) -> str:
        answer = self._ask(self._sso.get_inline_policy_for_permission_set, **self._set)
        return str(answer.get("InlinePolicy", ""))

    def put_policy(self, text: str, before_each: Callable[[], None]) -> None:
        """`before_each` try it is called, and may raise."""
        self._change(
            self._sso.put_inline_policy_to_permission_set,
            before_each,
            **self._set,
            InlinePolicy=text,
        )

    def provision(self) -> Operation:
        answer = self._change(
            self._sso.provision_permission_set,
            **self._set,
            TargetType="AWS_ACCOUNT",
            TargetId=self._account,
        )
        return _operation(answer["PermissionSetProvisioningStatus"])

    def provisioning(self, request_id: str) -> Operation:
        answer = self._ask(
            self._sso.describe_permission_set_provisioning_status,
            **self._instance,
            ProvisionPermissionSetRequestId=request_id,
        )
        return _operation(answer["PermissionSetProvisioningStatus"])

    def is_behind(self) -> bool:
        """Whether the account has the permission set, and not as it is now."""
        pages = self._pages(
            self._sso.list_accounts_for_provisioned_permission_set,
            **self._set,
            ProvisioningStatus="LATEST_PERMISSION_SET_NOT_PROVISIONED",
        )
        return any(self._account in page.get("AccountIds", []) for page in pages)

    # How all of them are called.

    def _assignment(self, user_id: str) -> dict[str, str]:
        return {
            **self._set,
            "TargetId": self._account,
            "TargetType": "AWS_ACCOUNT",
            "PrincipalType": "USER",
            "PrincipalId": user_id,
        }

    def _pages(self, call: Callable[..., Any], **asked: Any) -> list[Any]:
        pages = [self._ask(call, **asked)]
        while token := pages[-1].get("NextToken"):
            pages.append(self._ask(call, **asked, NextToken=token))
        return pages

    def _ask(self, call: Callable[..., Any], **asked: Any) -> Any:
        polls = self._patience.polls()
        while True:
            try:
                return call(**asked)
            except ClientError as error:
                if not (_is_busy(error) or _is_its_fault(error)):
                    raise _refusal(error) from error
                reason = _code(error)
            except BotoCoreError as error:
                reason = type(error).__name__
            _wait(polls, reason)

    def _change(
        self, call: Callable[..., Any], before_each: Callable[[], None] | None = None, **asked: Any
    ) -> Any:
        polls = self._patience.polls()
        while True:
            self._patience.check()
            if before_each is not None:
                before_each()
            try:
                return call(**asked)
            except ClientError as error:
                if _is_its_fault(error):
                    message = f"Identity Center failed: {_code(error)}"
                    raise Unclear(message) from error
                if not _is_busy(error):
                    raise _refusal(error) from error
                reason = _code(error)
            except (ConnectTimeoutError, EndpointConnectionError) as error:
                reason = type(error).__name__  # nothing was sent
            except BotoCoreError as error:
                message = "Identity Center's answer was lost"
                raise Unclear(message) from error
            _wait(polls, reason)


def _wait(polls: Polls, reason: str) -> None:
    try:
        polls.wait()
    except OutOfTime as over:
        raise OutOfTime(reason) from over


def _operation(raw: dict[str, Any]) -> Operation:
    return Operation(
        request_id=raw["RequestId"],
        status=Status(raw["Status"]),
        reason=_printable(raw.get("FailureReason", "")),
    )


def _is_busy(error: ClientError) -> bool:
    return _code(error) in _AGAIN or (
        _code(error) == "ServiceQuotaExceededException"
        and error.operation_name == "CreateAccountAssignment"
    )


def _is_its_fault(error: ClientError) -> bool:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return bool(status >= _ITS_FAULT) or _code(error) == "InternalServerException"


def _refusal(error: ClientError) -> Exception:
    text = _printable(error.response["Error"].get("Message", ""))
    if _code(error) == "ResourceNotFoundException":
        return NotThere(text)
    return IssuerUnavailable(f"Identity Center refused {error.operation_name}: {_code(error)}: {text}")


def _code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text)[:_LONGEST_REASON]
