"""What the functions ask of AWS, call by call, seen at the emulator's door.

`counted(state)` turns it on for a running stack, and off again however its body ends. The switch is
a file in the state folder's scratch. Only what functions call is meant, known by the name that they
give themselves; people and the emulator's own services are not written down.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from local.bridges import functions
from local.bridges.patching import existing
from local.state import State

_WRITTEN_TOGETHER = ("TransactItems", "RequestItems", "Entries", "logEvents")
"""Where a request has several items, the name of their list."""


_FUNCTIONS_SAY = "app/mod046-pam"


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """One call of a function."""

    function: str
    """The function's name; empty if it called with credentials of a role that it had assumed."""
    action: str
    """As IAM names it: `dynamodb:GetItem`."""
    items: int
    """How many things it asks for or writes; 1 where the call knows of one only."""
    at: float
    """Seconds since the epoch, when it came in."""


@contextmanager
def counted(state: State) -> Iterator[None]:
    """Writes down what functions call from here on; `read_counted` has it."""
    state.counted.unlink(missing_ok=True)
    state.counting.touch()
    try:
        yield
    finally:
        state.counting.unlink(missing_ok=True)


def read_counted(state: State) -> list[Called]:
    """What was called since it was last turned on, in the order in which it came in."""
    if not state.counted.exists():
        return []
    # The last line may be one that is being written.
    whole, _, _ = state.counted.read_text().rpartition("\n")
    return [Called(**json.loads(line)) for line in whole.splitlines()]


def build(state: State) -> None:
    """To be called once the emulator's front is loaded: all calls of AWS pass through there."""
    from ministack import app
    from ministack.core.iam_actions import extract_iam_action
    from ministack.core.router import extract_access_key_id

    dispatch = existing(app, "_dispatch_service_request")
    detect = existing(app, "detect_service")

    async def dispatch_service_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query: Any, *rest: Any
    ) -> Any:
        if _FUNCTIONS_SAY in headers.get("user-agent", "") and state.counting.exists():
            service = str(detect(method, path, headers, query))
            function = functions.of_access_key(extract_access_key_id(headers, query))
            action = extract_iam_action(service, method, path, headers, body, query)
            called = Called(
                function=function.rpartition(":")[2],
                action=str(action or service),
                items=_items(body),
                at=time.time(),
            )
            with state.counted.open("a") as seen:
                seen.write(json.dumps(asdict(called)) + "\n")
        return await dispatch(method, path, headers, body, query, *rest)

    app._dispatch_service_request = dispatch_service_request


def _items(body: bytes) -> int:
    try:
        document = json.loads(body)
    except ValueError:
        return 1
    if not isinstance(document, dict):
        return 1
    for name in _WRITTEN_TOGETHER:
        match document.get(name):
            case list(items):
                return len(items)
            case dict(tables):
                # A read names keys, a write the items themselves.
                asked = [e.get("Keys", e) if isinstance(e, dict) else e for e in tables.values()]
                return sum(len(each) for each in asked)
    return 1
