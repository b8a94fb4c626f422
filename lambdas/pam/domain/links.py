"""A principal of another surface that a person took for theirs, proven from both sides.

The surface shows a code to the principal; the person hands it in by a call that they sign, is told
what they would take, and accepts that very principal. So a code that somebody talked them into
handing in links nothing that they have not read.
"""

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

CODE_HOLDS = timedelta(minutes=10)
VOTES_AFTER = timedelta(minutes=10)
"""How long a new principal cannot vote: both sides have been told by then."""
HOLDS = timedelta(days=90)
MOST_WRONG_CODES = 10
"""Of one person within an hour."""
COUNTED_FOR = timedelta(hours=1)

_BETWEEN = re.compile(r"[\s-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRules:
    """`links:` in the catalogue."""

    proof_days: int = 7
    """For how long after its last signed call an approval by way of a permission set counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCode:
    """A code that a surface shows to one of its principals. Only its hash is kept."""

    digest: str
    principal: str
    display: str
    """How the surface names the principal: for the person who accepts it to read."""
    team: str
    """How it names the place that the principal is of; empty where it has none."""
    basis: str
    """Hash of what the surface knows of the principal and a link rests on."""
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """`accepted_by` is the AWS principal that accepted: the link carries its groups, no others."""

    principal: str
    person: str
    accepted_by: str
    linked_at: datetime
    basis: str
    proof: str = field(default="", repr=False)
    """By the function that took the call (`domain.proofs`)."""

    def holds(self, now: datetime) -> bool:
        return now < self.linked_at + HOLDS

    @property
    def votes_from(self) -> datetime:
        return self.linked_at + VOTES_AFTER


def digest_of(code: str) -> str:
    """SHA-256, in hex, of a code as people type it: in either case, with or without its hyphens."""
    return hashlib.sha256(_BETWEEN.sub("", code).upper().encode()).hexdigest()


def place_of(principal: str) -> str:
    """What a person has one principal of: the team of `slack:TEAM/USER`, the issuer of an `oidc`
    one, each device.
    """
    scheme, _, rest = principal.partition(":")
    place, _, _ = rest.partition("/" if scheme == "slack" else "#")
    return f"{scheme}:{place}"
