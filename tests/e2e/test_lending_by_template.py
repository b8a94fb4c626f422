"""A role that is lent from docs/lending/pam-target-role.yaml, as a team would deploy it."""

from typing import Any
from uuid import uuid4

import pytest

from local.aws import ACCOUNT, root_client
from local.cast import Cast, Person, is_refused, until
from pam.domain.role_limits import revoker_role_name
from stacks.synthesis import ROOT

RESOURCE, ROLE = "kyc-sandbox-read", "pam-target-kyc-sandbox-read"
TEMPLATE = ROOT / "docs" / "lending" / "pam-target-role.yaml"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/pam/{ROLE}-boundary"


def _remove(iam: Any, name: str) -> list[str]:
    """The role, as it was lent before. Gives the managed policies that it had."""
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    for each in attached:
        iam.detach_role_policy(RoleName=name, PolicyArn=each["PolicyArn"])
    for inline in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=inline)
    iam.delete_role(RoleName=name)
    return [each["PolicyArn"] for each in attached]


@pytest.fixture
def lent_by_template(cast: Cast) -> None:
    """In the place of the role that the stack lends by `PamTargetRole`; it stays so."""
    url = cast.about["endpoint_url"]
    iam, cloudformation = root_client("iam", url), root_client("cloudformation", url)
    rights = _remove(iam, ROLE)
    _remove(iam, revoker_role_name(ROLE))
    iam.delete_policy(PolicyArn=BOUNDARY)
    given = {
        "PamAccount": ACCOUNT,
        "Environment": "local",
        "Resource": RESOURCE,
        "RoleName": ROLE,
        "RightsPolicyArns": ",".join(rights),
    }
    name = f"lent-{uuid4().hex[:8]}"
    cloudformation.create_stack(
        StackName=name,
        TemplateBody=TEMPLATE.read_text(encoding="utf-8"),
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in given.items()],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )

    def made() -> str | None:
        (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
        status: str = stack["StackStatus"]
        return None if status.endswith("IN_PROGRESS") else status

    assert until(made, "the team's stack") == "CREATE_COMPLETE"


@pytest.mark.usefixtures("lent_by_template")
def test_a_session_on_a_role_that_was_lent_by_the_template_begins_works_and_ends(
    cast: Cast, kim: Person, sam: Person
) -> None:
    session = kim.request(RESOURCE, duration_seconds=120)
    active = kim.wait_for(session["session_id"], "ACTIVE")
    lease = kim.lease(active["session_id"])

    def put() -> None:
        s3 = cast.with_lease(lease, "s3")
        s3.put_object(Bucket=cast.bucket(RESOURCE), Key="note", Body=b"borrowed")

    put()
    iam = cast.with_lease(lease, "iam")
    assert is_refused(lambda: iam.create_user(UserName="stays")), "the boundary binds"
    answer = sam.post(
        "/pam/revoke", {"session_id": active["session_id"], "reason": "only for a test"}
    )
    assert (answer.status, answer.body["status"]) == (200, "REVOKED")
    assert answer.body["ending"]["method"] == "deny-read-back"
    assert is_refused(put)


@pytest.mark.usefixtures("lent_by_template")
def test_nobody_but_pam_becomes_a_role_that_was_lent_by_the_template(
    cast: Cast, kim: Person
) -> None:
    for role in (ROLE, revoker_role_name(ROLE)):
        arn = f"arn:aws:iam::{ACCOUNT}:role/{role}"
        for who in (kim, cast.person("sam")):
            sts = who.client("sts")
            assert is_refused(
                lambda sts=sts, arn=arn: sts.assume_role(RoleArn=arn, RoleSessionName="x1")
            )
