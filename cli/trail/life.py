"""The life of one session as its records tell it, each step judged by what came before it.

Whether a step may follow is the one table of transitions; whether somebody may take it is asked of
the policy set that the step's own record names. Each function refuses with a sentence, as a Refusal
or an IllegalTransition.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from cli.trail import life_access, life_votes
from cli.trail.life_so_far import Life, person_of, refuse, way_in
from cli.trail.steps import OF_A_SESSION, REACHES
from pam.domain import timestamps
from pam.domain.approval import ApprovalsNeeded
from pam.domain.audit_record import Record, RecordType
from pam.domain.circumstances import Circumstances
from pam.domain.lifecycle import AWAITING, Status
from pam.domain.people import ActorKind
from pam.domain.resource import Environment, Resource, Target
from pam.domain.session import Session
from pam.policy.cedar import CedarPolicy

__all__ = ["Life", "begin", "go_on", "stand_alone"]

_LONGEST_CALL = timedelta(minutes=15)
"""AWS lets no function run for longer, and each of its records has the time at which it began."""
_CONSTANT = ("requester", "resource", "environment", "domain", "break_glass", "target", "ticket")
"""What a session is about: the same in every record of it."""


def begin(record: Record, policy: CedarPolicy) -> Life:
    """The session that this person may ask for."""
    if record["type"] != RecordType.REQUESTED:
        refuse("a session begins with Requested")
    if record["approvers"]:
        refuse("it names an approver who has not approved")
    resource = policy.resource(record["resource"])
    if resource is None:
        refuse("the policy set has no such resource")
    target = _target(record, resource)
    requester = policy.identities.identify(record["requester"])
    circumstances = _circumstances(record)
    if not policy.may_request(requester, resource, circumstances).allowed:
        refuse("no policy lets this requester ask for it")
    claimed = record["actor"]["kind"] == ActorKind.RUNBOOK
    if not claimed:
        asked = person_of(record, policy)
        if asked.name != requester.name:
            refuse(f"{asked.name} asked in the name of {requester.name}")
    asked_at = timestamps.parse(record["at"])
    session = Session(
        session_id=record["session_id"],
        status=Status.PENDING_APPROVAL,
        requester=record["requester"],
        requester_name=requester.name,
        requester_domain=requester.domain,
        resource=resource.resource_id,
        environment=Environment(record["environment"]),
        domain=record["domain"],
        target=target,
        reason="",
        circumstances=circumstances,
        asked_duration=resource.max_duration,
        duration=resource.max_duration,
        needed=ApprovalsNeeded(total=0, domain=0),
        created_at=asked_at,
        approval_expires_at=asked_at + resource.approval_window,
        execution_arn="",
    )
    if not session.held_until_confirmed:
        review = policy.review_for(resource, circumstances, now=asked_at)
        session = replace(session, review=review)
    return Life(session=session, facts=record, latest=asked_at)


def go_on(life: Life, record: Record, policy: Callable[[], CedarPolicy]) -> None:
    """The session one record further on. `policy` gives the set that the record names."""
    _check_facts(life, record)
    if record["type"] in _DECIDED_BY_POLICY:
        _DECIDED_BY_POLICY[record["type"]](life, record, policy())
    elif record["type"] in _SHOWN_BY_THE_REST:
        _SHOWN_BY_THE_REST[record["type"]](life, record)
    reached = REACHES.get(record["type"])
    if reached is not None:
        life.session = life.session.advance(reached)


def stand_alone(record: Record) -> None:
    if record["type"] in OF_A_SESSION:
        refuse("it belongs to a session, and stands in none")


def _target(record: Record, resource: Resource) -> Target:
    """Votes for one resource must not open another."""
    told = record["target"] or {}
    account, region = (str(told.get(name, "")) for name in ("account", "region"))
    meant = resource.target(account=account, region=region)
    if (record["environment"], record["domain"]) != (resource.environment, resource.domain):
        refuse("its environment or domain is not that of the resource")
    if dict(told) != dict(meant.names):
        refuse("its target is not that of the resource")
    return Target(kind=meant.kind, names=meant.names)


def _circumstances(record: Record) -> Circumstances:
    """From the record of the request: its own actor tells how it came in."""
    surface, auth = way_in(record)
    try:
        return Circumstances(
            surface=surface,
            auth=auth if record["actor"]["kind"] == ActorKind.PERSON else None,
            break_glass=record["break_glass"],
            ticket=record["ticket"],
            signals={str(k): str(v) for k, v in record["decision"].get("signals", {}).items()},
        )
    except (AttributeError, LookupError, TypeError, ValueError):
        refuse("it does not say how it was asked for")


def _check_facts(life: Life, record: Record) -> None:
    for name in _CONSTANT:
        if record[name] != life.facts[name]:
            refuse(f"another {name.replace('_', '-')} than was asked for")
    approved = set(life.session.approvers)
    if record["type"] == RecordType.VOTED:
        approved.add(record["actor"]["principal"])
    if not set(record["approvers"]) <= approved:
        refuse("it names an approver who has not approved")
    at = timestamps.parse(record["at"])
    if at < life.latest - _LONGEST_CALL:
        refuse("it is dated before what stands before it")
    life.latest = max(at, life.latest)
    if life.denied_by and life.session.status in AWAITING and record["type"] != RecordType.DENIED:
        refuse("one denial ends a session, and Denied should stand here")


_DECIDED_BY_POLICY: Mapping[str, Callable[[Life, Record, CedarPolicy], None]] = {
    RecordType.VOTED: life_votes.vote,
    RecordType.CONFIRMED: life_access.confirm,
    RecordType.APPROVED: life_votes.grant,
    RecordType.ACTIVATING: life_votes.grant,
    RecordType.LEASED: life_access.lease,
    RecordType.REVIEWED: life_access.review,
    RecordType.ERASED: life_access.erase,
}
_SHOWN_BY_THE_REST: Mapping[str, Callable[[Life, Record], None]] = {
    RecordType.ACTIVATED: life_access.activate,
    RecordType.BREAK_GLASS: life_access.alert,
    RecordType.DENIED: life_votes.deny,
    RecordType.DRIFT: life_votes.strike,
}
