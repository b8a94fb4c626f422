"""The permission sets that the catalogue lends, as CloudTrail names their roles."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from aws_cdk import ArnFormat, Stack
from constructs import Construct

from pam.domain.kinds import IDENTITY_CENTER
from pam.domain.permission_sets import NAMES_BEGIN, RESERVED
from pam.policy.compiled import CompiledPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRole:
    """What the role of a permission set in an account, and its sessions, are called: of each the
    beginning, because Identity Center makes up the end, and begins anew now and then.
    """

    path: str
    """Of the role's ARN."""
    name: str
    session: str
    """Of a session's ARN."""

    @classmethod
    def of(cls, scope: Construct, account: str | None, permission_set: str) -> Self:
        """`account` None: that of the stack."""
        stack = Stack.of(scope)
        name = f"{NAMES_BEGIN}{permission_set}_"

        def arn(service: str, resource: str, resource_name: str) -> str:
            return stack.format_arn(
                service=service,
                region="",
                account=account,
                resource=resource,
                resource_name=resource_name,
                arn_format=ArnFormat.SLASH_RESOURCE_NAME,
            )

        return cls(
            path=arn("iam", "role", RESERVED), name=name, session=arn("sts", "assumed-role", name)
        )


def lent_permission_sets(policy: CompiledPolicy) -> list[tuple[str | None, str]]:
    """Account (None: PAM's own) and name of every permission set that the catalogue lends, once."""
    sets = {
        (resource.issuer.get("account"), resource.issuer["permission_set_name"])
        for resource in policy.resources
        if resource.issuer_kind == IDENTITY_CENTER
    }
    return sorted(sets, key=lambda each: (each[0] or "", each[1]))


def set_roles(
    scope: Construct, policy: CompiledPolicy, accounts: Sequence[str | None] | None = None
) -> tuple[SetRole, ...]:
    """Of the sets in these accounts; None: in all."""
    return tuple(
        SetRole.of(scope, account, name)
        for account, name in lent_permission_sets(policy)
        if accounts is None or account in accounts
    )
