"""A CDK app of its own, as a lending team would have it: the roles that the local stack lends, and
the rights of the permission set that its Identity Center lends.

Each may read and write objects in one bucket of its own, and its name is published under SSM
`/bank/local/mod046/demo/{resource}/bucket`.
"""

import sys

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ssm as ssm

from local.identity_center.names import PERMISSION_SET_NAME
from local.state import ROOT

sys.path.insert(0, str(ROOT / "lambdas"))

from pam.domain.kinds import IAM_WRITES, Need
from pam.domain.resource import Resource
from pam.policy.compiler import load
from stacks.pam_target_role import PamTargetRole

ENV_NAME = "local"
PERMISSION_SET_RESOURCE = "core-payments-admin"
"""Of the catalogue."""


def bucket_name(resource_id: str) -> str:
    return f"pam-local-{resource_id}"


def bucket_parameter(resource_id: str) -> str:
    return f"/bank/{ENV_NAME}/mod046/demo/{resource_id}/bucket"


def lend(stack: cdk.Stack, resource: Resource) -> None:
    PamTargetRole(
        stack,
        resource.resource_id,
        role_name=resource.issuer["role_name"],
        env_name=ENV_NAME,
        description=resource.title,
        iam_writes=IAM_WRITES in resource.issuer,
        statements=rights(stack, resource.resource_id),
    )


def permit(stack: cdk.Stack) -> None:
    """What the permission set refers to by name, in each account where it is assigned."""
    iam.ManagedPolicy(
        stack,
        PERMISSION_SET_NAME,
        managed_policy_name=PERMISSION_SET_NAME,
        statements=rights(stack, PERMISSION_SET_RESOURCE),
    )


def rights(stack: cdk.Stack, name: str) -> list[iam.PolicyStatement]:
    """Of a bucket that is made for it."""
    bucket = s3.Bucket(
        stack,
        f"{name}-bucket",
        bucket_name=bucket_name(name),
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )
    ssm.StringParameter(
        stack,
        f"{name}-bucket-name",
        parameter_name=bucket_parameter(name),
        string_value=bucket.bucket_name,
    )
    return [
        iam.PolicyStatement(actions=["s3:ListBucket"], resources=[bucket.bucket_arn]),
        iam.PolicyStatement(
            actions=["s3:GetObject", "s3:PutObject"],
            resources=[bucket.arn_for_objects("*")],
        ),
    ]


def main() -> None:
    policy = load(ROOT / "policy", ROOT / "local" / "identities.yaml")
    app = cdk.App()
    stack = cdk.Stack(
        app,
        "pam-local-targets",
        synthesizer=cdk.CliCredentialsStackSynthesizer(),
        env=cdk.Environment(account="000000000000", region="us-east-1"),
    )
    for resource in policy.resources:
        if resource.needing(Need.LEND_ROLE):
            lend(stack, resource)
    permit(stack)
    app.synth()


if __name__ == "__main__":
    main()
