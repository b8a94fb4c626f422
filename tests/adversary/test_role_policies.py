"""What a lease, and a session of a lent role at all, may not do: by the policies as they are sent
and as they are synthesised, decided by a second reading of IAM's rules.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from botocore.loaders import Loader

from pam.aws.role_deny_documents import deny_of
from pam.domain import role_limits
from pam.domain.role_limits import revoker_role_name
from stacks.pam_target_role import PamTargetRole
from stacks.synthesis import apply_rules, new_app, templates
from tests.fakes.iam import ALL, NOTHING, Call, Decision, decide

ACCOUNT = "222233334444"
ROLE = "ledger-operations"
"""Of no name by which PAM's own could be told."""
END = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
BEFORE, AFTER = END - timedelta(seconds=1), END
OURS = {"pam:module": "MOD-046"}

ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/{ROLE}"
REVOKER_ARN = f"arn:aws:iam::{ACCOUNT}:role/{revoker_role_name(ROLE)}"
ISSUER_ARN = f"arn:aws:iam::{ACCOUNT}:role/pam-prod-credential-issuer"
BOUNDARY_ARN = f"arn:aws:iam::{ACCOUNT}:policy/pam/{ROLE}-boundary"
ANOTHER_ARN = f"arn:aws:iam::{ACCOUNT}:role/payments"
SERVICE_LINKED = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/ecs.amazonaws.com/ForECS"
NOTE = "arn:aws:s3:::ledger/note"

_READS = ("Get", "List", "Generate", "Simulate")
_WITHOUT_AN_API = {
    "iam:PassRole",
    "iam:SetSTSRegionalEndpointStatus",
    "iam:UploadCloudFrontPublicKey",
    "iam:UpdateCloudFrontPublicKey",
    "iam:DeleteCloudFrontPublicKey",
    "iam:UpdateAccountName",
    "iam:UpdateAccountEmailAddress",
    "sts:SetSourceIdentity",
    "sts:TagSession",
    "sts:TagGetWebIdentityToken",
    "sts:SetContext",
    "sts:GetServiceBearerToken",
}
"""Actions that the Service Authorization Reference lists, and that are no call of their own."""
POSSIBLE = {
    "iam:PassRole": "hands a role to a service; makes no credential, and is a finding where used",
    "iam:CreateServiceLinkedRole": "AWS writes what such a role may do, and whom it trusts",
    "iam:DeleteServiceLinkedRole": "of a service that is no longer used; AWS checks that",
}
"""Writes of IAM that stay possible in every lease, and why."""


def actions_of(service: str) -> Iterator[str]:
    """As AWS ships them with its own SDK, and what has no call."""
    model = Loader().load_service_model(service, "service-2")
    yield from (f"{service}:{name}" for name in model["operations"])
    yield from (name for name in _WITHOUT_AN_API if name.startswith(f"{service}:"))


IAM_WRITES = sorted(
    name
    for name in actions_of("iam")
    if not name.partition(":")[2].startswith(_READS) and name not in POSSIBLE
)
IAM_READS = sorted(n for n in actions_of("iam") if n.partition(":")[2].startswith(_READS))
STS = sorted(set(actions_of("sts")) - {"sts:GetCallerIdentity"})
TO_COME = ["iam:AcquireFoo", "iam:BestowFoo", "iam:IssueFoo", "iam:MintFoo", "sts:GetFooToken"]


def synthesised(*, iam_writes: bool) -> dict[str, Any]:
    app = new_app("prod")
    apply_rules(app)
    stack = cdk.Stack(app, "team", env=cdk.Environment(account=ACCOUNT, region="eu-west-1"))
    statements = [iam.PolicyStatement(actions=["s3:GetObject"], resources=[NOTE])]
    PamTargetRole(
        stack,
        "Lent",
        role_name=ROLE,
        env_name="prod",
        statements=statements,
        iam_writes=iam_writes,
    )
    resources = templates(app)["team"]["Resources"]
    (boundary,) = (
        name
        for name, each in resources.items()
        if each["Properties"].get("ManagedPolicyName") == f"{ROLE}-boundary"
    )
    (role,) = (r for r in resources.values() if r["Properties"].get("RoleName") == ROLE)
    assert role["Properties"]["PermissionsBoundary"] == {"Ref": boundary}
    document: dict[str, Any] = resources[boundary]["Properties"]["PolicyDocument"]
    return document


@pytest.fixture(scope="module")
def boundaries() -> dict[bool, dict[str, Any]]:
    return {iam_writes: synthesised(iam_writes=iam_writes) for iam_writes in (False, True)}


