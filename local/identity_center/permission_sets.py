"""`sso-admin`: instances, permission sets, their inline policies, and provisioning them."""

import json
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from local.aws import REGION
from local.identity_center.directory import (
    IDENTITY_STORE,
    INSTANCE,
    MANAGEMENT_ACCOUNT,
    Directory,
    PermissionSet,
    Provisioned,
)
from local.identity_center.errors import ServiceError, denied, invalid, not_found
from local.identity_center.faults import Faults
from local.identity_center.paging import page
from local.identity_center.provisioning import Provisioning
from local.identity_center.running import Kind, Running

Json = dict[str, Any]

INLINE_ROOM = 10_240
"""Characters that are no white space."""
_LATEST = "LATEST_PERMISSION_SET_PROVISIONED"


class PermissionSets:
    """A method for each operation, in snake case: the parameters and the instant; the answer."""

    def __init__(
        self, directory: Directory, faults: Faults, running: Running, provisioning: Provisioning
    ) -> None:
        self._directory, self._faults = directory, faults
        self._running, self._provisioning = running, provisioning

    def list_instances(self, params: Json, _now: datetime) -> Json:
        there = {
            "InstanceArn": INSTANCE,
            "IdentityStoreId": IDENTITY_STORE,
            "OwnerAccountId": MANAGEMENT_ACCOUNT,
            "PrimaryRegion": REGION,
            "Status": "ACTIVE",
        }
        return page(params, "Instances", [there], lambda it: it, page_size=None)

    def list_permission_sets(self, params: Json, _now: datetime) -> Json:
        return self._page(params, "PermissionSets", list(self._directory.permission_sets))

    def describe_permission_set(self, params: Json, _now: datetime) -> Json:
        found = self._set(params)
        told = {
            "Name": found.name,
            "PermissionSetArn": found.arn,
            "CreatedDate": found.made_at,
            "SessionDuration": found.session_duration,
        }
        return {"PermissionSet": told}

    def list_tags_for_resource(self, _params: Json, _now: datetime) -> Json:
        return {"Tags": []}

    def get_inline_policy_for_permission_set(self, params: Json, _now: datetime) -> Json:
        policy = self._set(params).inline_policy
        return {} if policy is None else {"InlinePolicy": policy}

    def put_inline_policy_to_permission_set(self, params: Json, _now: datetime) -> Json:
        check_policy(params["InlinePolicy"])
        self._set(params).inline_policy = params["InlinePolicy"]
        return {}

    def delete_inline_policy_from_permission_set(self, params: Json, _now: datetime) -> Json:
        found = self._set(params)
        if found.inline_policy is None:
            raise not_found("InlinePolicy", found.arn)
        found.inline_policy = None
        return {}

    def list_customer_managed_policy_references_in_permission_set(
        self, params: Json, _now: datetime
    ) -> Json:
        told = [{"Name": name, "Path": "/"} for name in self._set(params).policies]
        return self._page(params, "CustomerManagedPolicyReferences", told)

    def list_managed_policies_in_permission_set(self, params: Json, _now: datetime) -> Json:
        self._set(params)
        return {"AttachedManagedPolicies": []}

    def provision_permission_set(self, params: Json, now: datetime) -> Json:
        """What is provisioned is the set as it was when that was asked for."""
        wanted, account = self._set(params), params.get("TargetId")
        if params["TargetType"] == "AWS_ACCOUNT":
            if account is None:
                message = "TargetId is required for an AWS_ACCOUNT"
                raise invalid(message)
            if account == MANAGEMENT_ACCOUNT and not self._faults.knobs.from_management_account:
                message = "A delegated administrator has no access to the management account"
                raise denied(message)
            if (account, wanted.arn) not in self._directory.provisioned:
                raise not_found("ProvisionedPermissionSet", wanted.arn)
        begun = self._running.begin(
            Kind.PROVISIONING,
            permission_set=wanted.arn,
            account=account,
            effect=partial(self._provision, account, replace(wanted)),
            now=now,
        )
        return {"PermissionSetProvisioningStatus": begun.as_json()}

    def _provision(self, account: str | None, as_asked: PermissionSet, _at: datetime) -> None:
        for there in [account] if account else self._accounts_with(as_asked.arn):
            # An account whose last assignment went in between has no role to write to.
            if (there, as_asked.arn) in self._directory.provisioned:
                self._provisioning.give(there, as_asked)

    def describe_permission_set_provisioning_status(self, params: Json, now: datetime) -> Json:
        asked = params["ProvisionPermissionSetRequestId"]
        found = self._running.ask(Kind.PROVISIONING, asked, now)
        return {"PermissionSetProvisioningStatus": found.as_json()}

    def list_permission_set_provisioning_status(self, params: Json, _now: datetime) -> Json:
        wanted = params.get("Filter", {}).get("Status")
        found = [it.brief() for it in self._running.listed(Kind.PROVISIONING, wanted)]
        return self._page(params, "PermissionSetsProvisioningStatus", found)

    def list_accounts_for_provisioned_permission_set(self, params: Json, _now: datetime) -> Json:
        found = self._set(params)
        accounts = [it for it in self._accounts_with(found.arn) if self._asked(params, it, found)]
        return self._page(params, "AccountIds", accounts)

    def list_permission_sets_provisioned_to_account(self, params: Json, _now: datetime) -> Json:
        account = params["AccountId"]
        if account not in self._directory.accounts:
            raise not_found("Account", account)
        sets = [
            it.arn
            for it in self._directory.permission_sets.values()
            if (account, it.arn) in self._directory.provisioned and self._asked(params, account, it)
        ]
        return self._page(params, "PermissionSets", sets)

    def _asked(self, params: Json, account: str, found: PermissionSet) -> bool:
        wanted = params.get("ProvisioningStatus")
        given = self._directory.provisioned[account, found.arn]
        is_latest = given == Provisioned.of(found, given.role_name)
        return wanted is None or is_latest == (wanted == _LATEST)

    def _accounts_with(self, permission_set: str) -> list[str]:
        return sorted(
            account for account, given in self._directory.provisioned if given == permission_set
        )

    def _set(self, params: Json) -> PermissionSet:
        return self._directory.set_of(params["PermissionSetArn"])

    def _page(self, params: Json, name: str, found: list[Any]) -> Json:
        size = self._faults.knobs.page_size
        return page(params, name, found, lambda it: it, page_size=size)


def check_policy(text: str) -> None:
    """Raises ServiceError."""
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict) or not isinstance(document.get("Statement"), list | dict):
        message = "The policy document is malformed"
        raise invalid(message)
    if len("".join(text.split())) > INLINE_ROOM:
        message = f"The inline policy may have {INLINE_ROOM} characters"
        raise ServiceError("ServiceQuotaExceededException", message)
