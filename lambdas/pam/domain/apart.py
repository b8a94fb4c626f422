"""Which offices one person must not hold together (`apart:` in the catalogue), and how it shows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

Apart = tuple[frozenset[str], ...]
"""Sets of roles; nobody may have two of one set."""

WATCHED_FOR = timedelta(hours=24)
"""Within which acts in two such offices are told."""
NOTED_EVERY = timedelta(hours=1)
"""How exactly the last act in an office is remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """That a person signed a call by this principal, which gave these groups and roles."""

    person: str
    principal: str
    groups: tuple[str, ...]
    roles: tuple[str, ...]
    at: datetime

    def recent(self, now: datetime) -> bool:
        """Whether its last repetition may lie within the time that is watched."""
        return now < self.at + WATCHED_FOR + NOTED_EVERY


def clash(roles: Iterable[str], apart: Apart) -> tuple[str, ...]:
    """The roles among these that must not be together; empty where all may."""
    held = frozenset(roles)
    return next((tuple(sorted(held & each)) for each in apart if len(held & each) > 1), ())
