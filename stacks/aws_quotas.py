"""What AWS takes at most of what grows with a catalogue or an identities file.

Measured while the app is synthesised: AWS would say it in the middle of a deployment.
"""

import json
from collections.abc import Mapping
from enum import Enum
from typing import Any

_LEND_LESS = (
    "Let fewer resources of the catalogue have targets of their own, or split the catalogue over "
    "two deployments (policy_dir)."
)


class QuotaError(Exception):
    """More than AWS takes. The message has the number, the quota and what to do."""


class Quota(Enum):
    """The most, of what, and the remedy. Documents count in characters without white space."""

    API_POLICY = (
        8_192,
        "characters of an API's resource policy (a quota that AWS raises on request)",
        "List permission sets only for accounts from which people sign their calls, and people by "
        "permission sets rather than as IAM users.",
    )
    INLINE_POLICIES = (10_240, "characters of inline policies on a role", _LEND_LESS)
    MANAGED_POLICY = (6_144, "characters of a managed policy", _LEND_LESS)
    MANAGED_POLICIES = (
        10,
        "managed policies on a role (a quota that AWS raises to 20 on request)",
        _LEND_LESS,
    )
    TRUST_POLICY = (2_048, "characters of a role's trust policy", _LEND_LESS)
    EVENT_PATTERN = (2_048, "characters of an event pattern", _LEND_LESS)
    ENVIRONMENT = (4_096, "bytes of a function's environment", _LEND_LESS)
    FUNCTION_POLICY = (20_480, "characters of a function's resource policy", _LEND_LESS)
    QUEUE_POLICY = (8_192, "bytes of a queue's policy", _LEND_LESS)
    QUEUE_STATEMENTS = (20, "statements of a queue's policy", _LEND_LESS)
    BUS_POLICY = (10_240, "characters of the policy of a bus", _LEND_LESS)
    RULES = (300, "rules on a bus (a quota that AWS raises on request)", _LEND_LESS)
    PARAMETER = (4_096, "bytes of an SSM parameter", _LEND_LESS)
    TEMPLATE = (1_000_000, "bytes of a template", _LEND_LESS)
    RESOURCES = (500, "resources of a stack", _LEND_LESS)

    def __init__(self, most: int, what: str, remedy: str) -> None:
        self.most = most
        self.what = what
        self.remedy = remedy

    def check(self, found: int, *, of: str) -> None:
        """Raises QuotaError, about `of`: what has so much."""
        if found > self.most:
            message = f"{of}: {found}; AWS takes {self.most} {self.what}. {self.remedy}"
            raise QuotaError(message)


def compact(document: object) -> str:
    return json.dumps(document, separators=(",", ":"))


def size(document: Mapping[str, Any]) -> int:
    return len(compact(document))
