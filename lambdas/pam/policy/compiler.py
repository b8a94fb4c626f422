"""From the files under `policy/` to a CompiledPolicy, or to one line that names file and line.

Runs at synth, in `pam policy check` and in tests; never in a function.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import cedarpy
import yaml
from pydantic import BaseModel, ValidationError

from pam.domain import durations, kinds
from pam.domain.apart import Apart, clash
from pam.domain.errors import Code
from pam.domain.limits import Limits
from pam.domain.principals import folded
from pam.domain.resource import Resource
from pam.policy.compiled import (
    PERSON_NAME,
    BreakGlassRules,
    CompiledPolicy,
    Identity,
    PolicyError,
)
from pam.policy.context import Context
from pam.policy.files import (
    CatalogueFile,
    IdentitiesFile,
    IdentityEntry,
    ResourceEntry,
    catalogue_file,
)
from pam.policy.unknown_signals import unsaid
from pam.policy.yaml_lines import LocatedYaml

_Model = TypeVar("_Model", bound=BaseModel)
REVIEWERS_OF_A_DOMAIN = 2
_UNFINISHED = "unexpected end of input"
_PLAIN = {"extra_forbidden": "no such key", "missing": "is required"}


def load(policy_dir: Path, identities_file: Path) -> CompiledPolicy:
    """Reads and checks everything. Raises PolicyError ("FILE:LINE: what") for the first fault."""
    schema_file = policy_dir / "pam.cedarschema"
    schema = _read(schema_file)
    _check_syntax(schema_file, schema, cedarpy.Schema.from_str)
    sources = [(path, _read(path)) for path in sorted(policy_dir.glob("*.cedar"))]
    if not sources:
        message = (
            f"{policy_dir}:1: holds no *.cedar file; an empty policy set would deny everything"
        )
        raise PolicyError(message)
    codes: dict[str, str] = {}
    seen: set[str] = set()
    for path, text in sources:
        codes |= _check_policies(path, text, schema, seen)
    _check_unknown(sources)
    _check_context(schema_file, schema)
    catalogue, break_glass, file = _load_catalogue(policy_dir / "catalogue.yaml")
    apart: Apart = tuple(frozenset(roles) for roles in file.apart)
    roles, identities = _load_identities(identities_file, apart)
    return CompiledPolicy(
        cedar="\n".join(text for _, text in sources),
        cedar_schema=schema,
        codes=codes,
        policy_count=len(seen),
        resources=catalogue,
        roles=roles,
        identities=identities,
        break_glass=break_glass,
        limits=Limits(**file.limits.model_dump()),
        apart=apart,
    )


def small_domains(compiled: CompiledPolicy) -> tuple[str, ...]:
    """The domains that own break-glass resources and have too few people to review their use.

    Two must look, and one of them may have voted. Members of a permission set are known to
    Identity Center alone, so a domain whose approvers come from one is not judged.
    """
    reviewed = {
        resource.domain
        for resource in compiled.resources
        if resource.environment in compiled.break_glass.review_environments
    }
    counted = [(domain, _reviewers(compiled, domain)) for domain in sorted(reviewed)]
    return tuple(
        domain
        for domain, people in counted
        if people is not None and len(people) < REVIEWERS_OF_A_DOMAIN
    )


def _reviewers(compiled: CompiledPolicy, domain: str) -> set[str] | None:
    """By name; None where a permission set makes them uncountable."""
    approvers = [
        identity
        for identity in compiled.identities
        if identity.domain == domain
        and any(compiled.roles[group] == "approvers" for group in identity.groups)
    ]
    if any(identity.permission_set for identity in approvers):
        return None
    named = compiled.break_glass.reviewers.get(domain, ())
    return {identity.person for identity in approvers} | set(named)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        message = f"{path}:1: the file does not exist"
        raise PolicyError(message) from None
    except UnicodeDecodeError:
        message = f"{path}:1: the file is not UTF-8 text"
        raise PolicyError(message) from None


def _check_syntax(path: Path, text: str, parse: Callable[[str], object]) -> None:
    """Cedar's parser does not say where it stopped; the shortest prefix that is wrong does."""
    try:
        parse(text)
    except ValueError as whole:
        lines = text.splitlines()
        for count in range(1, len(lines) + 1):
            try:
                parse("\n".join(lines[:count]))
            except ValueError as fault:
                if _UNFINISHED not in str(fault):
                    message = f"{path}:{count}: {fault}"
                    raise PolicyError(message) from None
        message = f"{path}:{max(len(lines), 1)}: {whole}"
        raise PolicyError(message) from None


def _check_policies(path: Path, text: str, schema: str, seen: set[str]) -> dict[str, str]:
    """Syntax, ids and types of one file. Returns its refusal codes by policy id."""
    _check_syntax(path, text, cedarpy.policies_to_json_str)
    codes: dict[str, str] = {}
    policies = json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"]
    for policy in policies.values():
        annotations = policy.get("annotations", {})
        policy_id = annotations.get("id")
        if not policy_id:
            message = f'{path}:1: a policy has no @id("..."); the audit log names policies by it'
            raise PolicyError(message)
        if policy_id in seen:
            message = f"{path}:{_line_of_id(text, policy_id)}: @id {policy_id!r} is taken"
            raise PolicyError(message)
        seen.add(policy_id)
        if "code" in annotations:
            codes[policy_id] = _known_code(path, text, policy_id, annotations["code"])
    result = cedarpy.validate_policies(text, schema)
    if not result.validation_passed:
        error = result.errors[0]
        policy_id = result.id_annotations_by_policy_id.get(error.policy_id, "")
        what = error.error.replace(f"`{error.policy_id}`", f"`{policy_id}`")
        message = f"{path}:{_line_of_id(text, policy_id)}: {what}"
        raise PolicyError(message)
    return codes


