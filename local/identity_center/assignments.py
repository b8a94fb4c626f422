"""`sso-admin`: who is assigned which permission set in which account."""

from datetime import datetime
from functools import partial
from typing import Any

from local.identity_center.directory import (
    MANAGEMENT_ACCOUNT,
    Assignment,
    Directory,
    Principal,
    PrincipalType,
)
from local.identity_center.errors import conflict, denied, not_found
from local.identity_center.faults import Faults
from local.identity_center.paging import page
from local.identity_center.provisioning import Provisioning
from local.identity_center.running import Effect, FailedError, Kind, Running

Json = dict[str, Any]

_NO_PRINCIPAL = "Received a 404 status error: Not supported principalId"
_NO_ASSIGNMENT = "Received a 404 status error: there is no such assignment"


class Assignments:
    """A method for each operation, in snake case: the parameters and the instant; the answer."""

    def __init__(
        self, directory: Directory, faults: Faults, running: Running, provisioning: Provisioning
    ) -> None:
        self._directory, self._faults = directory, faults
        self._running, self._provisioning = running, provisioning

    def create_account_assignment(self, params: Json, now: datetime) -> Json:
        who, account, permission_set = self._triple(params)
        if not self._directory.knows(who):
            raise not_found(who.type, who.id)
        standing = self._directory.standing(who, account, permission_set)
        if standing is not None and self._faults.knobs.existing == "conflict":
            message = "The assignment exists already"
            raise conflict(message)

        effect = partial(self._provisioning.assign, who, account, permission_set)
        return self._begun(Kind.CREATION, params, effect, now)

    def delete_account_assignment(self, params: Json, now: datetime) -> Json:
        who, account, permission_set = self._triple(params)
        knobs = self._faults.knobs
        if self._directory.standing(who, account, permission_set) is None:
            if knobs.missing == "not_found":
                raise not_found("Assignment", who.id)
            return self._begun(Kind.DELETION, params, self._end_of_nothing, now)

        effect = partial(self._unassign, who, account, permission_set)
        return self._begun(Kind.DELETION, params, effect, now)

    def describe_account_assignment_creation_status(self, params: Json, now: datetime) -> Json:
        asked = params["AccountAssignmentCreationRequestId"]
        found = self._running.ask(Kind.CREATION, asked, now)
        return {"AccountAssignmentCreationStatus": found.as_json()}

    def describe_account_assignment_deletion_status(self, params: Json, now: datetime) -> Json:
        asked = params["AccountAssignmentDeletionRequestId"]
        found = self._running.ask(Kind.DELETION, asked, now)
        return {"AccountAssignmentDeletionStatus": found.as_json()}

    def list_account_assignment_creation_status(self, params: Json, _now: datetime) -> Json:
        return self._statuses(Kind.CREATION, "AccountAssignmentsCreationStatus", params)

    def list_account_assignment_deletion_status(self, params: Json, _now: datetime) -> Json:
        return self._statuses(Kind.DELETION, "AccountAssignmentsDeletionStatus", params)

    def list_account_assignments(self, params: Json, now: datetime) -> Json:
        account, permission_set = params["AccountId"], params["PermissionSetArn"]
        self._needs_account(account)
        self._directory.set_of(permission_set)
        found = [
            it
            for it in self._listed(now)
            if (it.account, it.permission_set) == (account, permission_set)
        ]
        return page(
            params, "AccountAssignments", found, _told, page_size=self._faults.knobs.page_size
        )

    def list_account_assignments_for_principal(self, params: Json, now: datetime) -> Json:
        """Of a user, what comes by groups as well; the principal of each is the one assigned."""
        if not self._faults.knobs.from_management_account:
            message = "This action must be called from the management account"
            raise denied(message)
        who = Principal(type=PrincipalType(params["PrincipalType"]), id=params["PrincipalId"])
        if not self._directory.knows(who):
            raise not_found(who.type, who.id)
        is_user = who.type is PrincipalType.USER
        principals = list(self._directory.principals_of(who.id)) if is_user else [who]
        account = params.get("Filter", {}).get("AccountId")
        found = [
            it
            for it in self._listed(now)
            if it.principal in principals and account in {None, it.account}
        ]
        return page(
            params, "AccountAssignments", found, _told, page_size=self._faults.knobs.page_size
        )

    def _begun(self, kind: Kind, params: Json, effect: Effect, now: datetime) -> Json:
        who, account, permission_set = self._triple(params)
        begun = self._running.begin(
            kind,
            permission_set=permission_set,
            account=account,
            principal=who,
            effect=effect,
            now=now,
        )
        word = "Creation" if kind is Kind.CREATION else "Deletion"
        return {f"AccountAssignment{word}Status": begun.as_json()}

    def _unassign(self, who: Principal, account: str, permission_set: str, at: datetime) -> None:
        if not self._directory.knows(who) and self._faults.knobs.deleted_principal == "fails":
            raise FailedError(_NO_PRINCIPAL)
        self._provisioning.unassign(who, account, permission_set, at)

    def _end_of_nothing(self, _now: datetime) -> None:
        if self._faults.knobs.missing == "fails":
            raise FailedError(_NO_ASSIGNMENT)

    def _triple(self, params: Json) -> tuple[Principal, str, str]:
        account, permission_set = params["TargetId"], params["PermissionSetArn"]
        if account == MANAGEMENT_ACCOUNT and not self._faults.knobs.from_management_account:
            message = "A delegated administrator has no access to the management account"
            raise denied(message)
        self._needs_account(account)
        self._directory.set_of(permission_set)
        who = Principal(type=PrincipalType(params["PrincipalType"]), id=params["PrincipalId"])
        return who, account, permission_set

    def _needs_account(self, account: str) -> None:
        if account not in self._directory.accounts:
            raise not_found("Account", account)

    def _listed(self, now: datetime) -> list[Assignment]:
        return self._directory.listed(now, self._faults.knobs.listing_lag)

    def _statuses(self, kind: Kind, name: str, params: Json) -> Json:
        found = self._running.listed(kind, params.get("Filter", {}).get("Status"))
        return page(
            params, name, found, lambda it: it.brief(), page_size=self._faults.knobs.page_size
        )


def _told(assignment: Assignment) -> Json:
    return {
        "AccountId": assignment.account,
        "PermissionSetArn": assignment.permission_set,
        "PrincipalType": assignment.principal.type,
        "PrincipalId": assignment.principal.id,
    }
