"""Slack's secrets, which people make and PAM only reads."""

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam

from stacks.acknowledgments import acknowledge, as_found


def grant_read_secret(role: iam.IRole, name: str) -> None:
    """A secret that a person made, under the key that is Secrets Manager's own."""
    arn = Stack.of(role).format_arn(
        service="secretsmanager",
        resource="secret",
        # Secrets Manager adds six characters to a name.
        resource_name=f"{name}-??????",
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
    role.add_to_principal_policy(
        iam.PolicyStatement(actions=["secretsmanager:GetSecretValue"], resources=[arn])
    )
    acknowledge(
        role,
        f"AwsSolutions-IAM5[Resource::{as_found(role, arn)}]",
        "The six characters that Secrets Manager adds to the name of this one secret.",
    )
