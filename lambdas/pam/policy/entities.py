"""What Cedar is told of people, resources and sessions: entities, as `pam.cedarschema` has them."""

from collections.abc import Iterable, Mapping

from pam.domain.circumstances import Circumstances
from pam.domain.people import Person
from pam.domain.resource import Resource
from pam.domain.session import Session


def _entity(kind: str, name: str, attrs: Mapping[str, object]) -> dict[str, object]:
    return {"uid": {"type": f"PAM::{kind}", "id": name}, "attrs": dict(attrs), "parents": []}


def _reference(person: str) -> dict[str, object]:
    return {"__entity": {"type": "PAM::Person", "id": person}}


SYSTEM = _entity("System", "pam", {})
"""What a question is about that concerns no resource and no session."""


def of_resource(resource: Resource) -> dict[str, object]:
    return _entity(
        "Resource",
        resource.resource_id,
        {"environment": resource.environment.value, "domain": resource.domain},
    )


def of_session(session: Session, reviewers: Iterable[str]) -> dict[str, object]:
    """`reviewers` are those whom the catalogue names for the resource's domain."""
    return _entity(
        "Session",
        session.session_id,
        {
            "requester": _reference(session.requester_name),
            "voters": [_reference(name) for name in sorted({v.name for v in session.votes})],
            "reviewers": [_reference(name) for name in sorted(reviewers)],
            "breakGlass": session.circumstances.break_glass,
            "requesterDomain": session.requester_domain,
            "environment": session.environment.value,
            "domain": session.domain,
        },
    )


def of_request(requester: Person, resource: Resource, asked: Circumstances) -> dict[str, object]:
    """A session as it would be right after this request."""
    return _entity(
        "Session",
        "",
        {
            "requester": _reference(requester.name),
            "voters": [],
            "reviewers": [],
            "breakGlass": asked.break_glass,
            "requesterDomain": requester.domain,
            "environment": resource.environment.value,
            "domain": resource.domain,
        },
    )


def of_question(person: Person, resource: dict[str, object]) -> list[dict[str, object]]:
    """All that Cedar is told with a question: the person, their roles, and what it is about."""
    roles = [{"type": "PAM::Role", "id": role} for role in sorted(person.roles)]
    entities = [_entity("Person", person.name, {"domain": person.domain}) | {"parents": roles}]
    entities += [_entity("Role", role["id"], {}) for role in roles]
    return [*entities, resource]
