"""What others than we say of IAM policies: parliament, and policy_sentry's tables of actions.

Run by the tests in `.pam/opinions`, since parliament wants an old setuptools. On standard input a
list of `{name, kind, document}` (`kind`: `identity`, `trust` or `resource`), on standard output one
of `{tool, policy, issue, detail}`. It rejects nothing by itself: the tests hold the findings
against the exceptions in `.opinions.yaml`.
"""

import json
import re
import sys
import warnings
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

warnings.simplefilter("ignore")  # pkg_resources says at each start that it is old

from parliament import analyze_policy_string  # noqa: E402
from policy_sentry.querying.actions import (  # noqa: E402
    get_action_data,
    get_actions_for_service,
)

_ANY_ROLE = "arn:aws:iam::111122223333:role/any"
"""A trust policy names no resource, and parliament reads no statement without one."""
_GLOBAL = "aws:"
Finding = dict[str, str]


def main() -> None:
    found: list[Finding] = []
    for policy in json.load(sys.stdin):
        document = policy["document"]
        for issue, detail in _parliament(policy["kind"], document):
            found.append(_finding("parliament", policy["name"], issue, detail))
        for issue, detail in _policy_sentry(policy["kind"], document):
            found.append(_finding("policy_sentry", policy["name"], issue, detail))
    json.dump(found, sys.stdout)


def _finding(tool: str, policy: str, issue: str, detail: object) -> Finding:
    said = detail if isinstance(detail, str) else json.dumps(detail)
    return {"tool": tool, "policy": policy, "issue": issue, "detail": said}


def _parliament(kind: str, document: dict[str, Any]) -> Iterator[tuple[str, object]]:
    if kind == "trust":
        document = document | {
            "Statement": [it | {"Resource": _ANY_ROLE} for it in document["Statement"]]
        }
    # IAM takes a number where parliament wants its digits.
    text = json.dumps(json.loads(json.dumps(document), parse_int=str, parse_float=str))
    for finding in analyze_policy_string(text).findings:
        for detail in _each(finding.detail):
            yield finding.issue, detail


def _each(detail: Any) -> Iterator[object]:
    """A finding about several actions is one about each, so that each is excepted by name."""
    if not isinstance(detail, list):
        yield detail
        return
    for each in detail:
        yield each["action"] if isinstance(each, dict) else each


def _policy_sentry(kind: str, document: dict[str, Any]) -> Iterator[tuple[str, object]]:
    """Each action is one that AWS has; of an action that is allowed on named resources, one of them
    is of a type that the action knows; a service's own condition key is one that the action knows.
    """
    for statement in document["Statement"]:
        for pattern in _listed(statement.get("Action", [])):
            actions = _expanded(pattern)
            if not actions:
                yield "UNKNOWN_ACTION", pattern
            if "*" in pattern:
                continue
            for action in actions:
                rows = get_action_data(*action.split(":"))[action.partition(":")[0]]
                if kind == "identity" and statement["Effect"] == "Allow":
                    yield from _resources(action, rows, _listed(statement.get("Resource", [])))
                yield from _conditions(action, rows, statement.get("Condition", {}))


@cache
def _expanded(pattern: str) -> list[str]:
    if pattern == "*":
        return ["*"]
    prefix, _, _ = pattern.partition(":")
    wanted = pattern.lower()
    return [each for each in get_actions_for_service(prefix) if fnmatchcase(each.lower(), wanted)]


def _resources(
    action: str, rows: list[dict[str, Any]], named: list[str]
) -> Iterator[tuple[str, object]]:
    known = [row["resource_arn_format"] for row in rows]
    if "*" in named:
        if "*" not in known:
            yield "RESOURCE_STAR", action
        return
    shapes = [shape for shape in known if shape != "*"]
    if not any(_same_shape(arn, shape) for arn in named for shape in shapes):
        yield "RESOURCE_MISMATCH", f"{action}: {', '.join(named)}"


def _same_shape(arn: str, shape: str) -> bool:
    """Whether some ARN is of both: a star stands for anything on either side."""
    return _overlap(arn, re.sub(r"\$\{\w+\}", "*", shape))


@cache
def _overlap(one: str, other: str) -> bool:
    if not one or not other:
        return not (one or other).strip("*")
    if one[0] == "*":
        return _overlap(one[1:], other) or _overlap(one, other[1:])
    if other[0] == "*":
        return _overlap(other, one)
    return one[0] == other[0] and _overlap(one[1:], other[1:])


def _conditions(
    action: str, rows: list[dict[str, Any]], conditions: dict[str, Any]
) -> Iterator[tuple[str, object]]:
    known = {key.lower() for row in rows for key in row["condition_keys"]}
    for keys in conditions.values():
        for key in keys:
            own = key.lower()
            if not own.startswith(_GLOBAL) and not any(_same_key(own, each) for each in known):
                yield "UNKNOWN_CONDITION", f"{action}: {key}"


def _same_key(key: str, known: str) -> bool:
    stem, variable, _ = known.partition("${")
    return key.startswith(stem) if variable else key == known


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


if __name__ == "__main__":
    main()
