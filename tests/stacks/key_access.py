"""KMS's own decision, computed from templates: may this principal do that with this key?

The emulator evaluates no key policy, so nothing else here would notice one that is too narrow or
too wide. As AWS documents it: an explicit deny wins; else the key policy allows by itself whom it
names (a role, a service); and what it allows the account's root, the account's identity policies
may hand on. An alias needs its right on the key as well as on itself. Conditions are those that
the templates use; an unknown one is an error, never a yes.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.stacks.template import Deployment, as_list

ROOT = "root of the account"
ADMINISTRATOR = "an administrator, whose IAM policy allows everything"
STRANGER = "a role of another account, whose IAM policy allows everything there"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """`role`: its key in the template, or one of the three above. `service`: an AWS service that
    acts for itself. One of the two is set.
    """

    role: str = ""
    service: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of KMS. `context` holds condition keys, with what AWS would put there."""

    key: str
    action: str
    caller: Caller
    context: dict[str, str] = field(default_factory=dict)


class Keys:
    """The keys of one deployment, the rights of its roles and the policies that both come with."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self.policies = {
            name: resource["Properties"]["KeyPolicy"]["Statement"]
            for name, resource in deployment.of_type("AWS::KMS::Key").items()
        }
        self.roles: dict[str, list[Mapping[str, Any]]] = {
            role["Properties"].get("RoleName", name): []
            for name, role in deployment.of_type("AWS::IAM::Role").items()
        }
        for owner, statement in _identity_statements(deployment):
            self.roles.setdefault(owner, []).append(statement)

    def allow(self, call: Call) -> bool:
        by_key = [
            (statement, self._named(statement, call.caller))
            for statement in self.policies[call.key]
            if _matches(statement["Action"], call.action) and self._met(statement, call.context)
        ]
        named = [(statement["Effect"], how) for statement, how in by_key if how]
        own = list(self._of_identity(call))
        if ("Deny", ROOT) in named or ("Deny", call.caller) in named or "Deny" in own:
            return False
        if ("Allow", call.caller) in named:
            return True
        return ("Allow", ROOT) in named and "Allow" in own

    def _named(self, statement: Mapping[str, Any], caller: Caller) -> Caller | str | None:
        """How a statement of a key policy speaks of the caller: by name, as the account, or not."""
        principal = statement["Principal"]
        if not isinstance(principal, Mapping):
            return caller
        if caller.service:
            services = [self._text(name) for name in as_list(principal.get("Service", []))]
            return caller if caller.service in services else None
        for name in map(self._text, as_list(principal.get("AWS", []))):
            if name == "*" or (name.endswith(f"role/{caller.role}") or name == _arn(caller.role)):
                return caller
            if name.endswith(":root") and caller.role != STRANGER:
                return ROOT
        return None

    def _of_identity(self, call: Call) -> Iterator[str]:
        if call.caller.role in {ADMINISTRATOR, STRANGER}:
            yield "Allow"
        for statement in self.roles.get(call.caller.role, []):
            resources = [self._text(arn) for arn in as_list(statement["Resource"])]
            if (
                _matches(statement["Action"], call.action)
                and any(_like(_arn(call.key), arn) for arn in resources)
                and self._met(statement, call.context)
            ):
                yield statement["Effect"]

    def _met(self, statement: Mapping[str, Any], context: Mapping[str, str]) -> bool:
        return all(
            _condition(operator, context.get(key), [self._text(v) for v in as_list(wanted)])
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )

    def _text(self, value: Any) -> str:
        return self._deployment.text(value)


def _condition(operator: str, value: str | None, wanted: list[str]) -> bool:
    if operator == "Null":
        return wanted == [json.dumps(value is None)]
    if value is None:
        return False
    if operator in {"StringEquals", "ArnEquals"}:
        return value in wanted
    if operator in {"StringLike", "ArnLike"}:
        return any(_like(value, pattern) for pattern in wanted)
    message = f"{operator}: teach the evaluator this condition first"
    raise LookupError(message)


def _matches(actions: object, action: str) -> bool:
    return any(_like(action, pattern) for pattern in as_list(actions))


def _like(value: str, pattern: str) -> bool:
    """IAM's wildcards: `*` and `?`, and nothing else has a meaning."""
    parts = (
        {"*": ".*", "?": "."}.get(part, re.escape(part)) for part in re.split(r"([*?])", pattern)
    )
    return re.fullmatch("".join(parts), value) is not None


def _arn(logical_id: str) -> str:
    return f"${{{logical_id}.Arn}}"


def _identity_statements(deployment: Deployment) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """By role; a managed policy stands for a role that has it alone."""
    for policy in deployment.of_type("AWS::IAM::Policy").values():
        for role in policy["Properties"]["Roles"]:
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
                yield deployment.role_key(role), statement
    for name, policy in deployment.of_type("AWS::IAM::ManagedPolicy").items():
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            yield name, statement
