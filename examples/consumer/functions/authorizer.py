"""A Lambda authorizer of API Gateway: lets in whoever holds a resource of PAM's at this moment.

API Gateway asks anew for each call (its own caching is off), so an end is seen by the next call,
at most `keep` later. Whatever goes wrong refuses.
"""

import logging
import os
from datetime import timedelta
from functools import cache
from typing import Any

import botocore.session
from botocore.httpsession import URLLib3Session

from caller_proof import NotProvenError, ProofReader
from pam_check import PamCheck

_SECONDS = 3.0

logger = logging.getLogger()
logger.setLevel(logging.INFO)


@cache
def _asks() -> tuple[ProofReader, PamCheck]:
    """One for all calls that this process answers."""
    session, region = botocore.session.get_session(), os.environ["AWS_REGION"]
    http = URLLib3Session(timeout=_SECONDS)

    def send(request: Any) -> tuple[int, bytes]:
        answer = http.send(request)
        return answer.status_code, answer.content

    reader = ProofReader(
        audience=os.environ["AUDIENCE"],
        region=region,
        sts=session.create_client("sts", region_name=region).meta.endpoint_url,
        send=send,
    )
    keep = timedelta(seconds=int(os.environ["KEEP_SECONDS"]))
    pam = PamCheck(
        os.environ["PAM_ENDPOINT"], session.get_credentials(), region, keep=keep, timeout=_SECONDS
    )
    return reader, pam


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001
    reader, pam = _asks()
    try:
        principal = reader.principal(event["authorizationToken"])
    except NotProvenError as fault:
        logger.warning("nobody: %s", fault)
        return _answer("nobody", "Deny", event["methodArn"], "")
    access = pam.check(os.environ["RESOURCE"], principal)
    effect = "Allow" if access.allowed else "Deny"
    return _answer(principal, effect, event["methodArn"], access.session_id)


def _answer(principal: str, effect: str, method_arn: str, session_id: str) -> dict[str, Any]:
    """For this one call. What it is part of, the called see as `session_id`."""
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": method_arn}
    return {
        "principalId": principal,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"session_id": session_id},
    }
