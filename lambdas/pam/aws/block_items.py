"""Blocks as items of a table of their own: all in one partition, so that no scan and no index is
needed to read the blocks of one person, or all of them, consistently.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pam.domain import timestamps
from pam.domain.block import Block
from pam.names import BLOCKS_PARTITION

HEAD_KEY = {"pk": BLOCKS_PARTITION, "sk": "#HEAD"}
"""Its `version` moves with every change of the list; it sorts before every person's name."""
KEPT = timedelta(days=90)
"""How long a block can still be looked up, with its reason, once it is over."""


def head_item(version: int) -> dict[str, Any]:
    return {**HEAD_KEY, "kind": "BLOCKS", "version": version}


def prefix(person: str) -> str:
    """What the sort keys of a person's blocks begin with; no name and no resource has a #."""
    return f"{person}#"


def block_item(block: Block, event_id: str) -> dict[str, Any]:
    """`event_id` names the record of the change: a block without one was not put there by PAM."""
    item = {
        "pk": BLOCKS_PARTITION,
        "sk": prefix(block.person) + block.resource,
        "kind": "BLOCK",
        "event_id": event_id,
        "person": block.person,
        "principal": block.principal,
        # Not `resource`: that is the key of an index of sessions.
        "on": block.resource,
        "since": timestamps.render(block.since),
        "until": _instant(block.until),
        "reason": block.reason,
        "by": block.by,
        "of_operator": block.of_operator,
        "lifted_at": _instant(block.lifted_at),
        "lifted_by": block.lifted_by,
        "lift_reason": block.lift_reason,
    }
    over = block.lifted_at or block.until
    return item if over is None else item | {"ttl": int((over + KEPT).timestamp())}


def block_of(item: Mapping[str, Any]) -> Block:
    return Block(
        person=item["person"],
        principal=item["principal"],
        resource=item["on"],
        since=timestamps.parse(item["since"]),
        until=_parsed(item["until"]),
        reason=item["reason"],
        by=item["by"],
        of_operator=item.get("of_operator", False),
        lifted_at=_parsed(item["lifted_at"]),
        lifted_by=item["lifted_by"],
        lift_reason=item["lift_reason"],
    )


def _instant(value: datetime | None) -> str | None:
    return None if value is None else timestamps.render(value)


def _parsed(text: str | None) -> datetime | None:
    return None if text is None else timestamps.parse(text)
