"""From the files under `policy/` to a CompiledPolicy, or to one line that names file and line.

Runs at synth, in `pam policy check` and in tests; never in a function.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cedarpy

from pam.domain.errors import Code
from pam.policy.catalogue_file import Catalogue, load_catalogue
from pam.policy.compiled import CompiledPolicy, PolicyError
from pam.policy.context import Context
from pam.policy.identities_file import Listed, load_identities
from pam.policy.reading import read_text
from pam.policy.unknown_signals import unsaid

_UNFINISHED = "unexpected end of input"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFiles:
    """What was compiled, and from where: `policy.doubts` asks what in it can never work."""

    compiled: CompiledPolicy
    catalogue: Catalogue
    listed: Listed


def load(policy_dir: Path, identities_file: Path) -> CompiledPolicy:
    """As `read`, for who needs no more than what was compiled."""
    return read(policy_dir, identities_file).compiled


def read(policy_dir: Path, identities_file: Path, *, account: str = "") -> PolicyFiles:
    """Reads and checks everything; `account` is PAM's own, where that is known. Raises PolicyError
    ("FILE:LINE: what") for the first fault.
    """
    schema_file = policy_dir / "pam.cedarschema"
    schema = _read_cedar(schema_file)
    _check_syntax(schema_file, schema, cedarpy.Schema.from_str)
    sources = [(path, _read_cedar(path)) for path in sorted(policy_dir.glob("*.cedar"))]
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
    catalogue = load_catalogue(policy_dir / "catalogue.yaml", account)
    listed = load_identities(identities_file, catalogue.apart, catalogue.resources)
    compiled = CompiledPolicy(
        cedar="\n".join(text for _, text in sources),
        cedar_schema=schema,
        codes=codes,
        policy_count=len(seen),
        resources=catalogue.resources,
        roles=dict(listed.roles),
        identities=listed.identities,
        break_glass=catalogue.break_glass,
        limits=catalogue.limits,
        links=catalogue.links,
        channels=catalogue.channels,
        apart=catalogue.apart,
        services=listed.services,
    )
    return PolicyFiles(compiled=compiled, catalogue=catalogue, listed=listed)


def _read_cedar(path: Path) -> str:
    """A file that was emptied may have held what forbids; so it is refused."""
    text = read_text(path)
    lines = [line.strip() for line in text.splitlines()]
    if all(not line or line.startswith("//") for line in lines):
        message = f"{path}:1: the file is empty; put back what it held, or remove it"
        raise PolicyError(message)
    return text


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
