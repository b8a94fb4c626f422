"""How far an execution is. Step Functions is asked: PAM then has no more to do than it has for a
caller who does not ask at all.
"""

import time
from functools import cache
from typing import Any

from local.cast import Cast, NotSeenError

_HOLDING = "HoldUntilExpiry"
_PATIENCE, _PAUSE = 60.0, 0.01
"""Seconds."""


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
