"""parliament and policy_sentry read every policy of every template, and those that PAM writes."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from pam.domain import role_limits
from stacks.synthesis import ROOT
from tests.stacks.concrete import Place, of_template, policies
from tests.stacks.conftest import ENVIRONMENTS
from tests.stacks.policy_opinions import Asked, Finding, exceptions, faults, findings
from tests.stacks.template import Deployment

Json = dict[str, Any]
_END = datetime(2026, 1, 1, tzinfo=UTC)


def _of_templates(deployments: list[Deployment]) -> Iterator[Asked]:
    """Each policy once: between environments most differ in a name, and are the same to a reader
    who knows no names.
    """
    seen: set[tuple[str, str]] = set()
    for deployment in deployments:
        for policy in policies(deployment):
            text = re.sub(rf"\b({'|'.join(ENVIRONMENTS)})\b", "env", json.dumps(policy.document))
            text = re.sub(r"\b[0-9]{12}\b", "111122223333", text)
            text = text.replace("us-east-1", "eu-west-1")
            if (policy.kind, text) not in seen:
                seen.add((policy.kind, text))
                name = f"{deployment.env_name}.{policy.name}"
                yield Asked(name=name, kind=policy.kind, document=json.loads(text))


def _of_leases() -> Iterator[Asked]:
    for writes in (False, True):
        for name, document in (
            ("lease", role_limits.lease_policy("ledger", _END, iam_writes=writes)),
            ("boundary", role_limits.boundary("ledger", iam_writes=writes)),
        ):
            yield Asked(name=f"{name}, iam_writes {writes}", kind="identity", document=document)


def _of_pages() -> Iterator[Asked]:
    for path in sorted((ROOT / "docs").glob("scp-*.json")):
        yield Asked(name=path.name, kind="identity", document=json.loads(path.read_text()))


@pytest.fixture(scope="module")
def asked(deployment_of: Callable[[str], Deployment], everything_on: Deployment) -> list[Asked]:
    deployments = [*map(deployment_of, ENVIRONMENTS), everything_on]
    return [*_of_templates(deployments), *_of_leases(), *_of_pages()]


@pytest.fixture(scope="module")
def found(asked: list[Asked]) -> list[Finding]:
    return findings(asked)


def test_every_kind_of_policy_is_asked_about(asked: list[Asked]) -> None:
    assert {each.kind for each in asked} == {"identity", "resource", "trust"}
    for part in ("KeyPolicy", "AssumeRolePolicyDocument", "BucketPolicy", "TopicPolicy", "lease"):
        assert any(part in each.name for each in asked), part


def test_a_statement_that_stands_alone_is_read_as_a_policy() -> None:
    """A bus takes them one by one."""
    statement = _identity("events:PutEvents", "*", Principal="*")
    template = {
        "Resources": {
            "Lenders": {
                "Type": "AWS::Events::EventBusPolicy",
                "Properties": {"StatementId": "lenders", "Statement": statement},
            }
        }
    }
    (policy,) = of_template(template, template, Place())
    assert (policy.kind, policy.of) == ("resource", "AWS::Events::EventBusPolicy")
    assert policy.document == {"Version": "2012-10-17", "Statement": [statement]}


def test_others_find_nothing_in_any_policy_that_is_not_excepted(found: list[Finding]) -> None:
    assert faults(found) == []


def test_every_exception_has_a_reason_and_is_still_needed(found: list[Finding]) -> None:
    for one in exceptions():
        assert len(one.reason) > 5, one
        assert any(one.covers(each) for each in found), f"nothing needs it any more: {one}"


def _identity(action: str, resource: str, **more: Any) -> Json:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


BOTH = {"parliament", "policy_sentry"}
BUCKET = "arn:aws:s3:::bank"
ROLE = "arn:aws:iam::111122223333:role/r"
BROKEN: dict[str, tuple[str, Json, set[str]]] = {
    "an action that AWS does not have": ("identity", _identity("s3:GetObjekt", "*"), BOTH),
    "a service that AWS does not have": ("identity", _identity("s4:GetObject", "*"), BOTH),
    "an object right on a bucket": ("identity", _identity("s3:GetObject", BUCKET), BOTH),
    "a key right on a role": ("identity", _identity("kms:Decrypt", ROLE), BOTH),
    "a star where AWS knows ARNs": ("identity", _identity("sqs:SendMessage", "*"), BOTH),
    "a condition that the action does not know": (
        "identity",
        _identity(
            "s3:GetObject", f"{BUCKET}/x", Condition={"StringEquals": {"kms:ViaService": "s3"}}
        ),
        BOTH,
    ),
    "an operator that IAM does not have": (
        "identity",
        _identity("s3:GetObject", f"{BUCKET}/x", Condition={"StringIs": {"aws:userid": "a"}}),
        {"parliament"},
    ),
    "an ARN of too few parts": ("identity", _identity("s3:GetObject", "arn:aws:s3:bank"), BOTH),
    "a star for a right that is none on keys, in the name of a key policy": (
        "resource",
        _identity("sqs:SendMessage", "*", Principal={"AWS": ROLE}),
        {"parliament"},
    ),
    "a principal that is none": (
        "trust",
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "alice"}},
        {"parliament"},
    ),
    "a trust in an action that STS does not have": (
        "trust",
        {"Effect": "Allow", "Action": "sts:BecomeRole", "Principal": {"AWS": ROLE}},
        BOTH,
    ),
    "a trust under a key that STS does not know": (
        "trust",
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"AWS": ROLE},
            "Condition": {"StringEquals": {"lambda:FunctionArn": "x"}},
        },
        BOTH,
    ),
    "no action at all": ("identity", {"Effect": "Allow", "Resource": "*"}, {"parliament"}),
}


@pytest.fixture(scope="module")
def rejected() -> dict[str, set[str]]:
    """By whom each broken policy is rejected, exceptions applied."""
    found = findings(
        Asked(
            name=f"{name}.KeyPolicy",
            kind=kind,
            document={"Version": "2012-10-17", "Statement": [statement]},
        )
        for name, (kind, statement, _) in BROKEN.items()
    )
    by: dict[str, set[str]] = {name: set() for name in BROKEN}
    for each in faults(found):
        by[each.policy.removesuffix(".KeyPolicy")].add(each.tool)
    return by


@pytest.mark.parametrize("case", BROKEN)
def test_each_tool_rejects_what_is_broken(case: str, rejected: dict[str, set[str]]) -> None:
    assert rejected[case] == BROKEN[case][2]
