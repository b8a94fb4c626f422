"""AWS with more to do than it takes: on demand, part of the functions' calls are throttled.

`throttled(state, share)` turns it on for a running stack, and off again however its body ends. The
switch is a file in the state folder's scratch, so that a stack which starts never starts throttled.
Only what the functions call is meant, known by the name that they give themselves; people and the
emulator's own services are answered as ever.
"""

import json
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from local.bridges.patching import existing
from local.state import State

_FUNCTIONS_SAY = "app/mod046-pam"
_SEED = 46
_JSON = {"Content-Type": "application/x-amz-json-1.1"}
_XML = {"Content-Type": "text/xml"}

Response = tuple[int, dict[str, str], bytes]


@contextmanager
def throttled(state: State, share: float) -> Iterator[None]:
    """Each call of a function is throttled with a probability of `share`."""
    state.throttled.unlink(missing_ok=True)
    state.throttling.write_text(str(share))
    try:
        yield
    finally:
        state.throttling.unlink(missing_ok=True)


def count_throttled(state: State) -> Counter[str]:
    """How many calls were throttled since it was last turned on, by `service operation`."""
    if not state.throttled.exists():
        return Counter()
    return Counter(state.throttled.read_text().splitlines())


def build(state: State) -> None:
    """To be called once the emulator's front is loaded: all calls of AWS pass through there."""
    from ministack import app

    dispatch = existing(app, "_dispatch_service_request")
    detect = existing(app, "detect_service")
    dice = random.Random(_SEED)  # noqa: S311 - no secret

    async def dispatch_service_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query: Any, *rest: Any
    ) -> Any:
        if _FUNCTIONS_SAY in headers.get("user-agent", "") and dice.random() < _share(state):
            service = str(detect(method, path, headers, query))
            operation = headers.get("x-amz-target", "").rpartition(".")[2]
            with state.throttled.open("a") as seen:
                seen.write(f"{service} {operation}".strip() + "\n")
            answer = _too_much(service, body if operation == "TransactWriteItems" else b"")
            return answer if method != "HEAD" else (*answer[:2], b"")
        return await dispatch(method, path, headers, body, query, *rest)

    app._dispatch_service_request = dispatch_service_request


def _share(state: State) -> float:
    try:
        return float(state.throttling.read_text() or 0)
    except FileNotFoundError:
        return 0


def _too_much(service: str, transaction: bytes) -> Response:
    """Each service has its own status, code and form of saying so."""
    if transaction:
        return _cancelled(len(json.loads(transaction)["TransactItems"]))
    match service:
        case "dynamodb":
            return _as_json(400, "ProvisionedThroughputExceededException")
        case "lambda":
            return _as_json(429, "TooManyRequestsException")
        case "sts" | "iam" | "sns":
            error = "<Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message>"
            return 400, _XML, f"<ErrorResponse><Error>{error}</Error></ErrorResponse>".encode()
        case "s3":
            error = "<Code>SlowDown</Code><Message>Please reduce your request rate.</Message>"
            return 503, _XML, f"<Error>{error}</Error>".encode()
        case _:
            return _as_json(400, "ThrottlingException")


def _as_json(status: int, code: str, **more: Any) -> Response:
    document = {"__type": code, "message": "Rate exceeded", **more}
    return status, {**_JSON, "x-amzn-errortype": code}, json.dumps(document).encode()


def _cancelled(items: int) -> Response:
    """A transaction is not throttled as a whole: it is cancelled, because of one of its items."""
    reasons = [{"Code": "ThrottlingError", "Message": "Throughput exceeds the current capacity"}]
    reasons += [{"Code": "None"}] * (items - 1)
    return _as_json(400, "TransactionCanceledException", CancellationReasons=reasons)
