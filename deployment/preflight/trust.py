"""Whom a lent role's trust policy lets in, and whether it is as `docs/roles.md` says."""

from collections.abc import Iterator, Mapping
from typing import Any

from pam.names import SESSION_TAG

LEND = ("sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession")
_TAG, _IDENTITY = f"aws:RequestTag/{SESSION_TAG}", "sts:SourceIdentity"
_CONDITIONS = {
    "sts:AssumeRole": {_TAG, _IDENTITY},
    "sts:TagSession": {_TAG},
    "sts:SetSourceIdentity": {_IDENTITY},
}
_ANYTHING = {"?*"}


def faults_of(trust: Mapping[str, Any], *, issuer: str, activator: str) -> Iterator[str]:
    """`issuer` and `activator` are the ARNs of PAM's roles. What is not understood is a fault."""
    wanted = {issuer, activator}
    given: dict[str, set[str]] = {action: set() for action in LEND}
    for statement in listed(trust.get("Statement")):
        if statement.get("Effect") != "Allow":
            continue
        who = _principals(statement)
        for stranger in sorted(who - wanted):
            yield f"lets in {stranger}"
        for action in listed(statement.get("Action", "everything but some")):
            if action not in _CONDITIONS:
                yield f"allows {action}"
            elif missing := _CONDITIONS[action] - _required(statement):
                yield f"allows {action} without a condition on {' and '.join(sorted(missing))}"
            else:
                given[action] = given[action] | who
    for action, who in given.items():
        for absent in sorted(wanted - who):
            yield f"does not allow {action} to {absent.rpartition('/')[2]}"


def _principals(statement: Mapping[str, Any]) -> set[str]:
    said = statement.get("Principal")
    if not isinstance(said, dict):
        return {f"anybody ({said})"}
    return {
        each if kind == "AWS" else f"{kind} {each}"
        for kind, names in said.items()
        for each in listed(names)
    }


def _required(statement: Mapping[str, Any]) -> set[str]:
    """Keys that have to be there and not empty. Other operators, and those that let a missing key
    pass, require nothing.
    """
    required = statement.get("Condition", {}).get("StringLike", {})
    return {key for key, value in required.items() if set(listed(value)) == _ANYTHING}


def listed(value: Any) -> list[Any]:
    """IAM writes one of a list without the list."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
