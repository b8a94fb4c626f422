"""What API Gateway tells a door of a call, beside the call itself."""

from datetime import datetime
from typing import Any, TypeGuard

from pam.domain.handled_call import NO_CALL, Door, HandledCall

_LONGEST = 1000


def is_gateway_call(event: object) -> TypeGuard[dict[str, Any]]:
    """Whether it has the form of a signed REST call; that it is one, the access log says."""
    if not isinstance(event, dict) or not isinstance(event.get("requestContext"), dict):
        return False
    context = event["requestContext"]
    identity = context.get("identity")
    if not isinstance(identity, dict):
        return False
    told = (
        event.get("httpMethod"),
        event.get("resource"),
        context.get("requestId"),
        context.get("extendedRequestId"),
        context.get("path"),
        identity.get("userArn"),
    )
    return all(isinstance(value, str) and value for value in told)


def stranger(event: object, door: Door, now: datetime, new_id: str) -> HandledCall:
    """What came to a door and is no call of the gateway, as far as it says anything of itself."""
    known = event if isinstance(event, dict) else {}
    context = _part(known, "requestContext")
    return HandledCall(
        request_id=new_id,
        again=NO_CALL,
        door=door,
        principal=_text(_part(context, "identity"), "userArn"),
        method=_text(known, "httpMethod"),
        path=_text(context, "path") or _text(known, "path"),
        noted_at=now,
    )


def _part(whole: dict[str, Any], name: str) -> dict[str, Any]:
    part = whole.get(name)
    return part if isinstance(part, dict) else {}


def _text(whole: dict[str, Any], name: str) -> str:
    text = whole.get(name)
    return text[:_LONGEST] if isinstance(text, str) else ""


def handled_call(event: dict[str, Any], door: Door, now: datetime) -> HandledCall:
    """The call by the names that the access log has for the same: the path with the stage, and the
    request id that no caller chooses.
    """
    context = event["requestContext"]
    return HandledCall(
        request_id=context["extendedRequestId"],
        door=door,
        principal=context["identity"]["userArn"],
        method=event["httpMethod"],
        path=context["path"],
        noted_at=now,
    )
