"""The look back that a break-glass session owes: by two people who are not its user."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

REVIEWERS_NEEDED = 2


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

    def with_look(self, look: LookBack) -> Self:
        """One `unjustified` is enough for the whole: a doubt is not outvoted."""
        looked = replace(self, given=(*self.given, look))
        if len(looked.people) < REVIEWERS_NEEDED:
            return looked
        doubted = any(each.judgement is Judgement.UNJUSTIFIED for each in looked.given)
        outcome = Judgement.UNJUSTIFIED if doubted else Judgement.JUSTIFIED
        return replace(looked, outcome=outcome.value)
