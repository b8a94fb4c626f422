"""`catalogue.yaml`: what can be borrowed, checked entry by entry and against one another."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pam.domain import durations
from pam.domain.apart import Apart
from pam.domain.channels import Channels
from pam.domain.limits import Limits
from pam.domain.links import LinkRules
from pam.domain.resource import Resource
from pam.policy.compiled import BreakGlassRules, PolicyError
from pam.policy.files import CatalogueFile, ResourceEntry, catalogue_file
from pam.policy.reading import read_model
from pam.policy.shared_targets import Lent, Shared, shared_targets
from pam.policy.yaml_lines import LocatedYaml


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """`places` is where each resource stands, by its id: `FILE:LINE`."""

    resources: tuple[Resource, ...]
    break_glass: BreakGlassRules
    limits: Limits
    links: LinkRules
    channels: Channels
    apart: Apart
    places: Mapping[str, str]
    reviewer_places: Mapping[str, str]
    """The same, by domain, for those whom `break_glass` names as reviewers."""
    shared: tuple[Shared, ...]
    """Targets that several resources lend, as far as that is no fault."""


def load_catalogue(path: Path, account: str = "") -> Catalogue:
    """`account` is PAM's own, where that is known. Raises PolicyError."""
    file, document = read_model(path, catalogue_file())
    resources: dict[str, Resource] = {}
    lent: list[Lent] = []
    for number, entry in enumerate(file.resources):
        place = f"{path}:{document.line(('resources', number))}"
        fault = _fault_of(entry, file, taken=entry.id in resources)
        if fault:
            message = f"{place}: {entry.id}: {fault}"
            raise PolicyError(message)
        resource = _resource(entry, file)
        resources[entry.id] = resource
        lent.append(Lent.of(resource, entry.issuer, place=place, account=account))
    domains = {resource.domain for resource in resources.values()}
    reviewer_places = {
        domain: f"{path}:{document.line(('break_glass', 'reviewers', domain))}"
        for domain in file.break_glass.reviewers
    }
    for domain, place in reviewer_places.items():
        if domain not in domains:
            message = f"{place}: break_glass.reviewers: no resource is of domain {domain!r}"
            raise PolicyError(message)
    _check_channels(path, document, file, resources)
    return Catalogue(
        resources=tuple(resources.values()),
        break_glass=BreakGlassRules(
            review_environments=tuple(file.break_glass.review_environments),
            review_within=file.break_glass.review_within,
            reviewers={name: tuple(who) for name, who in file.break_glass.reviewers.items()},
        ),
        limits=Limits(**file.limits.model_dump()),
        links=LinkRules(**file.links.model_dump()),
        channels=Channels(
            operators=file.slack.operators or "",
            domains=file.slack.domains,
            resources=file.slack.resources,
        ),
        apart=tuple(frozenset(roles) for roles in file.apart),
        places={each.resource.resource_id: each.place for each in lent},
        reviewer_places=reviewer_places,
        shared=shared_targets(lent),
    )


def _check_channels(
    path: Path, document: LocatedYaml, file: CatalogueFile, resources: Mapping[str, Resource]
) -> None:
    """Raises PolicyError for a channel that hears of what there is not."""
    domains = {resource.domain for resource in resources.values()}
    for name in file.slack.domains.keys() - domains:
        place = f"{path}:{document.line(('slack', 'domains', name))}"
        message = f"{place}: slack.domains: no resource is of domain {name!r}"
        raise PolicyError(message)
    for name in file.slack.resources.keys() - resources.keys():
        place = f"{path}:{document.line(('slack', 'resources', name))}"
        message = f"{place}: slack.resources: there is no resource {name!r}"
        raise PolicyError(message)


def _resource(entry: ResourceEntry, file: CatalogueFile) -> Resource:
    longest = entry.max_duration or file.defaults.max_duration
    return Resource(
        resource_id=entry.id,
        title=entry.title,
        description=entry.description,
        environment=entry.environment,
        domain=entry.domain,
        issuer_kind=entry.issuer.kind,
        issuer={
            name: "true" if value is True else str(value)
            for name, value in entry.issuer.model_dump(exclude={"kind"}).items()
            if value is not None and value is not False
        },
        default_duration=entry.duration or min(file.defaults.duration, longest),
        max_duration=longest,
        approval_window=entry.approval_window or file.defaults.approval_window,
        slack_approvals=entry.slack_approvals,
    )


def _fault_of(entry: ResourceEntry, file: CatalogueFile, *, taken: bool) -> str | None:
    if taken:
        return "the id is taken"
    resource = _resource(entry, file)
    if not durations.SHORTEST_SESSION <= resource.max_duration <= durations.LONGEST_SESSION:
        return "max_duration must be between 1s and 4h"
    if not durations.SHORTEST_SESSION <= resource.default_duration <= resource.max_duration:
        return "duration must be between 1s and max_duration"
    shortest, longest = durations.APPROVAL_WINDOWS
    if not shortest <= resource.approval_window <= longest:
        return "approval_window must be between 5m and 24h"
    return entry.issuer.fault() or _fault_of_target(resource)


def _fault_of_target(resource: Resource) -> str | None:
    """What its kind's row names a target by, or says of where to sign in, must be in the entry."""
    try:
        target = resource.target(account="", region="")
        if target.row.standing:
            _ = target.sign_in
    except KeyError as missing:
        return f"a target of kind {resource.issuer_kind} has to say its {missing.args[0]}"
    return None
