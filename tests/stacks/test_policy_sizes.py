"""No policy is longer than AWS takes: it would be told only by the deployment that fails."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from pam.domain import role_limits
from tests.stacks.concrete import Place, Policy, Reader, policies
from tests.stacks.template import Deployment

PLACE = Place(region="ap-southeast-1")
"""The region with the longest name, so that no ARN is longer anywhere else."""
INLINE, MANAGED, TRUST, MANAGED_PER_ROLE, FUNCTION = 10_240, 6_144, 2_048, 10, 20_480
"""IAM and STS quotas, in characters without white space: all inline policies of one role together;
one managed policy; a trust policy (4,096 where the quota was raised); managed policies of a role. A
function's own policy is in bytes."""
RESOURCE_POLICIES = {
    "AWS::ApiGateway::RestApi": 8_192,
    "AWS::Events::EventBusPolicy": 10_240,
    "AWS::KMS::Key": 32_768,
    "AWS::S3::BucketPolicy": 20_480,
    "AWS::SNS::TopicPolicy": 30_720,
    "AWS::SQS::QueuePolicy": 8_192,
}
"""Bytes, by what the policy stands at. A kind that is not here is taken for none."""


def too_long(found: Iterable[Policy]) -> set[str]:
    """What AWS would refuse, by name; inline policies by their role."""
    inline: Counter[str] = Counter()
    managed: Counter[str] = Counter()
    faults = set()
    for policy in found:
        size = len(json.dumps(policy.document, separators=(",", ":")).encode())
        if policy.of == "AWS::IAM::ManagedPolicy":
            managed.update(policy.owners)
        if policy.kind == "identity" and policy.of != "AWS::IAM::ManagedPolicy":
            inline.update(dict.fromkeys(policy.owners, size))
        elif size > _most(policy):
            faults.add(policy.name)
    faults |= {role for role, size in inline.items() if size > INLINE}
    return faults | {role for role, count in managed.items() if count > MANAGED_PER_ROLE}


def _most(policy: Policy) -> int:
    if policy.kind == "trust":
        return TRUST
    return MANAGED if policy.of == "AWS::IAM::ManagedPolicy" else RESOURCE_POLICIES[policy.of]


def test_no_policy_of_any_environment_is_longer_than_aws_takes(every: Deployment) -> None:
    assert too_long(policies(every, PLACE)) == set()


def test_no_policy_is_longer_than_aws_takes_where_everything_is_on(
    everything_on: Deployment,
) -> None:
    assert too_long(policies(everything_on, PLACE)) == set()


@pytest.mark.parametrize("writes", [False, True])
def test_what_pam_writes_for_lent_roles_fits(writes: bool) -> None:
    longest = "r" * (64 - len(role_limits.revoker_role_name("")))
    document = role_limits.boundary(longest, iam_writes=writes)
    bound = Policy(
        name="boundary", kind="identity", of="AWS::IAM::ManagedPolicy", document=document
    )
    assert too_long([bound]) == set()


def _policy(characters: int, of: str, *, kind: str = "identity", name: str = "p") -> Policy:
    frame = len('{"Statement":""}')
    document = {"Statement": "x" * (characters - frame)}
    return Policy(name=name, kind=kind, of=of, owners=("role",), document=document)


AT_THE_LIMIT = {
    "a trust policy": ([_policy(TRUST, "AWS::IAM::Role", kind="trust")], "p"),
    "a managed policy": ([_policy(MANAGED, "AWS::IAM::ManagedPolicy")], "p"),
    "two inline policies of one role": (
        [_policy(INLINE // 2, "AWS::IAM::Policy"), _policy(INLINE // 2, "AWS::IAM::Role")],
        "role",
    ),
    "the managed policies of a role": (
        [_policy(99, "AWS::IAM::ManagedPolicy", name=str(n)) for n in range(MANAGED_PER_ROLE)],
        "role",
    ),
    **{of: ([_policy(most, of, kind="resource")], "p") for of, most in RESOURCE_POLICIES.items()},
}


@pytest.mark.parametrize("case", AT_THE_LIMIT)
def test_what_is_at_its_limit_passes_and_one_more_does_not(case: str) -> None:
    fits, fault = AT_THE_LIMIT[case]
    assert too_long(fits) == set()
    last = fits[-1]
    size = len(json.dumps(last.document, separators=(",", ":")))
    longer = _policy(size + 1, last.of, kind=last.kind, name=last.name)
    one_more = [*fits[:-1], longer] if size > 99 else [*fits, longer]
    assert too_long(one_more) == {fault}


def test_the_permissions_of_no_function_are_longer_than_lambda_takes(
    everything_on: Deployment,
) -> None:
    sizes = _function_policies(everything_on)
    assert sizes
    assert [name for name, size in sizes.items() if size > FUNCTION] == []


def test_a_function_with_too_many_permissions_is_found(everything_on: Deployment) -> None:
    """Some fifty of them are too many: AWS keeps each with the ARN of its caller."""
    template = json.loads(json.dumps(everything_on.service))
    resources = template["Resources"]
    one = next(it for it in resources.values() if it["Type"] == "AWS::Lambda::Permission")
    resources |= {f"Permission{number}": one for number in range(60)}
    crowded = Deployment(env_name="prod", foundation=everything_on.foundation, service=template)
    assert max(_function_policies(crowded).values()) > FUNCTION


def _function_policies(deployment: Deployment) -> Mapping[str, int]:
    """Bytes of each function's own policy, as Lambda keeps it."""
    sizes: Counter[str] = Counter()
    for template in deployment.templates():
        reader = Reader(template=template, outputs=deployment.foundation, place=PLACE)
        for name, resource in template["Resources"].items():
            if resource["Type"] == "AWS::Lambda::Permission":
                properties: dict[str, Any] = reader.resolve(resource["Properties"])
                sizes[properties["FunctionName"]] += len(
                    json.dumps(
                        {
                            "Sid": reader.name(name),
                            "Effect": "Allow",
                            "Principal": {"Service": properties["Principal"]},
                            "Action": properties["Action"],
                            "Resource": properties["FunctionName"],
                            "Condition": {
                                "StringEquals": {"AWS:SourceAccount": PLACE.account},
                                "ArnLike": {"AWS:SourceArn": properties.get("SourceArn", "")},
                            },
                        }
                    )
                )
    return sizes