def _check_context(path: Path, schema: str) -> None:
    untold = Context("", schema).untold()
    if untold:
        message = f"{path}:1: {untold}"
        raise PolicyError(message)


def _check_unknown(sources: list[tuple[Path, str]]) -> None:
    for (action, signal), policy_id in unsaid("\n".join(text for _, text in sources)).items():
        path, text = next(each for each in sources if f'@id("{policy_id}")' in each[1])
        message = (
            f"{path}:{_line_of_id(text, policy_id)}: `{policy_id}` reads context.{signal}, "
            f'and no policy for {action} says what "unknown" means'
        )
        raise PolicyError(message)


def _known_code(path: Path, text: str, policy_id: str, code: str) -> str:
    if code not in {known.value for known in Code}:
        message = f"{path}:{_line_of_id(text, policy_id)}: @code {code!r} is no refusal code"
        raise PolicyError(message)
    return code


def _line_of_id(text: str, policy_id: str) -> int:
    for number, line in enumerate(text.splitlines(), start=1):
        if f'@id("{policy_id}")' in line:
            return number
    return 1


def _parse_yaml(path: Path, model: type[_Model]) -> tuple[_Model, LocatedYaml]:
    try:
        document = LocatedYaml.parse(_read(path))
    except yaml.MarkedYAMLError as fault:
        line = fault.problem_mark.line + 1 if fault.problem_mark else 1
        message = f"{path}:{line}: {fault.problem}"
        raise PolicyError(message) from None
    try:
        return model.model_validate(document.data), document
    except ValidationError as fault:
        errors: list[Any] = fault.errors()
        # A misspelt key is unknown and its right spelling missing: the first says what to mend.
        first = next((e for e in errors if e["type"] == "extra_forbidden"), errors[0])
        where = ".".join(str(part) for part in first["loc"] if part not in kinds.KINDS)
        what = _PLAIN.get(first["type"], first["msg"])
        message = f"{path}:{document.line(first['loc'])}: {where}: {what}"
        raise PolicyError(message) from None


def _load_catalogue(path: Path) -> tuple[tuple[Resource, ...], BreakGlassRules, CatalogueFile]:
    file, document = _parse_yaml(path, catalogue_file())
    resources: dict[str, Resource] = {}
    for number, entry in enumerate(file.resources):
        fault = _fault_of(entry, file, taken=entry.id in resources)
        if fault:
            message = f"{path}:{document.line(('resources', number))}: {entry.id}: {fault}"
            raise PolicyError(message)
        resources[entry.id] = _resource(entry, file)
    domains = {resource.domain for resource in resources.values()}
    for domain in file.break_glass.reviewers:
        if domain not in domains:
            line = document.line(("break_glass", "reviewers", domain))
            message = f"{path}:{line}: break_glass.reviewers: no resource is of domain {domain!r}"
            raise PolicyError(message)
    break_glass = BreakGlassRules(
        review_environments=tuple(file.break_glass.review_environments),
        review_within=file.break_glass.review_within,
        reviewers={domain: tuple(people) for domain, people in file.break_glass.reviewers.items()},
    )
    return tuple(resources.values()), break_glass, file


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


def _load_identities(path: Path, apart: Apart) -> tuple[dict[str, str], tuple[Identity, ...]]:
    file, document = _parse_yaml(path, IdentitiesFile)
    taken: set[tuple[str, str]] = set()
    held: dict[str, set[str]] = {}
    identities = []
    for number, entry in enumerate(file.identities):
        fault = _fault_of_identity(entry, file, taken) or _clash(entry, file, apart, held)
        if fault:
            message = f"{path}:{document.line(('identities', number))}: {fault}"
            raise PolicyError(message)
        identities.append(_identity(entry))
    return dict(file.groups), tuple(identities)


def _clash(
    entry: IdentityEntry, file: IdentitiesFile, apart: Apart, held: dict[str, set[str]]
) -> str | None:
    """What one person would be, over all entries that are that person, and must not."""
    identity = _identity(entry)
    roles: set[str] = {file.groups[group] for group in identity.groups}
    if identity.person:
        held.setdefault(identity.person, set()).update(roles)
        roles = held[identity.person]
    together = clash(roles, apart)
    if not together:
        return None
    # A person who comes by a permission set has all its groups; no file lists who that is.
    person = identity.person or f"whoever has {identity.permission_set}"
    return f"{person} would be {' and '.join(together)}; the catalogue keeps these apart"


def _identity(entry: IdentityEntry) -> Identity:
    return Identity(
        accounts=tuple(entry.accounts or ([entry.account] if entry.account else [])),
        domain=entry.domain,
        groups=tuple(entry.groups),
        permission_set=entry.permission_set or "",
        user=entry.user or "",
        principal=entry.principal or "",
        person=folded(entry.person or entry.user or ""),
    )


def _fault_of_identity(
    entry: IdentityEntry, file: IdentitiesFile, taken: set[tuple[str, str]]
) -> str | None:
    for group in entry.groups:
        if group not in file.groups:
            return f"group {group!r} is not listed under groups"
    identity = _identity(entry)
    if not identity.permission_set and not PERSON_NAME.fullmatch(identity.person):
        return f"{identity.person!r} cannot name a person"
    listed = identity.permission_set or identity.principal or f"user/{identity.user}"
    for account in identity.accounts or ("",):
        # AWS has no two users of an account whose names differ in case only; others' ids are exact.
        key = (account, listed if identity.principal else folded(listed))
        if key in taken:
            where = f"{listed} of account {account}" if account else listed
            return f"{where} is listed twice, in one spelling or two; one principal is one person"
        taken.add(key)
    return None
