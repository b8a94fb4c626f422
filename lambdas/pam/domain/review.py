"""The look back that a break-glass session owes. Whose looks suffice is policy, not code."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self


class Judgement(StrEnum):
    """What a reviewer makes of it."""

    JUSTIFIED = "justified"
    UNJUSTIFIED = "unjustified"


@dataclass(frozen=True, slots=True, kw_only=True)
class LookBack:
    """One reviewer's word. `name` is the person, `principal` the ARN that signed."""

    name: str
    principal: str
    judgement: Judgement
    comment: str
    at: datetime
    for_domain: bool = False
    """Whether it counts as the look of the resource's own domain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LooksGathered:
    """How many different people have looked; of those, for the resource's domain."""

    total: int
    domain: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """Open until enough different people have looked; `outcome` then says what they found."""

    due_at: datetime
    outcome: str = ""
    given: tuple[LookBack, ...] = ()
    escalated_at: datetime | None = None
    """When Tier-1 was told that nobody had looked in time."""

    @property
    def open(self) -> bool:
        return not self.outcome

    @property
    def people(self) -> frozenset[str]:
        """Two principals of one person are one reviewer."""
        return frozenset(look.name for look in self.given)

    @property
    def reviewers(self) -> tuple[str, ...]:
        return tuple(look.principal for look in self.given)

    def overdue(self, now: datetime) -> bool:
        return self.open and now >= self.due_at

    @property
    def gathered(self) -> LooksGathered:
        """A person who somehow appears twice still counts once."""
        return LooksGathered(
            total=len(self.people),
            domain=len({look.name for look in self.given if look.for_domain}),
        )

    def with_look(self, look: LookBack) -> Self:
        return replace(self, given=(*self.given, look))

    def settled(self) -> Self:
        """With its outcome. One `unjustified` is enough for the whole: a doubt is not outvoted."""
        doubted = any(look.judgement is Judgement.UNJUSTIFIED for look in self.given)
        outcome = Judgement.UNJUSTIFIED if doubted else Judgement.JUSTIFIED
        return replace(self, outcome=outcome.value)
