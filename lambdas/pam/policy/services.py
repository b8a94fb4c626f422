"""`services:` of the identities file: roles of other software, each with what it may ask about."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from pam.domain.people import Service
from pam.domain.principals import folded
from pam.domain.resource import Resource
from pam.policy.compiled import PolicyError
from pam.policy.files import ServiceEntry
from pam.policy.yaml_lines import LocatedYaml

_OF_PEOPLE = "awsreservedsso_"
"""The beginning of the name of a permission set's role, folded."""
_RESERVED_PATH = "aws-reserved/"


def services_of(
    entries: Sequence[ServiceEntry],
    path: Path,
    document: LocatedYaml,
    resources: Iterable[Resource],
) -> tuple[Service, ...]:
    """Checked against one another and against the catalogue. Raises PolicyError."""
    catalogue = tuple(resources)
    found: dict[tuple[str, str], Service] = {}
    for number, entry in enumerate(entries):
        service = Service(role=entry.role, account=entry.account, resources=tuple(entry.resources))
        # IAM has no two roles of an account whose names differ in case or path only.
        key = (service.account, folded(service.name))
        fault = _fault_of(service, catalogue)
        if key in found:
            fault = f"role {service.name} of account {service.account} is listed twice"
        if fault:
            message = f"{path}:{document.line(('services', number))}: services: {fault}"
            raise PolicyError(message)
        found[key] = service
    return tuple(found.values())


def _fault_of(service: Service, catalogue: tuple[Resource, ...]) -> str | None:
    if folded(service.name).startswith(_OF_PEOPLE) or service.role.startswith(_RESERVED_PATH):
        return f"{service.role} is a permission set: people have it; list it under identities"
    lent = {folded(str(it.issuer.get("role_name", "")).rpartition("/")[2]) for it in catalogue}
    if folded(service.name) in lent:
        return f"{service.role} is lent: whoever borrows it would be this service"
    known = {resource.resource_id for resource in catalogue}
    for resource in service.resources:
        if resource not in known:
            return f"there is no resource {resource!r}"
    return None
