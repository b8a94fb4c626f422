"""The JSON protocol of both services: `X-Amz-Target`, a body, and errors by `__type`."""

import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local.identity_center import shapes
from local.identity_center.errors import DownError, ServiceError
from local.identity_center.service import IdentityCenter

Json = dict[str, Any]

_CONTENT = "application/x-amz-json-1.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


def answer(center: IdentityCenter, target: str, body: bytes) -> Answer:
    """Raises AnswerLostError: then the connection is to end without an answer."""
    prefix, _, operation = target.partition(".")
    # None is no service that `call` knows.
    service = shapes.service_of(prefix) or prefix
    try:
        return _told(200, center.call(service, operation, _params(body)))
    except ServiceError as error:
        status = 500 if error.code == "InternalServerException" else 400
        return _told(status, {"__type": error.code, "Message": error.message})
    except DownError:
        return _told(503, {"__type": "ServiceUnavailable"})


def json_answer(status: int, content: Json) -> Answer:
    return Answer(
        status=status,
        headers={"content-type": "application/json"},
        body=json.dumps(content, default=_instant).encode(),
    )


def _params(body: bytes) -> Json:
    """Raises ServiceError."""
    try:
        params = json.loads(body or b"{}")
    except ValueError:
        params = None
    if not isinstance(params, dict):
        message = "the body is not a JSON object"
        raise ServiceError("SerializationException", message)
    return params


def _told(status: int, content: Json) -> Answer:
    headers = {"content-type": _CONTENT, "x-amzn-requestid": str(uuid.uuid4())}
    return Answer(
        status=status,
        headers=headers,
        body=json.dumps(content, default=_instant).encode(),
    )


def _instant(value: object) -> float:
    """Seconds since the epoch, as this protocol has them."""
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(value)
