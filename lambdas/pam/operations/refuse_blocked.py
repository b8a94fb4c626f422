"""Whom the blocklist keeps from what, asked of the table at this very instant."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from pam.domain.block import Block, standing
from pam.domain.errors import Blocked
from pam.ports.sessions import SessionStore


def kept_out(
    people: Iterable[str], resource: str, *, now: datetime, store: SessionStore
) -> Mapping[str, Block]:
    """Those of these people who are kept from this resource now (EVERYTHING: from acting at all),
    each with the block that says so. One read of all, of what stands in the table at this instant:
    no answer is ever kept for another call.
    """
    asked = store.blocks_on(resource, sorted(set(people)))
    found = {person: standing(blocks, resource, now) for person, blocks in asked.items()}
    return {person: block for person, block in found.items() if block is not None}


def refuse(block: Block | None, *, session_id: str | None = None) -> None:
    """Raises Blocked if there is one."""
    if block is not None:
        # Neither who blocked nor why: both are for operators and auditors.
        raise Blocked(block.in_words(), session_id=session_id)


def refuse_blocked(
    person: str,
    resource: str,
    *,
    now: datetime,
    store: SessionStore,
    session_id: str | None = None,
) -> None:
    """Raises Blocked if the person is kept from this resource now."""
    refuse(kept_out([person], resource, now=now, store=store).get(person), session_id=session_id)


def is_blocked(person: str, resource: str, *, now: datetime, store: SessionStore) -> bool:
    return person in kept_out([person], resource, now=now, store=store)