def lease(*, iam_writes: bool = False) -> dict[str, Any]:
    return role_limits.lease_policy(ROLE, END, iam_writes=iam_writes)


Bounds = dict[bool, dict[str, Any]]


def each_by_itself(boundaries: Bounds, *, iam_writes: bool = False) -> list[dict[str, Any]]:
    """The role may do everything; the lease binds it if its boundary does not, and the other way
    round.
    """
    return [
        {"session": lease(iam_writes=iam_writes)},
        {"boundary": boundaries[iam_writes]},
    ]


def call(action: str, resource: str = "*", at: datetime = BEFORE, **tags: Any) -> Call:
    return Call(action=action, resource=resource, at=at, **tags)


def test_the_boundary_that_is_synthesised_is_the_one_that_is_looked_for(boundaries: Bounds) -> None:
    for iam_writes, document in boundaries.items():
        assert document == role_limits.boundary(ROLE, iam_writes=iam_writes)


@pytest.mark.guarantee("G4")
@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("iam_writes", [False, True])
def test_a_lease_works_until_its_end_and_is_denied_from_that_second_on(
    iam_writes: bool, named: bool
) -> None:
    policy = lease(iam_writes=iam_writes)
    put = "s3:PutObject"
    assert decide(call(put, NOTE), session=policy, named=named) is Decision.ALLOWED
    for at in (AFTER, AFTER + timedelta(milliseconds=1), AFTER + timedelta(days=1)):
        assert decide(call(put, NOTE, at), session=policy, named=named) is Decision.DENIED


@pytest.mark.guarantee("G4")
def test_an_allow_that_only_stops_would_not_end_what_names_the_session() -> None:
    """What the explicit deny is for; and that the reading of IAM's rules used here knows it."""
    only_stops = {**lease(), "Statement": lease()["Statement"][:1]}
    late = call("s3:PutObject", NOTE, AFTER)
    assert decide(late, session=only_stops) is Decision.NOT_ALLOWED
    assert decide(late, session=only_stops, named=True) is Decision.ALLOWED


@pytest.mark.guarantee("G5")
@pytest.mark.parametrize("named", [False, True])
def test_a_deny_on_the_role_ends_this_session_and_no_other(named: bool) -> None:
    mine, others = "01M7XKKX570BEDA009FKKTH2H2", "01JD8XGZ6Q3M4V5N6P7R8S9T0A"
    for document in (deny_of([mine]), deny_of([mine, "01JD8XGZ6Q3M4V5N6P7R8S9T0B"])):
        for session_id, wanted in ((mine, Decision.DENIED), (others, Decision.ALLOWED)):
            tagged = call("s3:PutObject", NOTE, principal_tags={"pam:session_id": session_id})
            on_role = (ALL, document)
            assert decide(tagged, identity=on_role, session=lease(), named=named) is wanted


@pytest.mark.guarantee("G5")
@pytest.mark.parametrize("iam_writes", [False, True])
def test_nothing_of_sts_is_left_to_a_lease(boundaries: Bounds, iam_writes: bool) -> None:
    assert {"sts:AssumeRoot", "sts:GetWebIdentityToken", "sts:GetDelegatedAccessToken"} <= set(STS)
    for bound in each_by_itself(boundaries, iam_writes=iam_writes):
        for action in (*STS, "sts:GetFooToken"):
            for resource in ("*", ROLE_ARN, ANOTHER_ARN, SERVICE_LINKED):
                decided = decide(call(action, resource), named=True, **bound)
                assert decided is Decision.DENIED, (action, resource)


@pytest.mark.guarantee("G5")
@pytest.mark.parametrize("action", [*IAM_WRITES, *TO_COME])
def test_no_lease_writes_iam(boundaries: Bounds, action: str) -> None:
    user = f"arn:aws:iam::{ACCOUNT}:user/to-stay"
    for bound in each_by_itself(boundaries):
        for resource in ("*", ROLE_ARN, REVOKER_ARN, BOUNDARY_ARN, ANOTHER_ARN, user):
            assert decide(call(action, resource), named=True, **bound) is Decision.DENIED, resource


def test_reading_iam_goes_on(boundaries: Bounds) -> None:
    assert len(IAM_READS) > 50
    for bound in each_by_itself(boundaries):
        for action in IAM_READS:
            assert decide(call(action, ROLE_ARN), **bound) is Decision.ALLOWED, action


@pytest.mark.parametrize("action", POSSIBLE)
def test_what_stays_possible_is_possible_on_what_is_not_pams(
    boundaries: Bounds, action: str
) -> None:
    resource = ANOTHER_ARN if action == "iam:PassRole" else SERVICE_LINKED
    for bound in each_by_itself(boundaries):
        assert decide(call(action, resource), **bound) is Decision.ALLOWED


