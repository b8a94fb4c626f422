"""Calls of PAM's functions as CloudTrail tells them, where a trail has Lambda's data events."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pam.domain import timestamps
from pam.domain.activity import checked_id, one_line

_API_CALL = "AWS API Call via CloudTrail"
_LAMBDA = "lambda.amazonaws."
"""What follows is the partition's."""
_LONGEST = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """That somebody invoked a function of PAM who is neither an AWS service nor PAM."""

    event_id: str
    at: datetime
    function: str
    principal: str
    source_ip: str
    user_agent: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """Who PAM is: by the deployment, never by an event."""

    roles: frozenset[str]
    """ARNs of the roles that its functions and its workflow call in."""
    functions: str
    """What the ARN of each of its functions begins with."""


def of_cloudtrail(event: Mapping[str, Any], own: Own) -> Invocation | None:
    """None for a call by whose business it is, a refused one, and one of another function.

    AWS's services call by the permission that a function gives them, which names what for. Raises
    ValueError, LookupError or TypeError for an event that is not as CloudTrail writes them.
    """
    call = event["detail"]
    if event["detail-type"] != _API_CALL or not event["source"].startswith("aws."):
        return None
    if not call["eventSource"].startswith(_LAMBDA) or not call["eventName"].startswith("Invoke"):
        return None
    named = [resource.get("ARN", "") for resource in call.get("resources") or []]
    function = next((arn for arn in named if arn.startswith(own.functions)), "")
    identity = call["userIdentity"]
    if not function or call.get("errorCode") or _is_lawful(identity, own):
        return None
    return Invocation(
        event_id=checked_id(call["eventID"]),
        at=timestamps.parse(call["eventTime"]),
        function=one_line(function.rpartition(":function:")[2], _LONGEST),
        principal=one_line(str(identity.get("arn") or identity.get("principalId") or ""), _LONGEST),
        source_ip=one_line(str(call.get("sourceIPAddress") or ""), _LONGEST),
        user_agent=one_line(str(call.get("userAgent") or ""), _LONGEST),
        what=call["eventName"],
    )


def _is_lawful(identity: Mapping[str, Any], own: Own) -> bool:
    if identity["type"] == "AWSService":
        return True
    issuer = identity.get("sessionContext", {}).get("sessionIssuer", {}).get("arn", "")
    return identity["type"] == "AssumedRole" and issuer in own.roles
