"""New ULIDs, and the one that follows from a workflow execution."""

import hashlib
from datetime import datetime

from ulid import ULID


def new_id(now: datetime) -> str:
    """A fresh ULID whose time part is `now`."""
    return str(ULID.from_datetime(now))


def id_of_execution(execution_arn: str, started_at: datetime) -> str:
    """The same ULID whenever it is asked for: a retried first state must not make two sessions."""
    milliseconds = int(started_at.timestamp() * 1000)
    digest = hashlib.sha256(execution_arn.encode()).digest()
    return str(ULID(milliseconds.to_bytes(6, "big") + digest[:10]))
