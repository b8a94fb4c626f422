"""What people are shown of a session: each picture is a function of (session, now), and no more.

So one that is painted late or twice is still right: what cannot be done any more it does not offer.
It has the number of the session's newest record, by which a surface knows an older picture from a
newer one. It is built from the catalogue and from policy; the requester's own words (reason,
ticket) stand apart and are marked as quoted. It holds no token and no link that acts: approving is
a signed call.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pam.domain import timestamps
from pam.domain.lifecycle import Status
from pam.domain.session import Session


class Occasion(StrEnum):
    """Why somebody is shown it."""

    APPROVAL_NEEDED = "approval needed"
    STILL_WAITING = "still waiting"
    BREAK_GLASS = "break-glass"
    CONFIRMATION_NEEDED = "confirmation needed"
    ENDING_SOON = "ending soon"
    REVIEW_OVERDUE = "review overdue"
    OPERATOR_BLOCKED = "operator blocked"
    PRINCIPAL_LINKED = "principal linked"


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """By which people choose what they are told of: ids and names, never anybody's own words."""

    environment: str
    domain: str
    resource: str
    kind: str
    """Of the target, as in the catalogue."""
    requester: str
    """Name of the person who asked, or in whose name it was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """The approvers of one domain, as the identities file lists them. Whether the vote of one
    counts is for policy to say when it is cast.
    """

    domain: str
    names: tuple[str, ...] = ()
    permission_sets: tuple[str, ...] = ()
    """Whose people the file does not name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Particulars:
    """What the catalogue says of a session's resource, in its own words, and who votes on it."""

    title: str
    description: str = ""
    """What the resource allows; empty for one that is in the catalogue no more."""
    benches: tuple[Bench, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What somebody wrote, to be shown as theirs. `heading` is of PAM's making."""

    heading: str
    reason: str
    ticket: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """`headline` says all that there is room for on a locked screen."""

    occasion: Occasion
    about: About | None = None
    """None for what is about no session."""
    session_id: str = ""
    """Empty for what is about no session."""
    sequence: int = 0
    """Of the newest audit record that it shows."""
    subject: str
    headline: tuple[str, str]
    rows: tuple[tuple[str, str], ...] = ()
    """What more there is to know: a name, and what it is."""
    words: Words | None = None
    commands: tuple[tuple[str, ...], ...] = ()
    """Of `pam`, each as its arguments."""
    facts: Mapping[str, object] = field(default_factory=dict)
    """The same for machines: values of JSON."""
    to: str = ""
    """Name of the person whom it is for; empty where it is for an office."""

    def replaces(self, shown: int | None) -> bool:
        """Whether it may take the place of the picture with that number, or of none."""
        return shown is None or self.sequence >= shown


def votes_needed(session: Session, so_far: str) -> str:
    """`so_far` is empty, or ends with a comma and a space."""
    needed = session.needed
    gate = f", {needed.domain} of them from {session.domain} (DT-001)" if needed.domain else ""
    until = timestamps.render(session.approval_expires_at)
    return f"Needed: {needed.total} approval(s){gate}, {so_far}until {until}."


def undecided(session: Session, now: datetime) -> bool:
    """Whether votes are still taken."""
    return session.status is Status.PENDING_APPROVAL and now < session.approval_expires_at


def person_of(session: Session) -> str:
    return f"{session.requester_name} ({session.requester_domain})"


def what_of(session: Session, title: str) -> str:
    """`title` is the catalogue's."""
    place = f"{session.resource}, {session.environment.value}, {session.domain}"
    return f"{title} [{place}]"


def whose_words(session: Session) -> str:
    """What stands over the reason and the ticket."""
    verified = "" if session.requester_verified else " (as claimed by a runbook)"
    return f"In the requester's own words{verified}:"
