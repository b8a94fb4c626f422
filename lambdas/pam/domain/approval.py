"""Votes: who said what, and how many count. How many are *needed* is policy, not code."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from pam.domain.people import Auth, Surface


class Ballot(StrEnum):
    APPROVE = "approve"
    DENY = "deny"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """One approver's word. `name` is the person, `principal` the ARN that signed."""

    name: str
    principal: str
    domain: str
    decision: Ballot
    comment: str
    at: datetime
    surface: Surface = Surface.API
    auth: Auth = Auth.SIGV4
    """Where the vote came in, and how the voter proved who they are."""
    duration: timedelta | None = None
    """A shorter duration that the approver set; the shortest stands."""
    proof: str = field(default="", repr=False)
    """By the function that took the vote (`domain.proofs`); empty if none vouches for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Casting:
    """How a vote is cast, beside who casts it: what policy tells one way in from another by."""

    ballot: Ballot
    surface: Surface
    auth: Auth
    slack_approvals: int
    """Approvals by Slack that count already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalsNeeded:
    """What policy wants before a grant is lawful: approvals in all, of them by the domain."""

    total: int
    domain: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalsGathered:
    total: int
    domain: int


def by_slack(votes: Iterable[Vote]) -> int:
    """How many of them are approvals that came in by Slack."""
    return sum(vote.decision is Ballot.APPROVE and vote.auth is Auth.SLACK for vote in votes)


def gathered(votes: tuple[Vote, ...], *, resource_domain: str) -> ApprovalsGathered:
    """Approvals of distinct people. A person who somehow appears twice still counts once."""
    approving = {vote.name: vote for vote in votes if vote.decision is Ballot.APPROVE}
    return ApprovalsGathered(
        total=len(approving),
        domain=sum(1 for vote in approving.values() if vote.domain == resource_domain),
    )
