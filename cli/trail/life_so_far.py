"""A session as far as its records have told, and who did what the next one says."""

from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from pam.domain.audit_record import Record
from pam.domain.errors import NotEligible
from pam.domain.people import ActorKind, Auth, Person, Surface
from pam.domain.session import Session
from pam.policy.cedar import CedarPolicy


@dataclass(slots=True, kw_only=True)
class Life:
    """A session as far as its records have told."""

    session: Session
    facts: Record
    latest: datetime
    """The latest time that any of its records has."""
    alerted: bool = False
    denied_by: str = ""


def refuse(why: str) -> NoReturn:
    raise NotEligible(why)


def way_in(record: Record) -> tuple[Surface, Auth]:
    """Records of before there was more than one way for a person do not tell."""
    actor = record["actor"]
    usual = Surface.API if actor["kind"] == ActorKind.PERSON else Surface.RUNBOOK
    try:
        return Surface(actor.get("surface") or usual), Auth(actor.get("auth") or Auth.SIGV4)
    except ValueError:
        refuse("it does not say which way it came in")


def person_of(record: Record, policy: CedarPolicy) -> Person:
    """Who acted: never one whom the policy set lists as nobody."""
    if record["actor"]["kind"] != ActorKind.PERSON:
        refuse("no person did it")
    return policy.identities.identify(record["actor"]["principal"])


def signer_of(record: Record, policy: CedarPolicy) -> Person:
    """The same, of what is never done by Slack."""
    if way_in(record)[1] is Auth.SLACK:
        refuse("it was done by Slack")
    return person_of(record, policy)
