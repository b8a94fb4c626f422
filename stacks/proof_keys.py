"""The keys of PAM's proofs: one for each maker, with which one function signs and few verify."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from pam.domain.proofs import Maker
from stacks.key_administration import delegated_to_iam


class ProofKeys(Construct):
    """HMAC keys. Their policies hand the account's IAM their administration and never their use: a
    role that is not named here makes and verifies no proof, whatever its own policies say. Nor can
    one be named by a KMS grant: `CreateGrant` is nobody's.

    Not retained with the data: a proof is asked for while its session is open, and never after.
    Where PAM is not in Slack, there is no key for what would come by it.
    """

    def __init__(self, scope: Construct, construct_id: str, *, env_name: str, slack: bool) -> None:
        super().__init__(scope, construct_id)
        self._keys = {
            maker: kms.Key(
                self,
                maker.value.title(),
                description=f"PAM (MOD-046) {env_name}: proofs by the {maker.value}",
                alias=f"alias/pam-{env_name}-proof-{maker.value}",
                key_usage=kms.KeyUsage.GENERATE_VERIFY_MAC,
                key_spec=kms.KeySpec.HMAC_256,
                pending_window=Duration.days(30),
                removal_policy=RemovalPolicy.DESTROY,
                policy=delegated_to_iam(destruction=True, sid="AccountAdministersByIam"),
            )
            for maker in Maker
            if slack or maker is not Maker.SLACK
        }

    def arn(self, maker: Maker) -> str:
        """Empty where there is none: then nothing is this maker's."""
        return self._keys[maker].key_arn if maker in self._keys else ""

    def settings(self) -> dict[str, str]:
        """Of a function that tells the proofs of all makers: which key is whose."""
        return {f"{maker}_key_arn": self.arn(maker) for maker in Maker}

    def grant_make(self, role: iam.IRole, maker: Maker) -> None:
        """Sign as this maker, and tell nothing."""
        self._grant(role, maker, "kms:GenerateMac")

    def grant_tell(self, role: iam.IRole, *makers: Maker) -> None:
        """Tell the proofs of these (of all, if none is named), and make none."""
        for maker in makers or tuple(self._keys):
            self._grant(role, maker, "kms:VerifyMac")

    def _grant(self, role: iam.IRole, maker: Maker, action: str) -> None:
        key = self._keys[maker]
        role.add_to_principal_policy(iam.PolicyStatement(actions=[action], resources=[key.key_arn]))
        key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ArnPrincipal(role.role_arn)], actions=[action], resources=["*"]
            )
        )
