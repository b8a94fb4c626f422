"""The holder's process: `serve` is all that it does. Its transport's module starts it."""

import json
import os
import time
from contextlib import suppress

from cli.holder.memory import Memory
from cli.holder.transport import Listener

LOOK = 30.0
"""Seconds between two looks at whether there is anything left to do."""


def serve(listener: Listener, memory: Memory, *, look: float = LOOK) -> None:
    """Answers until there is nothing left to hold, or nobody finds the way here any more."""
    try:
        while (left := memory.left(time.time())) > 0 and listener.is_still():
            connection = listener.accept(min(look, left))
            if connection is None:
                continue
            with connection, suppress(OSError, RecursionError, ValueError):
                asked = json.loads(connection.receive())
                if isinstance(asked, dict):
                    answer = memory.answer(asked, now=time.time()) | {"pid": os.getpid()}
                    connection.send(json.dumps(answer).encode())
    finally:
        listener.close()
