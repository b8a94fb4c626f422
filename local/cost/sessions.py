"""Sessions as they are counted: asked for, approved when the approvers were told, leased, left to
their end, carried and sealed. Their people look at the store and not at the API while they wait:
looks are counted apart.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from deployment.counted import NOBODY, QUEUED, TRANSITIONS, Session, plus
from local.cast import Answer, Cast, NotSeenError, Person, until
from local.cost import trail
from local.cost.meter import Meter
from local.state import ROOT
from pam.aws import table_keys
from pam.domain.kinds import KINDS, LeaseForm, Source
from pam.domain.lifecycle import CLOSED, Status
from pam.domain.resource import Environment, Resource
from pam.names import Parameter, parameter_path
from pam.policy.compiler import load

_LEASES = 2
"""Of an hour: each lives for half of it."""
_SECONDS = 12
"""How long a session is lent here. What it costs does not depend on it, but for leases, looks and
the warning before its end, and these are counted by themselves.
"""
_STRICTEST = list(Environment)


@dataclass(frozen=True)
class Stage:
    """The people of a running stack and its store."""

    cast: Cast

    def requester(self, resource: Resource) -> Person:
        return next(self._people("engineers", resource.domain))

    def approvers(self, resource: Resource) -> Iterator[Person]:
        return self._people("approvers", resource.domain)

    def _people(self, office: str, domain: str) -> Iterator[Person]:
        """The crowd first: whoever else uses this stack is somebody of the story."""
        profiles = self.cast.about["profiles"]
        named = [
            name
            for name, profile in profiles.items()
            if profile["domain"] == domain and f"{domain}-{office}" in profile["groups"]
        ]
        yield from (self.cast.person(name) for name in sorted(named, key=_crowd_first))

    def item(self, key: dict[str, str]) -> dict[str, Any] | None:
        """Read as the account's root, which is not counted."""
        path = parameter_path("local", Parameter.SESSION_STORE_TABLE_NAME)
        found: dict[str, Any] | None = self._root.get_item(
            TableName=self.cast.parameter(path),
            Key={name: {"S": value} for name, value in key.items()},
            ConsistentRead=True,
        ).get("Item")
        return found

    def status(self, session_id: str) -> str:
        item = self.item(table_keys.session_key(session_id))
        return "" if item is None else str(item["status"]["S"])

    @property
    def _root(self) -> Any:
        return self.cast.person("root").client("dynamodb")


def resources() -> dict[str, Resource]:
    """By kind: the one of the strictest environment. A kind of which nothing is lent is missing."""
    catalogue = load(ROOT / "policy", ROOT / "local" / "identities.yaml").resources
    strictest = sorted(catalogue, key=lambda each: _STRICTEST.index(each.environment))
    found = {
        kind: next((each for each in strictest if each.issuer_kind == kind), None) for kind in KINDS
    }
    return {kind: each for kind, each in found.items() if each is not None}


def count_session(stage: Stage, meter: Meter, resource: Resource) -> Session:
    """One session of this kind, from the request to its sealed trail."""
    kind = KINDS[resource.issuer_kind]
    mark = meter.mark()
    requester = stage.requester(resource)
    asked = requester.request(resource.resource_id, duration_seconds=_SECONDS)
    session_id = str(asked["session_id"])
    approvals = _approved(stage, resource, session_id)
    _waited(stage, session_id, Status.ACTIVE)
    leases = 1 if kind.standing else _LEASES
    echoed = kind.shown is not None and kind.shown.source is Source.CLOUDTRAIL
    for _ in range(leases):
        lease = _leased(requester, session_id)
        if echoed and kind.lease is LeaseForm.AWS:
            echo = trail.echo(role_of(stage, resource), lease["access_key_id"])
            trail.tell(stage.cast, [echo])
    _waited(stage, session_id, *CLOSED)
    meter.quiet()
    stage.cast.checkpoint()
    meter.quiet()
    more = {
        (NOBODY, TRANSITIONS): float(_transitions(stage, session_id)),
        (NOBODY, QUEUED): float(leases if echoed else 0),
    }
    return Session(
        resource=resource.resource_id,
        approvals=approvals,
        leases=leases,
        count=plus(meter.beside_the_clock(mark), {key: n for key, n in more.items() if n}),
    )


def role_of(stage: Stage, resource: Resource) -> str:
    about = stage.cast.about
    return resource.target(account=about["account"], region=about["region"]).names["arn"]


def granted(stage: Stage, resource: Resource, seconds: int) -> str:
    """An ACTIVE session of so long."""
    asked = stage.requester(resource).request(resource.resource_id, duration_seconds=seconds)
    session_id = str(asked["session_id"])
    _approved(stage, resource, session_id)
    _waited(stage, session_id, Status.ACTIVE)
    return session_id


def warm_up(stage: Stage, lent: Iterable[Resource]) -> None:
    """Every function once: what is counted is warm, and cold starts are an assumption apart."""
    given = []
    for resource in lent:
        given.append(session_id := granted(stage, resource, _SECONDS))
        lease = _leased(stage.requester(resource), session_id)
        if "access_key_id" in lease:
            echo = trail.echo(role_of(stage, resource), lease["access_key_id"])
            trail.tell(stage.cast, [echo])
    for session_id in given:
        _waited(stage, session_id, *CLOSED)


def _leased(person: Person, session_id: str) -> dict[str, Any]:
    return _answered(person.post(f"/pam/sessions/{session_id}/credentials"))


def _approved(stage: Stage, resource: Resource, session_id: str) -> int:
    """Votes as long as they are needed; how many."""
    approvers, votes = stage.approvers(resource), 0
    if stage.status(session_id) != Status.PENDING_APPROVAL:
        return votes
    until(lambda: stage.item(table_keys.token_key(session_id)), "the approvers to be asked")
    while stage.status(session_id) == Status.PENDING_APPROVAL:
        _answered(next(approvers).approve(session_id))
        votes += 1
    return votes


def _waited(stage: Stage, session_id: str, *statuses: Status) -> None:
    until(
        lambda: stage.status(session_id) in statuses or None,
        f"session {session_id} to be {' or '.join(sorted(statuses))}",
    )


def _transitions(stage: Stage, session_id: str) -> int:
    """States that the workflow entered: what it is charged by."""
    machine = stage.cast.parameter(parameter_path("local", Parameter.APPROVAL_WORKFLOW_ARN))
    execution = f"{machine.replace(':stateMachine:', ':execution:')}:{session_id}"
    states = stage.cast.person("root").client("stepfunctions")
    pages = states.get_paginator("get_execution_history").paginate(executionArn=execution)
    return sum("stateEnteredEventDetails" in event for page in pages for event in page["events"])


def _answered(answer: Answer) -> dict[str, Any]:
    if answer.code or not isinstance(answer.body, dict):
        message = f"refused: {answer.status} {answer.body}"
        raise NotSeenError(message)
    return answer.body


def _crowd_first(name: str) -> tuple[bool, str]:
    return not name.startswith("load"), name
