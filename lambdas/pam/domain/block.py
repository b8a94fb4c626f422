"""Who is kept from getting anything: a person, everywhere or on one resource, for a time or not."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pam.domain import timestamps

EVERYTHING = ""
"""In place of a resource: the block is on all there is, and on acting for PAM."""
LONGEST_BLOCK = timedelta(days=365)
"""For a longer time than this a person is blocked until lifted."""
LONGEST_BLOCK_OF_AN_OPERATOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """`person` is a name, so it speaks of every principal of theirs; `principal` is one of them."""

    person: str
    principal: str
    resource: str = EVERYTHING
    since: datetime
    until: datetime | None
    """None: until lifted."""
    reason: str
    by: str
    """The principal of the operator who blocked."""
    of_operator: bool = False
    """Whether it keeps an operator from acting; only one such block stands at a time."""
    lifted_at: datetime | None = None
    lifted_by: str = ""
    lift_reason: str = ""

    def stands(self, now: datetime) -> bool:
        """Whether it is in force. One whose time is over is not, wherever it may still be kept."""
        return self.lifted_at is None and (self.until is None or now < self.until)

    def covers(self, resource: str) -> bool:
        return self.resource in {EVERYTHING, resource}

    def outlasts(self, until: datetime | None) -> bool:
        """Whether it lasts as long as a block until then would."""
        return self.until is None or (until is not None and until <= self.until)

    def in_words(self) -> str:
        """What it is, in words of PAM's own."""
        where = f" on {self.resource}" if self.resource else ""
        until = "lifted" if self.until is None else timestamps.render(self.until)
        return f"{self.person} is blocked{where} until {until}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocklist:
    """All blocks as they were read; every change of any of them makes another version."""

    version: int = 0
    blocks: tuple[Block, ...] = ()


def standing(blocks: Iterable[Block], resource: str, now: datetime) -> Block | None:
    """The block in force that keeps from this resource, the one that lasts longest."""
    found = [block for block in blocks if block.covers(resource) and block.stands(now)]
    endless = next((block for block in found if block.until is None), None)
    return endless or max(found, key=lambda block: block.until or now, default=None)
