"""How far a workflow is. Step Functions and the table are asked: PAM then has no more to do than it
has for a caller who does not ask at all.
"""

import time
from functools import cache
from typing import Any

from local.cast import Cast, NotSeenError, until
from pam.aws.attribute_values import to_item
from pam.aws.table_keys import token_key

_HOLDING = "HoldUntilExpiry"
_PATIENCE, _PAUSE = 60.0, 0.01
"""Seconds."""


def until_asked(cast: Cast, session_id: str) -> None:
    """Until the workflow waits for votes. A vote that is faster than it waits for its start."""
    table = str(cast.parameter("/bank/local/mod046/session-store/table-name"))
    key = to_item(token_key(session_id))
    client = cast.person("root").client("dynamodb")

    def asked() -> bool | None:
        found = client.get_item(TableName=table, Key=key, ConsistentRead=True)
        return "Item" in found or None

    until(asked, f"the workflow of {session_id} to wait for votes")


def until_held(cast: Cast, execution: str) -> None:
    """Until the workflow holds the grant."""
    deadline = time.monotonic() + _PATIENCE
    while _HOLDING not in states_entered(cast, execution):
        if time.monotonic() > deadline:
            message = f"waited {_PATIENCE} s for {execution}"
            raise NotSeenError(message)
        time.sleep(_PAUSE)


def states_entered(cast: Cast, execution: str) -> list[str]:
    history = _states_client(cast).get_execution_history(executionArn=execution)
    entered = (event.get("stateEnteredEventDetails") for event in history["events"])
    return [str(details["name"]) for details in entered if details]


@cache
def _states_client(cast: Cast) -> Any:
    return cast.person("root").client("stepfunctions")
