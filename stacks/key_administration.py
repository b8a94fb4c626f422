"""What every key policy here hands to the account's own IAM: administration, in named actions.

A key policy that names no administration leaves a key that nobody can manage, and an alias needs
rights on its key as well as on itself: without them the deployment that makes the alias fails.
"""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam

ADMINISTRATION = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListKeyRotations",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RetireGrant",
    "kms:RevokeGrant",
    "kms:RotateKeyOnDemand",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)
"""All that a deployment and an administrator do with a key but use it and end it. `CreateGrant` is
not here: a grant hands on the use of a key, past its policy.
"""
DESTRUCTION = ("kms:DisableKey", "kms:DisableKeyRotation", "kms:ScheduleKeyDeletion")


def delegated_to_iam(
    *, use: Sequence[str] = (), destruction: bool, sid: str = "AccountDecidesByIam"
) -> iam.PolicyDocument:
    """The account's IAM decides about administration and `use`. Without `destruction`, whoever
    wants to end the key has to change this policy first, in plain sight.
    """
    return iam.PolicyDocument(
        statements=[
            iam.PolicyStatement(
                sid=sid,
                principals=[iam.AccountRootPrincipal()],
                actions=[*ADMINISTRATION, *use, *(DESTRUCTION if destruction else ())],
                # In a key policy, "*" is this key.
                resources=["*"],
            )
        ]
    )
