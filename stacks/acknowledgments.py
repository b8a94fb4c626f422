"""Exceptions from the rule packs, each for one finding and with the reason written beside it."""

from aws_cdk import Acknowledgment, Stack, Validations
from constructs import IConstruct


def acknowledge(construct: IConstruct, finding: str, reason: str) -> None:
    Validations.of(construct).acknowledge(Acknowledgment(id=finding, reason=reason))


def as_found(construct: IConstruct, arn: str) -> str:
    """An ARN as findings spell it: what is known only at deployment stands in angle brackets."""
    resolved = Stack.of(construct).resolve(arn)
    if isinstance(resolved, str):
        return resolved
    separator, parts = resolved["Fn::Join"]
    spelled = (part if isinstance(part, str) else f"<{part['Ref']}>" for part in parts)
    return str(separator).join(spelled)
