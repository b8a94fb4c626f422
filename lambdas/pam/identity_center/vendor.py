"""The calls of `sso-admin` and `identitystore` that PAM makes, and what they answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pam.domain.resource import Target
from pam.identity_center.asking import Asking, printable
from pam.identity_center.patience import Patience

_AN_HOUR = frozenset({"PT1H", "PT60M", "PT3600S"})


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
class User:
    user_id: str
    """As Identity Center spells it."""
    name: str
    enabled: bool
    """What does not say that it is enabled is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """Who is assigned the permission set in the account. Ids."""

    users: frozenset[str]
    groups: frozenset[str]


class Vendor:
    """Identity Center, as far as one target is concerned. Raises IssuerUnavailable, NotThere and
    OutOfTime; every call that changes something also Unclear.
    """

    def __init__(
        self, sso_admin: Any, identity_store: Any, target: Target, patience: Patience
    ) -> None:
        self._sso = sso_admin
        self._store = identity_store
        self._asking = Asking(patience)
        self._instance: dict[str, Any] = {"InstanceArn": target.names["instance"]}
        permission_set = target.names["permission_set"]
        self._set: dict[str, Any] = {**self._instance, "PermissionSetArn": permission_set}
        self._account = target.account
        self._directory = {"IdentityStoreId": target.settings.get("identity_store", "")}

    # People.

    def user_id(self, user_name: str) -> str:
        name = {"AttributePath": "userName", "AttributeValue": user_name}
        answer = self._asking.ask(
            self._store.get_user_id,
            **self._directory,
            AlternateIdentifier={"UniqueAttribute": name},
        )
        return str(answer["UserId"])

    def user(self, user_id: str) -> User:
        found = self._asking.ask(self._store.describe_user, **self._directory, UserId=user_id)
        return User(
            user_id=str(found.get("UserId", "")),
            name=str(found.get("UserName", "")),
            enabled=found.get("UserStatus") == "ENABLED",
        )

    def groups_of(self, user_id: str) -> frozenset[str]:
        found = self._asking.listed(
            self._store.list_group_memberships_for_member,
            "GroupMemberships",
            **self._directory,
            MemberId={"UserId": user_id},
        )
        return frozenset(it["GroupId"] for it in found)

    # Assignments.

    def assigned(self) -> Assigned:
        found = self._asking.listed(
            self._sso.list_account_assignments,
            "AccountAssignments",
            **self._set,
            AccountId=self._account,
        )

        def of(kind: str) -> frozenset[str]:
            return frozenset(it["PrincipalId"] for it in found if it["PrincipalType"] == kind)

        return Assigned(users=of("USER"), groups=of("GROUP"))

    def create(self, user_id: str) -> Operation:
        answer = self._asking.change(
            self._sso.create_account_assignment, **self._assignment(user_id)
        )
        return _operation(answer["AccountAssignmentCreationStatus"])

    def creation(self, request_id: str) -> Operation:
        answer = self._asking.ask(
            self._sso.describe_account_assignment_creation_status,
            **self._instance,
            AccountAssignmentCreationRequestId=request_id,
        )
        return _operation(answer["AccountAssignmentCreationStatus"])

    def running_creation(self, user_id: str) -> Operation | None:
        """One that is under way for this user and target, whoever asked for it."""
        found = self._asking.listed(
            self._sso.list_account_assignment_creation_status,
            "AccountAssignmentsCreationStatus",
            **self._instance,
            Filter={"Status": Status.IN_PROGRESS.value},
        )
        for each in found:
            raw = self._asking.ask(
                self._sso.describe_account_assignment_creation_status,
                **self._instance,
                AccountAssignmentCreationRequestId=each["RequestId"],
            )["AccountAssignmentCreationStatus"]
            asked = {name: raw.get(name) for name in self._assignment(user_id)}
            if asked | self._instance == self._assignment(user_id):
                return _operation(raw)
        return None

    def delete(self, user_id: str) -> Operation:
        answer = self._asking.change(
            self._sso.delete_account_assignment, **self._assignment(user_id)
        )
        return _operation(answer["AccountAssignmentDeletionStatus"])

    def deletion(self, request_id: str) -> Operation:
        answer = self._asking.ask(
            self._sso.describe_account_assignment_deletion_status,
            **self._instance,
            AccountAssignmentDeletionRequestId=request_id,
        )
        return _operation(answer["AccountAssignmentDeletionStatus"])

    # The permission set.

    def fault_of_set(self, name: str) -> str:
        """Why nobody can be assigned it by PAM; empty if they can."""
        found = self._asking.ask(self._sso.describe_permission_set, **self._set)["PermissionSet"]
        return fault_of_set(found, name)

    def policy(self) -> str:
        answer = self._asking.ask(self._sso.get_inline_policy_for_permission_set, **self._set)
        return str(answer.get("InlinePolicy", ""))

    def policy_at_a_glance(self) -> str | None:
        """As `policy`, by one try: None if that is not answered."""
        return self._asking.glance(
            lambda: str(
                self._sso.get_inline_policy_for_permission_set(**self._set).get("InlinePolicy", "")
            )
        )

    def put_policy(self, text: str, before_each: Callable[[], None]) -> None:
        """`before_each` try it is called, and may raise."""
        self._asking.change(
            self._sso.put_inline_policy_to_permission_set,
            before_each=before_each,
            **self._set,
            InlinePolicy=text,
        )

    def provision(self) -> Operation:
        answer = self._asking.change(
            self._sso.provision_permission_set,
            **self._set,
            TargetType="AWS_ACCOUNT",
            TargetId=self._account,
        )
        return _operation(answer["PermissionSetProvisioningStatus"])

    def provisioning(self, request_id: str) -> Operation:
        answer = self._asking.ask(
            self._sso.describe_permission_set_provisioning_status,
            **self._instance,
            ProvisionPermissionSetRequestId=request_id,
        )
        return _operation(answer["PermissionSetProvisioningStatus"])

    def is_behind(self) -> bool:
        """Whether the account has the permission set, and not as it is now."""
        return self._account in self._asking.listed(
            self._sso.list_accounts_for_provisioned_permission_set,
            "AccountIds",
            **self._set,
            ProvisioningStatus="LATEST_PERMISSION_SET_NOT_PROVISIONED",
        )

    def _assignment(self, user_id: str) -> dict[str, Any]:
        return {
            **self._set,
            "TargetId": self._account,
            "TargetType": "AWS_ACCOUNT",
            "PrincipalType": "USER",
            "PrincipalId": user_id,
        }


def fault_of_set(found: Mapping[str, Any], name: str) -> str:
    """The same, by how Identity Center describes the permission set."""
    if found.get("Name") != name:
        return f"the permission set is not called {name}: correct it in the catalogue"
    if found.get("SessionDuration") not in _AN_HOUR:
        return f"the permission set {name} gives sessions of another length: set it to PT1H"
    return ""


def _operation(raw: dict[str, Any]) -> Operation:
    return Operation(
        request_id=raw["RequestId"],
        status=Status(raw["Status"]),
        reason=printable(raw.get("FailureReason", "")),
    )
