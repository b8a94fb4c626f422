"""Keys that sign: their private half never leaves KMS."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from stacks.escape_hatch import resource_of
from stacks.keeping import Keeping
from stacks.key_administration import delegated_to_iam

ECDSA_P256 = "ECC_NIST_P256"
ED25519 = "ECC_NIST_EDWARDS25519"

_USE = ("kms:GetPublicKey", "kms:Sign", "kms:Verify")


class SigningKey(Construct):
    """Use and administration lie with the account's IAM, in named actions; not its destruction,
    where data is protected: what it signed could still be checked, but nothing could be added.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        spec: str,
        alias: str,
        description: str,
        keeping: Keeping,
    ) -> None:
        super().__init__(scope, construct_id)
        self.key = kms.Key(
            self,
            "Key",
            description=description,
            alias=f"alias/{alias}",
            key_usage=kms.KeyUsage.SIGN_VERIFY,
            key_spec=kms.KeySpec.ECC_NIST_P256,
            removal_policy=keeping.removal_policy,
            policy=delegated_to_iam(use=_USE, destruction=not keeping.protected),
        )
        # The construct library does not know every kind of key yet.
        resource_of(self.key, kms.CfnKey).key_spec = spec

    def grant_sign(self, role: iam.IRole) -> None:
        role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=["kms:GetPublicKey", "kms:Sign"], resources=[self.key.key_arn]
            )
        )
