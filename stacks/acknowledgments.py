"""Exceptions from the rule packs, each for one finding and with the reason written beside it."""

import json
from collections.abc import Mapping
from typing import Any

from aws_cdk import Acknowledgment, Stack, Validations
from constructs import IConstruct

_NIST = "NIST.800.53.R5"

INLINE_POLICY = {
    "IAMNoInlinePolicy": (
        "A role's rights are for this role alone and end with it; a managed policy could be "
        "attached to others."
    )
}


def acknowledge(construct: IConstruct, finding: str, reason: str) -> None:
    Validations.of(construct).acknowledge(Acknowledgment(id=finding, reason=reason))


def acknowledge_nist(construct: IConstruct, reasons: Mapping[str, str]) -> None:
    """Findings of the NIST 800-53 pack, each by its rule."""
    for rule, reason in reasons.items():
        acknowledge(construct, f"{_NIST}-{rule}", reason)


def as_found(construct: IConstruct, arn: str) -> str:
    """An ARN as findings spell it: what is known only at deployment stands in angle brackets."""
    resolved = Stack.of(construct).resolve(arn)
    if isinstance(resolved, str):
        return resolved
    separator, parts = resolved["Fn::Join"]
    return str(separator).join(part if isinstance(part, str) else _spelled(part) for part in parts)


def _spelled(reference: Mapping[str, Any]) -> str:
    if "Ref" in reference:
        return f"<{reference['Ref']}>"
    if "Fn::GetAtt" in reference:
        return f"<{'.'.join(reference['Fn::GetAtt'])}>"
    return json.dumps(reference, separators=(",", ":"))
