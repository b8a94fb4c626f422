"""Who calls: a proof that somebody makes with their AWS credentials and that STS vouches for.

The caller signs `sts:GetCallerIdentity` without sending it, for one audience. The API hands the
signature to STS, which says whose it is. The secret key never leaves its owner, and a proof that
was made for another audience, or more than five minutes ago, is none. Whoever reads a proof on its
way could use it for those minutes: it is for TLS only.
"""

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest

GOOD_FOR = timedelta(minutes=5)
_AUDIENCE = "X-Bank-Audience"
_QUESTION = "Action=GetCallerIdentity&Version=2011-06-15"
_FORM = "application/x-www-form-urlencoded; charset=utf-8"
_LONGEST = 8192
_SIGNATURE = re.compile(
    r"AWS4-HMAC-SHA256 Credential=[A-Z0-9]{16,128}/[0-9]{8}/([a-z0-9-]{1,30})/sts/aws4_request, "
    r"SignedHeaders=([a-z0-9;-]{1,300}), Signature=[0-9a-f]{64}",
    re.ASCII,
)
_MUST_BE_SIGNED = {"host", "x-amz-date", _AUDIENCE.lower()}
_SAYS_WHO = re.compile(r"<Arn>(arn:[\x21-\x3b\x3d-\x7e]{1,2000})</Arn>", re.ASCII)


class NotProvenError(Exception):
    """The text proves nothing; the message says why, for logs."""


def make_proof(credentials: Any, audience: str, *, region: str, sts: str) -> str:
    """What a caller sends. `credentials` are botocore's; `sts` is the address of STS there."""
    request = _question(audience, sts, {})
    SigV4Auth(credentials.get_frozen_credentials(), "sts", region).add_auth(request)
    told = {"Authorization", "X-Amz-Date", "X-Amz-Security-Token"}
    headers = {name: value for name, value in request.headers.items() if name in told}
    return base64.urlsafe_b64encode(json.dumps(headers).encode()).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofReader:
    """`send` sends a request, and gives the answer's status and body."""

    audience: str
    region: str
    sts: str
    send: Callable[[AWSPreparedRequest], tuple[int, bytes]]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def principal(self, proof: str) -> str:
        """The ARN of whoever made it. Raises NotProvenError."""
        headers = self._checked(proof)
        try:
            status, body = self.send(_question(self.audience, self.sts, headers).prepare())
        except Exception as error:
            message = f"STS was not heard: {type(error).__name__}"
            raise NotProvenError(message) from error
        found = _SAYS_WHO.search(body.decode(errors="replace"))
        if status != 200 or found is None:  # noqa: PLR2004
            message = f"STS does not vouch for it: {status}"
            raise NotProvenError(message)
        return found[1]

    def _checked(self, proof: str) -> dict[str, str]:
        """Only what STS is to be shown, signed for this audience, and new."""
        try:
            sent = json.loads(base64.urlsafe_b64decode(proof[: _LONGEST + 1]))
            headers = {"Authorization": sent["Authorization"], "X-Amz-Date": sent["X-Amz-Date"]}
            if "X-Amz-Security-Token" in sent:
                headers["X-Amz-Security-Token"] = sent["X-Amz-Security-Token"]
            signature = _SIGNATURE.fullmatch(headers["Authorization"])
            made_at = datetime.strptime(headers["X-Amz-Date"], "%Y%m%dT%H%M%S%z")
            fit = all(value.isascii() and value.isprintable() for value in headers.values())
        except (ValueError, TypeError, KeyError, AttributeError):
            message = "not of the form of a proof"
            raise NotProvenError(message) from None
        if signature is None or not fit or signature[1] != self.region:
            message = "not signed for STS of this region"
            raise NotProvenError(message)
        if not set(signature[2].split(";")) >= _MUST_BE_SIGNED:
            message = "the audience is not signed"
            raise NotProvenError(message)
        if abs(self.now() - made_at) > GOOD_FOR:
            message = "not made within the last five minutes"
            raise NotProvenError(message)
        return headers


def _question(audience: str, sts: str, headers: Mapping[str, str]) -> AWSRequest:
    about = {"Content-Type": _FORM, _AUDIENCE: audience, **headers}
    return AWSRequest("POST", sts.rstrip("/") + "/", headers=about, data=_QUESTION)
