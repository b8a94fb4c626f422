"""Who may knock at the request API at all: its resource policy, made from the identities file.

The name of a role says nothing about who made it, and the ARN that signs has no path. IAM's own
`aws:PrincipalArn` has one: the ARN of the role behind the session. Only Identity Center makes roles
under the reserved path, so a role of the right name made by hand is refused here, before PAM reads
its name. Whom PAM takes the caller for, and what they may do, the function decides as ever.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from pam.policy.compiled import CompiledPolicy
from stacks.aws_quotas import Quota, size

_AN_ACCOUNT = "?" * 12
"""Twelve characters and no more: paths may have colons in them, and `*` would take
`user/a:role/aws-reserved/...` for an account.
"""
_RESERVED = f"iam::{_AN_ACCOUNT}:role/aws-reserved/sso.amazonaws.com/*"
"""With the region of the directory below it, where that is not us-east-1."""
_CALLS = "execute-api:/*"
"""API Gateway writes the API's ARN for it."""
_EXPANDED = "arn:{partition}:execute-api:{region}:" + "0" * 12 + ":" + "a" * 10 + "/*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Knocking:
    """`accounts` are those from which people and services call; `users` and `services` (roles) are
    ARNs, with paths.
    """

    partition: str
    accounts: tuple[str, ...]
    users: tuple[str, ...]
    by_permission_set: bool
    services: tuple[str, ...] = ()

    @classmethod
    def listed(cls, policy: CompiledPolicy, partition: str) -> Self:
        """Everybody in the identities file who signs with AWS credentials, and every service."""
        users = {
            f"arn:{partition}:iam::{account}:user/{identity.user}"
            for identity in policy.identities
            if identity.user
            for account in identity.accounts
        }
        services = {
            f"arn:{partition}:iam::{each.account}:role/{each.role}" for each in policy.services
        }
        people_from = {account for each in policy.identities for account in each.accounts}
        services_from = {each.account for each in policy.services}
        return cls(
            partition=partition,
            accounts=tuple(sorted(people_from | services_from)),
            users=tuple(sorted(users)),
            by_permission_set=any(each.permission_set for each in policy.identities),
            services=tuple(sorted(services)),
        )

    def document(self, own_account: str, calls: str = _CALLS) -> dict[str, Any]:
        """The policy. `own_account` is the API's, or a reference to it.

        It allows nothing to the API's own account: there an Allow here would do without one of the
        caller's own. Across accounts AWS wants both, so others are allowed; what they may call
        their own policies say. Both refusals are explicit, and hold where a key is missing.
        """
        others = [account for account in self.accounts if account != own_account]
        allow = {
            "Sid": "OtherAccountsByTheirOwnPolicies",
            "Effect": "Allow",
            "Condition": {"StringNotEquals": {"aws:PrincipalAccount": own_account}},
        }
        unlisted: dict[str, Any] = {"Sid": "NobodyUnlisted", "Effect": "Deny"}
        if self.accounts:
            # Where nobody is listed, nobody is let in: without a condition it binds everybody.
            unlisted["Condition"] = self._unlisted()
        elsewhere = {
            "Sid": "NoOtherAccount",
            "Effect": "Deny",
            "Condition": {"StringNotEquals": {"aws:PrincipalAccount": list(self.accounts)}},
        }
        refuse = [unlisted, *([elsewhere] if self.accounts else [])]
        about: dict[str, Any] = {
            "Principal": {"AWS": "*"},
            "Action": "execute-api:Invoke",
            "Resource": calls,
        }
        statements = [*([allow] if others else []), *refuse]
        return {"Version": "2012-10-17", "Statement": [about | each for each in statements]}

    def check_size(self, *, region: str) -> None:
        """Raises QuotaError."""
        expanded = _EXPANDED.format(partition=self.partition, region=region)
        Quota.API_POLICY.check(
            size(self.document("0" * 12, expanded)),
            of=(
                f"the policy of the request API, with {len(self.accounts)} accounts and "
                f"{len(self.users)} IAM users and {len(self.services)} services of the identities "
                "file"
            ),
        )

    def _unlisted(self) -> Mapping[str, Any]:
        """IAM has no two users (and no two roles) whose names differ in case only. PAM folds those
        of users.
        """
        refused: dict[str, Any] = {}
        if self.by_permission_set:
            refused["StringNotLike"] = {"aws:PrincipalArn": f"arn:{self.partition}:{_RESERVED}"}
        if self.users or self.services:
            exact = [_literally(arn) for arn in (*self.users, *self.services)]
            refused["StringNotEqualsIgnoreCase"] = {"aws:PrincipalArn": exact}
        return refused


def _literally(arn: str) -> str:
    """A path may have what IAM would take for a variable."""
    return arn.replace("${", "${$}{")