@pytest.mark.guarantee("G11")
@pytest.mark.parametrize("iam_writes", [False, True])
@pytest.mark.parametrize("passed", [ROLE_ARN, REVOKER_ARN, ISSUER_ARN])
def test_no_lease_hands_a_role_of_pams_to_a_service_whatever_its_tags(
    boundaries: Bounds, passed: str, iam_writes: bool
) -> None:
    for bound in each_by_itself(boundaries, iam_writes=iam_writes):
        assert decide(call("iam:PassRole", passed), named=True, **bound) is Decision.DENIED


OF_A_ROLE = [
    "iam:PutRolePolicy",
    "iam:DeleteRolePolicy",
    "iam:AttachRolePolicy",
    "iam:DetachRolePolicy",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole",
    "iam:UpdateRoleDescription",
    "iam:PutRolePermissionsBoundary",
    "iam:DeleteRolePermissionsBoundary",
    "iam:DeleteRole",
    "iam:TagRole",
    "iam:UntagRole",
]
OF_A_POLICY = [
    "iam:CreatePolicyVersion",
    "iam:SetDefaultPolicyVersion",
    "iam:DeletePolicyVersion",
    "iam:DeletePolicy",
    "iam:TagPolicy",
    "iam:UntagPolicy",
    "iam:CreatePolicy",
]


@pytest.mark.guarantee("G5")
@pytest.mark.parametrize("action", OF_A_ROLE)
def test_a_role_that_is_lent_for_changing_iam_changes_no_role_of_pams(
    boundaries: Bounds, action: str
) -> None:
    """By its tag, whatever its name; by its name, if the tag were lost."""
    for bound in each_by_itself(boundaries, iam_writes=True):
        tagged = call(action, ANOTHER_ARN, resource_tags=OURS)
        assert decide(tagged, named=True, **bound) is Decision.DENIED
        for named_so in (ROLE_ARN, REVOKER_ARN, ISSUER_ARN):
            assert decide(call(action, named_so), named=True, **bound) is Decision.DENIED, named_so
        free = call(action, ANOTHER_ARN, resource_tags={"pam:module": "MOD-045"})
        assert decide(free, **bound) is Decision.ALLOWED


@pytest.mark.guarantee("G5")
@pytest.mark.parametrize("action", OF_A_POLICY)
def test_a_role_that_is_lent_for_changing_iam_changes_no_policy_of_pams(
    boundaries: Bounds, action: str
) -> None:
    """By its path: CloudFormation gives managed policies no tags."""
    another = f"arn:aws:iam::{ACCOUNT}:policy/payments"
    for bound in each_by_itself(boundaries, iam_writes=True):
        assert decide(call(action, BOUNDARY_ARN), named=True, **bound) is Decision.DENIED
        assert decide(call(action, another), **bound) is Decision.ALLOWED


def test_a_role_that_is_lent_for_changing_iam_can(boundaries: Bounds) -> None:
    user = f"arn:aws:iam::{ACCOUNT}:user/new-colleague"
    for bound in each_by_itself(boundaries, iam_writes=True):
        for action in ("iam:CreateUser", "iam:CreateLoginProfile", "iam:PutUserPolicy"):
            assert decide(call(action, user), **bound) is Decision.ALLOWED


def test_the_boundary_gives_no_right_that_the_role_has_not(boundaries: Bounds) -> None:
    for document in boundaries.values():
        decided = decide(call("s3:PutObject", NOTE), identity=(NOTHING,), boundary=document)
        assert decided is Decision.NOT_ALLOWED


@pytest.mark.parametrize("iam_writes", [False, True])
def test_the_longest_policies_are_well_within_what_aws_takes(iam_writes: bool) -> None:
    longest = "x" * 51
    session = role_limits.rendered(role_limits.lease_policy(longest, END, iam_writes=iam_writes))
    boundary = role_limits.rendered(role_limits.boundary(longest, iam_writes=iam_writes))
    assert len(session) <= role_limits.LONGEST_SESSION_POLICY * 0.6
    assert len(boundary) <= role_limits.LONGEST_BOUNDARY * 0.6


def test_a_policy_that_aws_would_refuse_is_refused_with_its_size() -> None:
    document = role_limits.lease_policy("x" * 2_000, END, iam_writes=False)
    with pytest.raises(ValueError, match=r"the lease has \d{4} characters; AWS takes 2048"):
        role_limits.check_size(document, role_limits.LONGEST_SESSION_POLICY, "the lease")
    role_limits.check_size(document, role_limits.LONGEST_BOUNDARY, "the lease")
