"""Which calls of the API each office makes: what its managed policy allows, and nothing beside it.

IAM says who may make a call, and PAM who may do what by it: a policy here gives nobody a right in
PAM that the identities file does not.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pam.names import CallerOffice

_READS = (
    "GET /pam/me",
    "GET /pam/inbox",
    "GET /pam/resources",
    "GET /pam/check",
    "GET /pam/stuck",
    "GET /pam/sessions",
    "GET /pam/sessions/{session_id}",
    "GET /pam/sessions/{session_id}/audit",
)
"""Everybody's but a service's: PAM shows each what is theirs to see."""
_LINKS = ("POST /pam/links", "DELETE /pam/links/{principal+}")
"""Of whoever acts: their principals on other surfaces."""

CALLS: Mapping[CallerOffice, tuple[str, ...]] = MappingProxyType(
    {
        CallerOffice.REQUESTER: (
            *_READS,
            *_LINKS,
            "POST /pam/request",
            "POST /pam/confirm",
            "POST /pam/end",
            "POST /pam/sessions/{session_id}/credentials",
        ),
        CallerOffice.APPROVER: (*_READS, *_LINKS, "POST /pam/approve", "POST /pam/review"),
        CallerOffice.OPERATOR: (
            *_READS,
            *_LINKS,
            "POST /pam/revoke",
            "POST /pam/block",
            "POST /pam/erase",
            "GET /pam/blocklist",
            "DELETE /pam/blocklist/{principal+}",
        ),
        CallerOffice.AUDITOR: (*_READS, "GET /pam/blocklist"),
        CallerOffice.SERVICE: ("GET /pam/check",),
    }
)


def caller_policy(office: CallerOffice, *, api: str, parameter: str) -> dict[str, Any]:
    """`api` is the ARN of the API's stage (`arn:...:API_ID/v1`), `parameter` the one of the SSM
    parameter in which `pam` finds the endpoint.
    """
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "CallPam",
                "Effect": "Allow",
                "Action": "execute-api:Invoke",
                "Resource": [f"{api}/{_pattern(call)}" for call in CALLS[office]],
            },
            {
                "Sid": "FindPam",
                "Effect": "Allow",
                "Action": "ssm:GetParameter",
                "Resource": parameter,
            },
        ],
    }


def _pattern(call: str) -> str:
    """`GET /pam/sessions/{session_id}` as a method's ARN has it: `GET/pam/sessions/*`."""
    method, _, path = call.partition(" ")
    return method + "/".join("*" if part.startswith("{") else part for part in path.split("/"))
