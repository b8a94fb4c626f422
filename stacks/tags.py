"""The tags of what PAM deploys."""

from aws_cdk import Tags
from constructs import Construct

from pam.domain.role_limits import OWNED_TAG, OWNED_VALUE


def tag_deployment(scope: Construct, env_name: str) -> None:
    """Says what each resource belongs to, in the words of the bank."""
    Tags.of(scope).add("module", "MOD-046")
    Tags.of(scope).add("system", "SD07")
    Tags.of(scope).add("environment", env_name)


def tag_roles_as_owned(scope: Construct) -> None:
    """No lease may change a role that bears this tag."""
    Tags.of(scope).add(OWNED_TAG, OWNED_VALUE, include_resource_types=["AWS::IAM::Role"])
