"""New ULIDs, and the one that follows from a workflow execution."""

import base64
import hashlib
import secrets
from datetime import datetime

from ulid import ULID


def new_id(now: datetime) -> str:
    """A fresh ULID whose time part is `now`."""
    return str(ULID.from_datetime(now))


def new_text_key() -> str:
    """Secret, hex: commits a session's records to what people wrote."""
    return secrets.token_hex(32)


def new_link_code() -> str:
    """128 random bits in groups that people can read out: `domain.links.digest_of` reads them."""
    plain = base64.b32encode(secrets.token_bytes(16)).decode().rstrip("=")
    return "-".join(plain[begin : begin + 5] for begin in range(0, len(plain), 5))


def id_of_execution(execution_arn: str, started_at: datetime) -> str:
    """A retried first state must not make two sessions."""
    return id_of(execution_arn, started_at)


def id_of(what: str, at: datetime) -> str:
    """The same ULID whenever it is asked for."""
    milliseconds = int(at.timestamp() * 1000)
    digest = hashlib.sha256(what.encode()).digest()
    return str(ULID(milliseconds.to_bytes(6, "big") + digest[:10]))
