"""Writes that are done together or not at all, and what it means when they are not."""

from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError

from pam.domain.errors import StaleSession

LOST_RACE = frozenset({"ConditionalCheckFailed", "TransactionConflict"})
"""Why DynamoDB cancels a transaction that another write was faster than."""


def transact(client: Any, writes: Sequence[dict[str, Any]]) -> None:
    """Raises StaleSession if something is no longer what the writes expect."""
    try:
        client.transact_write_items(TransactItems=list(writes))
    except ClientError as error:
        reasons = error.response.get("CancellationReasons") or []
        codes = {reason.get("Code") for reason in reasons}
        conflict = error.response["Error"]["Code"] == "TransactionConflictException"
        if conflict or codes & LOST_RACE:
            raise StaleSession(str(codes)) from None
        raise
