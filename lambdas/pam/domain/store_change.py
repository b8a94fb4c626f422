"""What happened to an item of the store, as its stream tells it: what was there, and what is."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pam.domain.audit_record import Record
from pam.domain.block import Block
from pam.domain.session import Session


class Item(StrEnum):
    """What is watched, by the place where it lies."""

    RECORD = "RECORD"
    SESSION = "SESSION"
    BLOCK = "BLOCK"
    BLOCKS = "BLOCKS"
    """The head of the blocklist: its version moves with every change."""
    LOG_HEAD = "LOG_HEAD"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedBlock:
    """A block as it lies in the table, with the record that says who put it there."""

    block: Block
    event_id: str


UNREADABLE = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What comes of reading, and of judging, what is none of PAM's."""

Content = Record | Session | ListedBlock | int | None
"""By the item: a record; a session; a block; the version or the number of a head. None: nothing
there, or nothing that could be read.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """`before` and `after` are the item with all that it has, as plain data; None: not there."""

    change_id: str
    """AWS's own, the same however often it is delivered."""
    item: Item
    place: str
    """Which item it was, by its keys."""
    before: Mapping[str, object] | None
    after: Mapping[str, object] | None
    was: Content
    now: Content
    by_time_to_live: bool
    """Whether the table itself removed it, as AWS says and nobody can claim."""
