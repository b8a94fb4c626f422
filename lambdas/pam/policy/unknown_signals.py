"""Whether a policy set says what an unknown signal means.

A rule such as "forbid where the risk is high" lets everything through when nobody knows the risk.
So of each signal that the policies for an action read, one of them must speak of "unknown".
"""

import json
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from pam.domain import circumstances
from pam.domain.circumstances import UNKNOWN

ANY_ACTION = "*"
"""Of a policy that names no action."""


def unsaid(cedar: str) -> Mapping[tuple[str, str], str]:
    """(action, signal) -> @id of a policy that reads the signal, where no policy for that action
    compares it with "unknown". Raises ValueError if `cedar` is not Cedar.
    """
    import cedarpy

    read: dict[tuple[str, str], str] = {}
    said: set[tuple[str, str]] = set()
    policies = json.loads(cedarpy.policies_to_json_str(cedar))["staticPolicies"]
    for policy_id, policy in policies.items():
        named = policy.get("annotations", {}).get("id", policy_id)
        nodes = list(_nodes(policy["conditions"]))
        for action, name in product(_actions(policy), circumstances.SIGNALS):
            if any(_reads(node, name) for node in nodes):
                read.setdefault((action, name), named)
            if any(_compares_with_unknown(node, name) for node in nodes):
                said.add((action, name))
    return {
        (action, name): policy_id
        for (action, name), policy_id in read.items()
        if not said & {(action, name), (ANY_ACTION, name)}
    }


def _actions(policy: Mapping[str, Any]) -> list[str]:
    scope = policy["action"]
    named = [scope["entity"]] if "entity" in scope else scope.get("entities", [])
    return [each["id"] for each in named] or [ANY_ACTION]


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Every object of a policy's JSON, outermost first."""
    match tree:
        case dict():
            yield tree
            for branch in tree.values():
                yield from _nodes(branch)
        case list():
            for branch in tree:
                yield from _nodes(branch)


def _reads(node: Mapping[str, Any], name: str) -> bool:
    """Whether it is the inside of `context.NAME` or `context has NAME`, or takes all of it."""
    whole = {"Var": "context"}
    taken = any(
        whole == part or (isinstance(part, list) and whole in part) for part in node.values()
    )
    return taken and node.get("attr", name) == name


def _compares_with_unknown(node: Mapping[str, Any], name: str) -> bool:
    """Whether it is the inside of `==`, `!=` or `contains` between `context.NAME` and "unknown"."""
    sides = [node.get("left"), node.get("right")]
    reading = {".": {"left": {"Var": "context"}, "attr": name}}
    return reading in sides and {"Value": UNKNOWN} in _nodes(sides)
