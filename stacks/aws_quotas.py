"""What AWS takes at most of what grows with a catalogue or an identities file.

Measured while the app is synthesised: AWS would say it in the middle of a deployment.
"""

import json
from collections.abc import Mapping
from enum import Enum
from typing import Any


class QuotaError(Exception):
    """More than AWS takes. The message has the number, the quota and what to do."""


class Quota(Enum):
    """In characters of JSON without white space, as AWS counts; by what has the quota."""

    API_POLICY = (8192, "an API's resource policy (a quota that AWS raises on request)")

    def __init__(self, most: int, what: str) -> None:
        self.most = most
        self.what = what


def compact(document: object) -> str:
    return json.dumps(document, separators=(",", ":"))


def check_size(document: Mapping[str, Any], quota: Quota, *, of: str, remedy: str) -> None:
    """`document` with everything in it as it will be deployed. Raises QuotaError."""
    size = len(compact(document))
    if size > quota.most:
        message = (
            f"{of} would have {size} characters; AWS takes {quota.most} of {quota.what}. {remedy}"
        )
        raise QuotaError(message)
