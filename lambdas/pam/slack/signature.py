"""Whether Slack itself sent a call by HTTP: its signature `v0` over the time and the body's bytes.

A call with a right signature can be sent again for five minutes. What it asks for is known by its
key (`incoming`), so that is harmless.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

LARGEST_BODY = 64 * 1024
"""Bytes. Slack's own are smaller; whatever is larger is read no further."""
_LATEST = timedelta(minutes=5)
"""How far Slack's clock and ours may be apart, in both directions."""
_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}", re.ASCII)
_TIMESTAMP_HEADER, _SIGNATURE_HEADER = "x-slack-request-timestamp", "x-slack-signature"
_CONTENT_TYPE_HEADER = "content-type"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCall:
    """The parts that are signed, and the signature, as they came. A header that is not there, or
    more than once, is empty: then nothing vouches for the call.
    """

    timestamp: str
    signature: str
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """Raises ValueError without a secret: everybody could sign with the empty one."""

    signing_secret: str = field(repr=False)

    def __post_init__(self) -> None:
        if not self.signing_secret.strip():
            message = "Slack's signing secret is empty"
            raise ValueError(message)

    def vouches_for(self, call: SignedCall, now: datetime) -> bool:
        """Whether Slack signed it, at most five minutes from `now`. Nothing that comes raises."""
        if not (_SECONDS.fullmatch(call.timestamp) and _SIGNATURE.fullmatch(call.signature)):
            return False
        apart = abs(now.timestamp() - int(call.timestamp))
        signed = f"v0:{call.timestamp}:".encode() + call.body
        mac = hmac.new(self.signing_secret.encode(), signed, hashlib.sha256).hexdigest()
        same = hmac.compare_digest(f"v0={mac}", call.signature)
        return same and apart <= _LATEST.total_seconds()


def signed_call(event: object) -> SignedCall | None:
    """What API Gateway hands on of a call; None for what is no call, or is too large. Names of
    headers count without their case, and bodies may come as base64.
    """
    if not isinstance(event, Mapping):
        return None
    body = _body(event.get("body"), event.get("isBase64Encoded"))
    if body is None or len(body) > LARGEST_BODY:
        return None
    headers = _headers(event)
    return SignedCall(
        timestamp=_only(headers, _TIMESTAMP_HEADER),
        signature=_only(headers, _SIGNATURE_HEADER),
        content_type=_only(headers, _CONTENT_TYPE_HEADER),
        body=body,
    )


def _body(text: object, encoded: object) -> bytes | None:
    if text is None:
        return b""
    # Base64 takes a third more room than the body.
    if not isinstance(text, str) or len(text) > 2 * LARGEST_BODY:
        return None
    try:
        return base64.b64decode(text, validate=True) if encoded is True else text.encode()
    except (binascii.Error, ValueError):
        return None


def _headers(event: Mapping[object, object]) -> list[tuple[str, object]]:
    """Name and value of each that came. REST calls have all in `multiValueHeaders`, and of several
    of one name only the last in `headers`.
    """
    several = event.get("multiValueHeaders")
    if isinstance(several, Mapping) and several:
        return [
            (str(name).lower(), value)
            for name, values in several.items()
            for value in (values if isinstance(values, list) else [None])
        ]
    single = event.get("headers")
    if not isinstance(single, Mapping):
        return []
    return [(str(name).lower(), value) for name, value in single.items()]


def _only(headers: list[tuple[str, object]], name: str) -> str:
    found = [value for each, value in headers if each == name]
    return found[0] if len(found) == 1 and isinstance(found[0], str) else ""
