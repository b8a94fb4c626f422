"""Access at IAM Identity Center: two functions, each with one of the two powers there."""

from collections.abc import Mapping, Sequence

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from pam.domain.kinds import IDENTITY_CENTER
from pam.domain.partitions import partition_of
from pam.names import Table
from pam.policy.compiled import CompiledPolicy
from pam.settings import IdentityCenterSettings, IssueIdentityCenterSettings
from stacks.acknowledgments import acknowledge
from stacks.function_platform import FunctionPlatform
from stacks.proof_keys import ProofKeys
from stacks.vendor_config import IdentityCenterConfig
from stacks.vendor_functions import VendorFunctions
from stacks.wide_rights import allow_on_each

SEE = (
    "sso:DescribeAccountAssignmentCreationStatus",
    "sso:DescribePermissionSet",
    "sso:DescribePermissionSetProvisioningStatus",
    "sso:GetInlinePolicyForPermissionSet",
    "sso:ListAccountAssignmentCreationStatus",
    "sso:ListAccountAssignments",
    "sso:ListAccountsForProvisionedPermissionSet",
)
"""What both have to read: whether a set is as PAM left it, who is assigned, and whether somebody is
just being assigned: an end waits for that.
"""
KEEP_OUT = ("sso:ProvisionPermissionSet", "sso:PutInlinePolicyToPermissionSet")
"""Both write what keeps people out: a start arms the end before there is access."""
ISSUE = (*SEE, *KEEP_OUT, "sso:CreateAccountAssignment")
REVOKE = (
    *SEE,
    *KEEP_OUT,
    "sso:DeleteAccountAssignment",
    "sso:DescribeAccountAssignmentDeletionStatus",
)
FIND_PEOPLE = (
    "identitystore:DescribeUser",
    "identitystore:GetUserId",
    "identitystore:ListGroupMembershipsForMember",
)
"""Whoever makes access; an end goes by what was noted, and looks for nobody."""


class IdentityCenter(VendorFunctions):
    """Neither can make a permission set, nor touch one that the catalogue does not lend. Where the
    deployment names roles of the account that administers the instance, the functions may take
    these, and have no right there of their own.
    """

    kind, table = IDENTITY_CENTER, Table.IDENTITY_CENTER

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        platform: FunctionPlatform,
        proof_keys: ProofKeys,
        policy: CompiledPolicy,
        config: IdentityCenterConfig,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            platform=platform,
            proof_keys=proof_keys,
            vendor={
                "identity_center_region": config.region or platform.config.region,
                "identity_center_user_name": config.user_name,
                "identity_center_url": config.endpoint_url,
            },
            issuing=IssueIdentityCenterSettings,
            issuer={"identity_center_role": config.issuer_role},
            revoking=IdentityCenterSettings,
            revoker={"identity_center_role": config.revoker_role},
        )
        partition = partition_of(platform.config.region)
        lent = [each.issuer for each in policy.resources if each.issuer_kind == IDENTITY_CENTER]
        for function, role_arn, actions in (
            (self.issue, config.issuer_role, ISSUE),
            (self.revoke, config.revoker_role, REVOKE),
        ):
            if role_arn:
                function.function.allow_only_here("sts:AssumeRole", on=[role_arn])
            else:
                _allow(function.role, actions, lent, Stack.of(self).account, partition)
        if lent and not config.issuer_role:
            _allow_to_find_people(self.issue.role, lent, partition)


def _allow(
    role: iam.IRole,
    actions: tuple[str, ...],
    lent: Sequence[Mapping[str, str]],
    own_account: str,
    partition: str,
) -> None:
    accounts = {each.get("account", own_account) for each in lent}
    things = {each[name] for each in lent for name in ("instance", "permission_set")}
    things |= {f"arn:{partition}:sso:::account/{account}" for account in accounts}
    if lent:
        allow_on_each(role, "Assignments", actions=actions, resources=sorted(things))


def _allow_to_find_people(
    role: iam.IRole, lent: Sequence[Mapping[str, str]], partition: str
) -> None:
    stores = {each["identity_store"] for each in lent}
    # The store belongs to the organisation's management account, which nothing here knows.
    people = [f"arn:{partition}:identitystore::*:identitystore/{store}" for store in sorted(stores)]
    people += [f"arn:{partition}:identitystore:::{each}/*" for each in ("membership", "user")]
    allow_on_each(role, "People", actions=FIND_PEOPLE, resources=people)
    for each in people:
        acknowledge(
            role,
            f"AwsSolutions-IAM5[Resource::{each}]",
            "Reads who somebody is in the one identity store: users are known by ids that nobody "
            "here chooses, and the store's account is that of the organisation's management.",
        )
