"""boto3 clients with bounds: every call ends, and is retried a bounded number of times."""

from threading import Lock
from typing import Any

import boto3
from botocore.config import Config

_CONFIG = Config(
    connect_timeout=2,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 4},
    user_agent_appid="mod046-pam",
)
_MAKING = Lock()
"""Clients may be shared by threads; making two of them at once is what boto3 does not bear."""


def client(service: str, **kwargs: Any) -> Any:
    """A client of the function's own role; made when it is first needed, not at import."""
    with _MAKING:
        return boto3.client(service, config=_CONFIG, **kwargs)


def credentials() -> Any:
    """Those of the function's own role, for what is signed without a client."""
    return boto3.Session().get_credentials()
