"""Lambda, with PAM's own handlers behind it: the code that is deployed, on fakes."""

import importlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError

from pam.aws.clients import AwsThrottled

Fault = Callable[[str], Exception | None]


class Context:
    function_name = "function"
    memory_limit_in_mb = 128
    invoked_function_arn = "arn:aws:lambda:eu-west-1:111122223333:function:function"
    aws_request_id = "request"
    left_ms = 22_000

    def get_remaining_time_in_millis(self) -> int:
        return self.left_ms


def lost(function: str) -> Exception:
    return ReadTimeoutError(endpoint_url=function)


def unreached(function: str) -> Exception:
    return ConnectTimeoutError(endpoint_url=function)


def throttled(function: str) -> Exception:
    del function
    return AwsThrottled({"Error": {"Code": "TooManyRequestsException"}}, "Invoke")


def not_allowed(function: str) -> Exception:
    del function
    return ClientError({"Error": {"Code": "AccessDeniedException"}}, "Invoke")


@dataclass
class Functions:
    """A client of Lambda. `before` keeps a call from running, `after` loses what it answered;
    `dies`: the function fails after it has done its work.
    """

    before: Fault | None = None
    after: Fault | None = None
    dies: bool = False
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    context: Context = field(default_factory=Context)

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        if self.before is not None and (fault := self.before(FunctionName)):
            raise fault
        event = json.loads(Payload)
        self.asked.append((FunctionName, event))
        answer = json.dumps(self.run(FunctionName, event)).encode()
        if self.after is not None and (fault := self.after(FunctionName)):
            raise fault
        if self.dies:
            failed = b'{"errorType": "Runtime.ExitError"}'
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(failed)}
        return {"Payload": io.BytesIO(answer)}

    def run(self, function: str, event: dict[str, Any]) -> Any:
        """As anybody who may invoke it would."""
        name = function.removeprefix("pam-test-service-").replace("-", "_")
        handler = importlib.import_module(name).handler
        return handler(event, self.context)

    def names(self) -> list[str]:
        return [event["message"] for _, event in self.asked]
