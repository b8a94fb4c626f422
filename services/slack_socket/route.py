"""The one call that the host makes of PAM: an AWS_IAM route, signed with its own role."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import (
    BotoCoreError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
)
from botocore.httpsession import URLLib3Session

from slack_socket.envelopes import LARGEST, Envelope

_OK = 200
_NO_ANSWER = "no answer"
_CONNECTS_WITHIN = 0.8
"""Seconds. A connection that could not be made carried nothing, and is tried once more."""
_IDLE = 30.0
"""Seconds. A connection that was unused for longer may have been dropped by what stands between
without a word, and the call that finds that out is lost."""


class NotForwarded(Exception):
    """Nothing says that PAM has decided it. `why` holds nothing of what was sent."""

    def __init__(
        self, why: str, *, status: int | None = None, request_id: str | None = None
    ) -> None:
        super().__init__(why)
        self.why, self.status, self.request_id = why, status, request_id


class Route:
    """Threads may share it."""

    def __init__(
        self,
        *,
        url: str,
        region: str,
        credentials: Credentials,
        answer_within: float,
        clock: Callable[[], float],
        at_once: int,
    ) -> None:
        self._url, self._region, self._credentials = url, region, credentials
        self._clock, self._used = clock, clock()
        self._session = URLLib3Session(
            timeout=(_CONNECTS_WITHIN, answer_within), max_pool_connections=at_once
        )

    def forward(self, envelope: Envelope) -> Mapping[str, Any] | None:
        """What to acknowledge with; None for nothing. Raises NotForwarded."""
        try:
            answer = self._post(envelope.for_the_route())
        except (BotoCoreError, HTTPClientError) as error:
            raise NotForwarded(type(error).__name__) from None
        if answer.status_code != _OK:
            request_id = answer.headers.get("x-amzn-requestid")
            raise NotForwarded("refused", status=answer.status_code, request_id=request_id)
        return _payload(answer.content)

    def _post(self, body: bytes) -> Any:
        now = self._clock()
        if now - self._used > _IDLE:
            self._session.close()
        self._used = now
        try:
            return self._session.send(self._signed(body))
        except (ConnectTimeoutError, EndpointConnectionError):
            return self._session.send(self._signed(body))

    def _signed(self, body: bytes) -> Any:
        request = AWSRequest(
            method="POST",
            url=self._url,
            data=body,
            headers={"Content-Type": "application/json"},
        )
        credentials = self._credentials.get_frozen_credentials()
        SigV4Auth(credentials, "execute-api", self._region).add_auth(request)
        return request.prepare()


def _payload(content: bytes) -> Mapping[str, Any] | None:
    """Anything but what the door says is no answer: who knows what became of the envelope?"""
    try:
        answer = json.loads(content) if len(content) <= LARGEST else None
    except (ValueError, RecursionError):
        answer = None
    if isinstance(answer, dict):
        payload = answer.get("payload")
        if payload is None or isinstance(payload, dict):
            return payload
    raise NotForwarded(_NO_ANSWER)
