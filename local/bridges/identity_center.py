"""Who may call Identity Center: the emulator has no such service, but the IAM that decides on it.

The Identity Center beside the stack shows it each call as it came in. The emulator looks at the
signature and at the caller's policies, and answers an empty 200 where AWS would go on.
"""

import json
from typing import Any

from local.bridges.patching import existing
from local.identity_center.names import MANAGEMENT_ACCOUNT

_NAMESPACES = {"SWBExternalService": "sso", "AWSIdentityStore": "identitystore"}
_PEOPLE = "arn:aws:identitystore:::"
_ALL_USERS = frozenset({"GetUserId", "ListUsers"})
_JSON = {"Content-Type": "application/x-amz-json-1.1"}

Response = tuple[int, dict[str, str], bytes]


def build() -> None:
    """To be called once the emulator's front is loaded: all calls of AWS pass through there."""
    from ministack import app
    from ministack.core import iam_evaluator

    dispatch = existing(app, "_dispatch_service_request")
    enforce = existing(iam_evaluator, "enforce")
    key_of = existing(app, "extract_access_key_id")
    region_of = existing(app, "extract_region")

    async def dispatch_service_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query: Any, *rest: Any
    ) -> Any:
        prefix, _, operation = headers.get("x-amz-target", "").partition(".")
        namespace = _NAMESPACES.get(prefix)
        if namespace is None:
            return await dispatch(method, path, headers, body, query, *rest)
        action, key = f"{namespace}:{operation}", key_of(headers, query)
        for resource in resources_of(operation, body):
            denied = enforce(key, action, namespace, region_of(headers), resource_arn=resource)
            if denied is not None:
                # It has a code of its own where it is the credentials that are wrong.
                code = getattr(denied, "code", "AccessDeniedException")
                return _told(400, {"__type": code, "Message": f"not allowed: {action} {resource}"})
        return _told(200, {})

    app._dispatch_service_request = dispatch_service_request


def resources_of(operation: str, body: bytes) -> list[str]:
    """What a call is authorised on, each for itself; `*` where it names nothing."""
    try:
        asked = json.loads(body or b"{}")
    except ValueError:
        asked = {}
    named = asked if isinstance(asked, dict) else {}
    found = [str(named[name]) for name in ("InstanceArn", "PermissionSetArn") if name in named]
    accounts = [named[name] for name in ("TargetId", "AccountId") if name in named]
    found += [f"arn:aws:sso:::account/{account}" for account in accounts]
    if "IdentityStoreId" in named:
        owner = f"arn:aws:identitystore::{MANAGEMENT_ACCOUNT}:identitystore"
        found += [f"{owner}/{named['IdentityStoreId']}", *_people(operation, named)]
    return found or ["*"]


def _people(operation: str, named: dict[str, Any]) -> list[str]:
    if operation in _ALL_USERS:
        return [f"{_PEOPLE}user/*"]
    member = named.get("MemberId")
    users = [named.get("UserId"), member.get("UserId") if isinstance(member, dict) else None]
    found = [f"{_PEOPLE}user/{user}" for user in users if user]
    found += [f"{_PEOPLE}group/{named['GroupId']}"] if "GroupId" in named else []
    return found + ([f"{_PEOPLE}membership/*"] if "Memberships" in operation else [])


def _told(status: int, content: dict[str, str]) -> Response:
    return status, dict(_JSON), json.dumps(content).encode()
