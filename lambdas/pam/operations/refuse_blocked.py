"""Whom the blocklist keeps from what, asked of the table at this very instant."""

from datetime import datetime

from pam.domain.block import standing
from pam.domain.errors import Blocked
from pam.ports.sessions import SessionStore


def refuse_blocked(
    person: str,
    resource: str,
    *,
    now: datetime,
    store: SessionStore,
    session_id: str | None = None,
) -> None:
    """Raises Blocked if the person is kept from this resource now (EVERYTHING: from acting at all).

    It reads nothing but what stands in the table at this instant.
    """
    block = standing(store.blocks_of(person), resource, now)
    if block is not None:
        # Neither who blocked nor why: both are for operators and auditors.
        raise Blocked(block.in_words(), session_id=session_id)


def is_blocked(person: str, resource: str, *, now: datetime, store: SessionStore) -> bool:
    return standing(store.blocks_of(person), resource, now) is not None
