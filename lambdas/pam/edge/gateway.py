"""What API Gateway tells a door of a call, beside the call itself."""

from datetime import datetime
from typing import Any, TypeGuard

from pam.domain.handled_call import NO_CALL, Door, HandledCall

_LONGEST = 1000
_LONGEST_ID, _LONGEST_ANYTHING = 256, 10_240
"""Bytes. Of what the gateway gives out, and of what it takes as a call's first line and headers."""


def is_gateway_call(event: object, *, nobody: str = "") -> TypeGuard[dict[str, Any]]:
    """Whether it has the form of a signed REST call; that it is one, the access log says. With
    `nobody`, a name for whoever has not signed, it may be an unsigned one.
    """
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
        context.get("path"),
        identity.get("userArn") or nobody,
    )
    known = all(_fits(value, _LONGEST_ANYTHING) for value in told)
    return known and _fits(context.get("extendedRequestId"), _LONGEST_ID)


def _fits(value: object, longest: int) -> bool:
    """What could not be noted would be told to nobody."""
    if not isinstance(value, str):
        return False
    try:
        return 0 < len(value.encode()) <= longest
    except UnicodeEncodeError:
        return False


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
    # Half a character is none that could be noted.
    return text[:_LONGEST].encode(errors="replace").decode() if isinstance(text, str) else ""


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
