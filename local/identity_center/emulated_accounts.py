"""The stack's account in the emulator: real roles of permission sets, with real policies."""

import json
from contextlib import suppress
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.aws import ACCOUNT, root_client
from local.identity_center.accounts import AccountsError, Keys
from local.identity_center.directory import Provisioned
from local.people import RESERVED_PATH

CONTEXT_PROVIDER = "arn:aws:iam::aws:contextProvider/IdentityCenter"
INLINE_POLICY = "AwsSSOInlinePolicy"
_ROOT = f"arn:aws:iam::{ACCOUNT}:root"
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            # In AWS it is the account's SAML provider, which the emulator has none of.
            "Effect": "Allow",
            "Principal": {"AWS": _ROOT},
            "Action": ["sts:AssumeRole", "sts:SetContext"],
            "Condition": {"ArnEquals": {"aws:PrincipalArn": _ROOT}},
        }
    ],
}


class EmulatedAccounts:
    """Acts as the emulator's root, as Identity Center acts by its service-linked role."""

    def __init__(self, endpoint: str) -> None:
        self._iam = root_client("iam", endpoint)
        self._sts = root_client("sts", endpoint)

    def provision(self, account: str, wanted: Provisioned) -> None:
        _needs_ours(account)
        try:
            self._provision(wanted)
        except (BotoCoreError, ClientError) as error:
            raise AccountsError(str(error)) from error

    def remove(self, account: str, role_name: str) -> None:
        _needs_ours(account)
        try:
            with suppress(self._iam.exceptions.NoSuchEntityException):
                self._empty(role_name)
                self._iam.delete_role(RoleName=role_name)
        except (BotoCoreError, ClientError) as error:
            raise AccountsError(str(error)) from error

    def assume(self, account: str, role_name: str, *, user_name: str, user_id: str) -> Keys:
        _needs_ours(account)
        try:
            role = self._iam.get_role(RoleName=role_name)["Role"]
            given = self._sts.assume_role(
                RoleArn=role["Arn"],
                RoleSessionName=user_name,
                DurationSeconds=role["MaxSessionDuration"],
                ProvidedContexts=[
                    {"ProviderArn": CONTEXT_PROVIDER, "ContextAssertion": user_id},
                ],
            )["Credentials"]
        except (BotoCoreError, ClientError) as error:
            raise AccountsError(str(error)) from error
        return Keys(
            access_key_id=given["AccessKeyId"],
            secret_access_key=given["SecretAccessKey"],
            session_token=given["SessionToken"],
        )

    def _provision(self, wanted: Provisioned) -> None:
        """The deny first, so that no right is there without it."""
        name, seconds = wanted.role_name, _seconds(wanted.session_duration)
        arns = {f"arn:aws:iam::{ACCOUNT}:policy/{policy}" for policy in wanted.policies}
        for arn in arns:
            # The emulator would attach what is not there.
            self._iam.get_policy(PolicyArn=arn)
        with suppress(self._iam.exceptions.EntityAlreadyExistsException):
            self._iam.create_role(
                RoleName=name,
                Path=RESERVED_PATH,
                AssumeRolePolicyDocument=json.dumps(_TRUST),
                MaxSessionDuration=seconds,
            )
        self._iam.update_role(RoleName=name, MaxSessionDuration=seconds)
        if wanted.inline_policy is None:
            with suppress(self._iam.exceptions.NoSuchEntityException):
                self._iam.delete_role_policy(RoleName=name, PolicyName=INLINE_POLICY)
        else:
            self._iam.put_role_policy(
                RoleName=name, PolicyName=INLINE_POLICY, PolicyDocument=wanted.inline_policy
            )
        attached = self._attached(name)
        for arn in sorted(arns - attached):
            self._iam.attach_role_policy(RoleName=name, PolicyArn=arn)
        for arn in sorted(attached - arns):
            self._iam.detach_role_policy(RoleName=name, PolicyArn=arn)

    def _empty(self, name: str) -> None:
        for policy in self._iam.list_role_policies(RoleName=name)["PolicyNames"]:
            self._iam.delete_role_policy(RoleName=name, PolicyName=policy)
        for arn in self._attached(name):
            self._iam.detach_role_policy(RoleName=name, PolicyArn=arn)

    def _attached(self, name: str) -> set[str]:
        listed: list[dict[str, Any]] = self._iam.list_attached_role_policies(RoleName=name)[
            "AttachedPolicies"
        ]
        return {it["PolicyArn"] for it in listed}


def _needs_ours(account: str) -> None:
    if account != ACCOUNT:
        message = f"the emulator has the account {ACCOUNT} alone, not {account}"
        raise AccountsError(message)


def _seconds(duration: str) -> int:
    return int(duration.removeprefix("PT").removesuffix("H")) * 3600
