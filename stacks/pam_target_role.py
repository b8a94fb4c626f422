"""For the team that lends a role: the role, and the companion that can take it back."""

from collections.abc import Mapping, Sequence

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from pam.domain import role_limits
from pam.domain.role_limits import POLICY_PATH, boundary_name, revoker_role_name
from pam.names import (
    SESSION_TAG,
    activator_role_name,
    issuer_role_name,
    revocation_role_name,
)
from stacks.acknowledgments import INLINE_POLICY, acknowledge, acknowledge_nist
from stacks.escape_hatch import resource_of
from stacks.tags import tag_roles_as_owned


class PamTargetRole(Construct):
    """A role that people reach through PAM and in no other way.

    Works in PAM's own account and in any other (`pam_account`). Only PAM's credential issuer and
    its activator, which sees that the role can be lent, may assume it, and only in a session that
    carries a source identity and the session tag: without those, a single session could neither be
    told apart in CloudTrail nor ended.

    Rights come as managed policies. All of the role's inline quota (10,240 characters) belongs to
    revocation: the companion role writes one deny for each session that ends while a credential of
    it lives, and removes what others keep there if that takes the room.

    A permissions boundary binds every session, whatever its session policy says: nothing of STS,
    and no change to IAM. `iam_writes`, as in the catalogue, is for a role whose purpose is IAM: it
    may not change what is PAM's own. `docs/roles.md` has the boundary for a role made otherwise.

    `role_name` is as in the catalogue, with its path if it has one (`team/ledger-admin`); the
    companion has the same path.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        role_name: str,
        env_name: str,
        statements: Sequence[iam.PolicyStatement] = (),
        managed_policies: Sequence[iam.IManagedPolicy] = (),
        pam_account: str | None = None,
        description: str = "Lent by PAM (MOD-046)",
        iam_writes: bool = False,
    ) -> None:
        super().__init__(scope, construct_id)
        before, _, name = role_name.rpartition("/")
        path = f"/{before}/" if before else None
        issuer = self._pam_role(pam_account, issuer_role_name(env_name))
        activator = self._pam_role(pam_account, activator_role_name(env_name))
        self.role = iam.Role(
            self,
            "Role",
            role_name=name,
            path=path,
            description=description,
            assumed_by=issuer,
            # A chained session cannot be longer, so no other way in should be either.
            max_session_duration=Duration.hours(1),
            managed_policies=list(managed_policies),
            permissions_boundary=self._boundary(role_name, iam_writes=iam_writes),
        )
        _set_trust(self.role, _target_trust(issuer, activator))
        if statements:
            iam.ManagedPolicy(
                self,
                "Rights",
                description=f"What {role_name} may do",
                path=POLICY_PATH,
                statements=list(statements),
                roles=[self.role],
            )
        revocation = self._pam_role(pam_account, revocation_role_name(env_name))
        self.revoker = iam.Role(
            self,
            "Revoker",
            role_name=revoker_role_name(name),
            path=path,
            description=f"Ends sessions of {role_name} early, for PAM (MOD-046)",
            assumed_by=revocation,
            max_session_duration=Duration.hours(1),
        )
        self.revoker.add_to_policy(
            iam.PolicyStatement(
                actions=[
                    "iam:DeleteRolePolicy",
                    "iam:GetRolePolicy",
                    "iam:ListRolePolicies",
                    "iam:PutRolePolicy",
                ],
                resources=[self.role.role_arn],
            )
        )
        # To see that the boundary is still the role's, and still says what it did.
        self.revoker.add_to_policy(
            iam.PolicyStatement(actions=["iam:GetRole"], resources=[self.role.role_arn])
        )
        self.revoker.add_to_policy(
            iam.PolicyStatement(
                actions=["iam:GetPolicy", "iam:GetPolicyVersion"], resources=[self.boundary.ref]
            )
        )
        acknowledge_nist(self.revoker, INLINE_POLICY)
        tag_roles_as_owned(self)

    def _boundary(self, role_name: str, *, iam_writes: bool) -> iam.IManagedPolicy:
        """To the letter: the search compares it, and the construct library would rewrite it."""
        document = role_limits.boundary(role_name, iam_writes=iam_writes)
        role_limits.check_size(
            document, role_limits.LONGEST_BOUNDARY, f"the permissions boundary of {role_name}"
        )
        self.boundary = iam.CfnManagedPolicy(
            self,
            "Boundary",
            managed_policy_name=boundary_name(role_name),
            path=POLICY_PATH,
            description=f"What no session of {role_name} may do, whatever else it may",
            policy_document=document,
        )
        for finding in ("Action::*", "Resource::*"):
            acknowledge(
                self.boundary,
                f"AwsSolutions-IAM5[{finding}]",
                "A boundary grants nothing: it leaves all but what it denies to the role's rights.",
            )
        return iam.ManagedPolicy.from_managed_policy_arn(self, "Bound", self.boundary.ref)

    def _pam_role(self, pam_account: str | None, name: str) -> iam.ArnPrincipal:
        arn = Stack.of(self).format_arn(
            service="iam",
            region="",
            account=pam_account,
            resource="role",
            resource_name=name,
            arn_format=ArnFormat.SLASH_RESOURCE_NAME,
        )
        return iam.ArnPrincipal(arn)


def _target_trust(*trusted: iam.IPrincipal) -> iam.PolicyDocument:
    """One statement an action, since each action knows only its own condition keys."""
    tagged = {f"aws:RequestTag/{SESSION_TAG}": "?*"}
    identified = {"sts:SourceIdentity": "?*"}
    return iam.PolicyDocument(
        statements=[
            _trust(trusted, "sts:AssumeRole", tagged | identified),
            _trust(trusted, "sts:TagSession", tagged),
            _trust(trusted, "sts:SetSourceIdentity", identified),
        ]
    )


def _trust(
    trusted: Sequence[iam.IPrincipal], action: str, required: Mapping[str, str]
) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        principals=list(trusted), actions=[action], conditions={"StringLike": dict(required)}
    )


def _set_trust(role: iam.Role, trust: iam.PolicyDocument) -> None:
    """The whole trust policy: the construct library would keep a bare AssumeRole beside it."""
    resource = resource_of(role, iam.CfnRole)
    resource.assume_role_policy_document = trust
