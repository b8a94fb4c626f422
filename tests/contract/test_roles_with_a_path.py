"""A lent role that has a path, in any partition: leased, ended and looked at by the right names."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

import boto3
import pytest

from pam.aws.role_issuer import RoleIssuer
from pam.domain import role_limits
from pam.domain.resource import Target
from pam.domain.session import Session
from tests.contract.recording import RecordingSts, lived_until
from tests.fakes.roles import in_moto, never_full, noon
from tests.fakes.story import COMPILED, LEDGER, Story

NAME, PATH = "ledger-admin", "team/core"
MOTO = "123456789012"


def target(account: str = MOTO, region: str = "eu-west-1") -> Target:
    (resource,) = (each for each in COMPILED.resources if each.resource_id == LEDGER)
    lent = replace(resource, issuer={"role_name": f"{PATH}/{NAME}"})
    return lent.target(account=account, region=region)


@pytest.fixture
def session() -> Session:
    return replace(Story().granted(seconds=600), target=target())


@pytest.fixture
def roles(aws: None) -> Any:
    iam = boto3.client("iam")
    for name in (NAME, f"{NAME}-pam-revoker"):
        iam.create_role(RoleName=name, Path=f"/{PATH}/", AssumeRolePolicyDocument="{}")
    return iam


@pytest.mark.guarantee("G5")
def test_an_end_is_denied_on_the_role_and_read_back(roles: Any, session: Session) -> None:
    issuer = RoleIssuer(in_moto, never_full, noon)
    leased = lived_until(session, 5)
    receipt = issuer.end(leased, Story().now)
    assert receipt.method == "deny-read-back"
    assert receipt.evidence.endswith(f"arn:aws:iam::{MOTO}:role/{PATH}/{NAME}")
    (policy,) = roles.list_role_policies(RoleName=NAME)["PolicyNames"]
    assert policy == f"pam-revoke-{leased.session_id}"
    assert issuer.sessions_at(leased.target) == [leased.session_id]


REGIONS = {
    "eu-west-1": "aws",
    "us-gov-west-1": "aws-us-gov",
    "eusc-de-east-1": "aws-eusc",
    "cn-north-1": "aws-cn",
}


@pytest.mark.parametrize("region", REGIONS)
def test_a_lease_and_an_end_assume_roles_of_the_same_partition_and_path(
    session: Session, region: str
) -> None:
    sts = RecordingSts()
    issuer = RoleIssuer(lambda service, **_: sts, never_full, noon)
    lent = replace(session, target=target("111122223333", region))
    lease = issuer.lease(lent, Story().now)
    arn = f"arn:{REGIONS[region]}:iam::111122223333:role/{PATH}/{NAME}"
    (call,) = sts.calls
    assert call["RoleArn"] == arn
    assert f'"arn:*:iam::*:role/{PATH}/{NAME}"' in call["Policy"]
    assert lease.expires_at == lent.expires_at
    with suppress(AttributeError):  # what it recorded of STS is no IAM
        issuer.end(lived_until(lent, 5), Story().now)
    assert sts.calls[1]["RoleArn"] == f"{arn}-pam-revoker"


@pytest.mark.parametrize("said", [True, False])
def test_its_boundary_is_the_one_of_its_name_that_names_its_path(roles: Any, said: bool) -> None:
    document = role_limits.boundary(f"{PATH}/{NAME}" if said else NAME, iam_writes=False)
    made = roles.create_policy(
        PolicyName=f"{NAME}-boundary", Path="/pam/", PolicyDocument=role_limits.rendered(document)
    )["Policy"]["Arn"]
    roles.put_role_permissions_boundary(RoleName=NAME, PermissionsBoundary=made)
    why = RoleIssuer(in_moto, never_full, noon).unbounded(target())
    assert (why == "") is said
