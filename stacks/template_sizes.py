"""Whether what was synthesised is within AWS's quotas, read from the templates themselves."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from stacks.aws_quotas import Quota, compact

Template = Mapping[str, Any]
_ACCOUNT = "0" * 12
_NAME = "x" * 64
"""As long as a name that CloudFormation makes can be; ARNs of such things are longer."""
_ARN = "x" * 160
_OF_A_PERMISSION = 330
"""Characters of a statement of a function's policy besides its source: AWS writes the rest."""


_OF_ONE: Mapping[str, tuple[Quota, Callable[[Template], int]]] = MappingProxyType(
    {
        "AWS::ApiGateway::RestApi": (Quota.API_POLICY, lambda of: _size(of.get("Policy", {}))),
        "AWS::Events::EventBusPolicy": (Quota.BUS_POLICY, lambda of: _size(of["Statement"])),
        "AWS::Events::Rule": (Quota.EVENT_PATTERN, lambda of: _size(of.get("EventPattern", {}))),
        "AWS::IAM::ManagedPolicy": (Quota.MANAGED_POLICY, lambda of: _size(of["PolicyDocument"])),
        "AWS::IAM::Role": (
            Quota.TRUST_POLICY,
            lambda of: _size(of["AssumeRolePolicyDocument"]),
        ),
        "AWS::Lambda::Function": (
            Quota.ENVIRONMENT,
            lambda of: _size(of.get("Environment", {}).get("Variables", {})),
        ),
        "AWS::SQS::QueuePolicy": (Quota.QUEUE_POLICY, lambda of: _size(of["PolicyDocument"])),
        "AWS::SSM::Parameter": (Quota.PARAMETER, lambda of: len(_filled(of["Value"]).encode())),
    }
)
"""What has a quota of its own, by its type."""


def check_sizes(templates: Mapping[str, Template]) -> None:
    """By the names of the stacks. Raises QuotaError for the first that is too large."""
    for stack, template in templates.items():
        resources: Mapping[str, Any] = template["Resources"]
        Quota.TEMPLATE.check(len(compact(template)), of=stack)
        Quota.RESOURCES.check(len(resources), of=stack)
        together: dict[tuple[Quota, str], int] = defaultdict(int)
        for name, resource in resources.items():
            kind, of = resource["Type"], resource.get("Properties", {})
            if kind in _OF_ONE:
                quota, measure = _OF_ONE[kind]
                quota.check(measure(of), of=f"{stack}, {name}")
            for quota, whose, found in _shares(kind, name, of):
                together[quota, whose] += found
        for (quota, whose), found in together.items():
            quota.check(found, of=f"{stack}, {whose}")


def _shares(kind: str, name: str, of: Template) -> Iterator[tuple[Quota, str, int]]:
    """What counts together with others, of one role or one function."""
    match kind:
        case "AWS::IAM::Policy":
            found = _size(of["PolicyDocument"])
            yield from ((Quota.INLINE_POLICIES, _text(role), found) for role in of["Roles"])
        case "AWS::IAM::ManagedPolicy":
            yield from ((Quota.MANAGED_POLICIES, _text(role), 1) for role in of.get("Roles", []))
        case "AWS::IAM::Role":
            own = sum(_size(each["PolicyDocument"]) for each in of.get("Policies", []))
            yield Quota.INLINE_POLICIES, name, own
            yield Quota.MANAGED_POLICIES, name, len(of.get("ManagedPolicyArns", []))
        case "AWS::SQS::QueuePolicy":
            yield Quota.QUEUE_STATEMENTS, name, len(of["PolicyDocument"]["Statement"])
        case "AWS::Events::Rule":
            yield Quota.RULES, _text(of.get("EventBusName", "default")), 1
        case "AWS::Lambda::Permission":
            said = _OF_A_PERMISSION + len(_filled(of.get("SourceArn", "")))
            yield Quota.FUNCTION_POLICY, _text(of["FunctionName"]), said


def _text(reference: Any) -> str:
    """A role or function of the template by its logical id, another one by what is said of it."""
    if isinstance(reference, Mapping):
        (said,) = reference.values()
        return str(said[0] if isinstance(said, list) else said)
    return str(reference)


def _size(document: Mapping[str, Any]) -> int:
    return len(compact(_deployed(document)))


def _filled(value: Any) -> str:
    found = _deployed(value)
    return found if isinstance(found, str) else json.dumps(found)


def _deployed(value: Any) -> Any:
    """What is known only then, by something of its length."""
    if isinstance(value, list):
        return [_deployed(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    match next(iter(value), ""), len(value):
        case "Ref", 1:
            return _ACCOUNT if value["Ref"] == "AWS::AccountId" else _NAME
        case "Fn::Join", 1:
            separator, parts = value["Fn::Join"]
            return str(separator).join(str(_deployed(part)) for part in parts)
        case (("Fn::GetAtt" | "Fn::GetStackOutput"), 1):
            return _ARN
        case _:
            return {key: _deployed(item) for key, item in value.items()}
