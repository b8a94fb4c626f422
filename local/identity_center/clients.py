"""Real clients of both services, answered in this process: botocore makes and reads every request,
and no connection is opened.
"""

from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError

from local.aws import REGION
from local.identity_center import shapes
from local.identity_center.errors import AnswerLostError
from local.identity_center.service import IdentityCenter
from local.identity_center.wire import answer

ENDPOINT = "http://127.0.0.1:9/identity-center/"
"""Nothing listens there."""


class _Body:
    """What botocore reads of a connection."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, *_amount: Any, **_options: Any) -> Any:
        yield self._content


def clients(center: IdentityCenter, config: Config | None = None) -> tuple[Any, Any]:
    """Of `sso-admin` and of `identitystore`; by default they repeat nothing."""
    made = [_client(center, service, config or _ONE_TRY) for service in shapes.SERVICES]
    return made[0], made[1]


_ONE_TRY = Config(retries={"total_max_attempts": 1})


def _client(center: IdentityCenter, service: str, config: Config) -> Any:
    client = boto3.client(
        service,
        endpoint_url=ENDPOINT,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - opens nothing
        config=config,
    )

    def respond(request: Any, **_more: Any) -> AWSResponse:
        target = request.headers["X-Amz-Target"]
        text = target.decode() if isinstance(target, bytes) else str(target)
        try:
            told = answer(center, text, request.body or b"")
        except AnswerLostError:
            raise ConnectionClosedError(endpoint_url=request.url) from None
        return AWSResponse(request.url, told.status, told.headers, _Body(told.body))

    client.meta.events.register("before-send.*", respond)
    return client
