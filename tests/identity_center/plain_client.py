"""A client that calls the service as it is, for tests with ten thousands of calls. What
botocore makes of requests and answers is tested with its real clients.
"""

from typing import Any

from botocore.exceptions import ClientError, ConnectionClosedError

from local.identity_center.service import AnswerLostError, DownError, IdentityCenter, ServiceError
from tests.fakes.dying import Fuse


class PlainClient:
    """Of one of both services. Each call passes the fuse."""

    def __init__(self, center: IdentityCenter, service: str, fuse: Fuse) -> None:
        self._center, self._service, self._fuse = center, service, fuse

    def __getattr__(self, name: str) -> Any:
        operation = "".join(word.capitalize() for word in name.split("_"))

        def call(**params: Any) -> Any:
            return self._fuse.call(lambda: self._call(operation, params))

        return call

    def _call(self, operation: str, params: Any) -> Any:
        try:
            return self._center.call(self._service, operation, params)
        except ServiceError as error:
            told = {"Error": {"Code": error.code, "Message": str(error)}}
            raise ClientError(told, operation) from error
        except DownError as error:
            told = {"Error": {"Code": "503", "Message": ""}}
            answer = {**told, "ResponseMetadata": {"HTTPStatusCode": 503}}
            raise ClientError(answer, operation) from error
        except AnswerLostError as error:
            raise ConnectionClosedError(endpoint_url="nowhere") from error
