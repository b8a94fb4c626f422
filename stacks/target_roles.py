"""The AWS roles that the catalogue lends, as ARNs to grant on."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from aws_cdk import ArnFormat, Stack
from constructs import Construct

from pam.domain import role_limits
from pam.domain.kinds import IAM_WRITES, Need
from pam.domain.resource import Resource
from pam.domain.role_limits import revoker_role_name
from pam.policy.compiled import CompiledPolicy, PolicyError

_ANY_TIME = datetime(2026, 1, 1, tzinfo=UTC)

LEND = ("sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession")
"""What it takes to open a session of a target role."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRoles:
    """Every role by its exact ARN, in the account that the catalogue says."""

    lent: tuple[str, ...]
    revokers: tuple[str, ...]

    @classmethod
    def of_catalogue(cls, scope: Construct, policy: CompiledPolicy) -> Self:
        """Raises PolicyError for a role whose leases AWS would refuse."""
        for resource in policy.resources:
            if resource.needing(Need.LEND_ROLE):
                _check_lease(resource)
        roles = lent_roles(policy)
        return cls(
            lent=tuple(role_arn(scope, account, name) for account, name in roles),
            revokers=tuple(
                role_arn(scope, account, revoker_role_name(name)) for account, name in roles
            ),
        )


def lent_roles(policy: CompiledPolicy) -> list[tuple[str | None, str]]:
    """Account (None: PAM's own) and name of every role that the catalogue lends, each once."""
    roles = {
        (resource.issuer.get("account"), name)
        for resource in policy.resources
        for name in resource.needing(Need.LEND_ROLE)
    }
    return sorted(roles, key=lambda role: (role[0] or "", role[1]))


def _check_lease(resource: Resource) -> None:
    document = role_limits.lease_policy(
        resource.issuer["role_name"], _ANY_TIME, iam_writes=IAM_WRITES in resource.issuer
    )
    try:
        role_limits.check_size(
            document, role_limits.LONGEST_SESSION_POLICY, "the session policy of its leases"
        )
    except ValueError as error:
        message = f"{resource.resource_id}: {error}"
        raise PolicyError(message) from error


def role_arn(scope: Construct, account: str | None, name: str) -> str:
    """`account` None: that of the stack."""
    return Stack.of(scope).format_arn(
        service="iam",
        region="",
        account=account,
        resource="role",
        resource_name=name,
        arn_format=ArnFormat.SLASH_RESOURCE_NAME,
    )
