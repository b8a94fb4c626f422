"""The resource policy of the request API: a table of principals, let in or not."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pam.domain.partitions import partition_of
from pam.domain.people import Service
from pam.policy.compiled import CompiledPolicy, Identity
from pam.policy.compiler import load
from stacks.aws_quotas import Quota, QuotaError, compact
from stacks.knocking import Knocking
from stacks.synthesis import ROOT, build, new_app, templates
from tests.stacks.gateway_access import Signer, is_let_in
from tests.stacks.template import Deployment

OWN, OTHER, ELSEWHERE = "111111111111", "222222222222", "333333333333"
RESERVED = "role/aws-reserved/sso.amazonaws.com"
APPROVER = "AWSReservedSSO_BankCoreApprover_0123456789abcdef"
COMPILED = load(ROOT / "policy", ROOT / "policy" / "identities.yaml")


def permission_set(*accounts: str) -> Identity:
    return Identity(
        accounts=accounts,
        domain="bank-core",
        groups=("bank-core-approvers",),
        permission_set="BankCoreApprover",
    )


def user(name: str, account: str = OWN) -> Identity:
    return Identity(
        accounts=(account,),
        domain="bank-core",
        groups=("bank-core-engineers",),
        user=name,
        person=name.rpartition("/")[2],
    )


def listing(*identities: Identity) -> CompiledPolicy:
    return replace(COMPILED, identities=identities)


def policy(*identities: Identity, region: str = "eu-west-1") -> dict[str, Any]:
    return Knocking.listed(listing(*identities), partition_of(region)).document(OWN)


LISTED = policy(
    permission_set(OWN, OTHER),
    user("alice"),
    user("staff/bob"),
    user("a${aws:username}b/eve"),
    user("carla", OTHER),
)


def signer(
    resource: str, account: str = OWN, *, partition: str = "aws", may: bool = True
) -> Signer:
    arn = f"arn:{partition}:iam::{account}:{resource}"
    return Signer(arn=arn, account=account, may_invoke=may)


LET_IN = {
    "a role under the reserved path": signer(f"{RESERVED}/{APPROVER}"),
    "one of a directory in another region": signer(f"{RESERVED}/eu-west-1/{APPROVER}"),
    "one of another listed account": signer(f"{RESERVED}/{APPROVER}", OTHER),
    "a listed user": signer("user/alice"),
    "a listed user by another spelling": signer("user/Alice"),
    "a listed user with a path": signer("user/staff/bob"),
    "a listed user whose path looks like a variable": signer("user/a${aws:username}b/eve"),
    "a listed user of another account": signer("user/carla", OTHER),
}
REFUSED = {
    "a role of the right name without the path": signer(f"role/{APPROVER}"),
    "the same in another listed account": signer(f"role/{APPROVER}", OTHER),
    "one under half the path": signer(f"role/sso.amazonaws.com/{APPROVER}"),
    "one whose path only begins like it": signer(f"{RESERVED}pany/{APPROVER}"),
    "one whose path holds it further down": signer(f"role/a/{RESERVED[5:]}/{APPROVER}"),
    "one whose path holds it after a colon": signer(f"role/a:{RESERVED}/{APPROVER}"),
    "a user whose path holds it after a colon": signer(f"user/a:{RESERVED}/alice"),
    "a service-linked role": signer("role/aws-service-role/sso.amazonaws.com/AWSServiceRoleForSSO"),
    "an account that is not listed": signer(f"{RESERVED}/{APPROVER}", ELSEWHERE),
    "another partition": signer(f"{RESERVED}/{APPROVER}", partition="aws-us-gov"),
    "a user who is not listed": signer("user/mallory"),
    "a listed user's name under a path": signer("user/staff/alice"),
    "a listed user's name without its path": signer("user/bob"),
    "a listed user's name in another account": signer("user/alice", OTHER),
    "the account's root": signer("root"),
    "the root of another account": signer("root", OTHER),
    "a federated user": Signer(arn=f"arn:aws:sts::{OWN}:federated-user/alice", account=OWN),
    "a session's own ARN, which has no path": Signer(
        arn=f"arn:aws:sts::{OWN}:assumed-role/{APPROVER}/bob", account=OWN
    ),
    "nobody, for want of a signature": Signer(arn=None, account=None),
    "a principal without an ARN": Signer(arn=None, account=OWN),
    "a principal without an account": Signer(arn=f"arn:aws:iam::{OWN}:user/alice", account=None),
    "a role of the own account that may not call": signer(f"{RESERVED}/{APPROVER}", may=False),
    "a role of another account that may not call": signer(
        f"{RESERVED}/{APPROVER}", OTHER, may=False
    ),
}  # fmt: skip


@pytest.mark.guarantee("G10")
@pytest.mark.parametrize("who", LET_IN)
def test_who_is_listed_is_let_in(who: str) -> None:
    assert is_let_in(LISTED, LET_IN[who], owner=OWN)


@pytest.mark.guarantee("G10")
@pytest.mark.parametrize("who", REFUSED)
def test_everybody_else_is_refused(who: str) -> None:
    assert not is_let_in(LISTED, REFUSED[who], owner=OWN)


SERVICES = Knocking.listed(
    replace(
        listing(permission_set(OWN)),
        services=(
            Service(role="apps/ledger-check", account=OWN, resources=("core-ledger-admin",)),
            Service(role="far-check", account=ELSEWHERE, resources=("core-ledger-admin",)),
        ),
    ),
    "aws",
).document(OWN)
KNOCKS = {
    "a listed service": (signer("role/apps/ledger-check"), True),
    "one of another account": (signer("role/far-check", ELSEWHERE), True),
    "a person beside them": (signer(f"{RESERVED}/{APPROVER}"), True),
    "its name under another path": (signer("role/ledger-check"), False),
    "its name in another account": (signer("role/apps/ledger-check", ELSEWHERE), False),
    "a user of its name": (signer("user/apps/ledger-check"), False),
    "a role that nobody listed": (signer("role/apps/other"), False),
    "one that may not call": (signer("role/apps/ledger-check", may=False), False),
    "another account": (signer("role/far-check", OTHER), False),
}


@pytest.mark.guarantee("G10")
@pytest.mark.parametrize("who", KNOCKS)
def test_a_service_is_let_in_by_its_role_and_path(who: str) -> None:
    knocking, let_in = KNOCKS[who]

    assert is_let_in(SERVICES, knocking, owner=OWN) == let_in


@pytest.mark.parametrize("who", [*LET_IN, *REFUSED])
def test_where_nobody_is_listed_nobody_is_let_in(who: str) -> None:
    assert not is_let_in(policy(), (LET_IN | REFUSED)[who], owner=OWN)


def test_without_permission_sets_no_reserved_role_is_let_in() -> None:
    only_users = policy(user("alice"))

    assert is_let_in(only_users, signer("user/alice"), owner=OWN)
    assert not is_let_in(only_users, signer(f"{RESERVED}/{APPROVER}"), owner=OWN)


def test_without_users_none_is_let_in() -> None:
    only_sets = policy(permission_set(OWN))

    assert is_let_in(only_sets, signer(f"{RESERVED}/{APPROVER}"), owner=OWN)
    assert not is_let_in(only_sets, signer("user/alice"), owner=OWN)


def test_where_all_are_of_the_apis_account_the_policy_allows_nothing() -> None:
    statements = policy(permission_set(OWN), user("alice"))["Statement"]

    assert {each["Effect"] for each in statements} == {"Deny"}


@pytest.mark.parametrize(
    ("region", "partition"), [("us-gov-west-1", "aws-us-gov"), ("eusc-de-east-1", "aws-eusc")]
)
def test_the_partition_is_the_deployments(region: str, partition: str) -> None:
    there = policy(permission_set(OWN), user("alice"), region=region)

    for resource in (f"{RESERVED}/{APPROVER}", "user/alice"):
        assert is_let_in(there, signer(resource, partition=partition), owner=OWN)
        assert not is_let_in(there, signer(resource), owner=OWN)


def test_250_accounts_fit_and_far_more_are_refused_with_both_numbers() -> None:
    def knocking(count: int) -> Knocking:
        accounts = (f"{900000000000 + number}" for number in range(count))
        return Knocking.listed(listing(permission_set(*accounts)), "aws")

    knocking(250).check_size(region="eu-west-1")
    size = len(compact(knocking(250).document("0" * 12)))
    assert size < 0.7 * Quota.API_POLICY.most
    with pytest.raises(QuotaError, match=r"600 accounts.*: [0-9]{4,5}; AWS takes 8192 .*List "):
        knocking(600).check_size(region="eu-west-1")


def _policy_of(deployment: Deployment, own: str) -> dict[str, Any]:
    _, api = deployment.request_api()

    def filled(value: Any) -> Any:
        if value == {"Ref": "AWS::AccountId"}:
            return own
        if isinstance(value, dict):
            return {key: filled(item) for key, item in value.items()}
        return [filled(item) for item in value] if isinstance(value, list) else value

    found: dict[str, Any] = filled(api["Properties"]["Policy"])
    return found


def test_the_deployed_policy_is_the_one_of_the_identities_file(prod: Deployment) -> None:
    listed = "111122223333"

    for owner in (listed, OWN):
        deployed = _policy_of(prod, owner)
        assert is_let_in(deployed, signer(f"{RESERVED}/{APPROVER}", listed), owner=owner)
        assert not is_let_in(deployed, signer(f"role/{APPROVER}", listed), owner=owner)
        assert not is_let_in(deployed, signer(f"{RESERVED}/{APPROVER}", OWN), owner=owner)


def test_every_method_asks_for_a_signature_so_that_the_policy_has_somebody_to_judge(
    every: Deployment,
) -> None:
    for method in every.of_request_api("AWS::ApiGateway::Method").values():
        assert method["Properties"]["AuthorizationType"] == "AWS_IAM"


def test_a_stage_never_goes_on_with_an_older_policy(
    deployment_of: Callable[[str], Deployment], tmp_path: Any
) -> None:
    """API Gateway serves the policy of the stage's deployment, and a deployment is never changed:
    another policy must be another deployment.
    """
    text = (ROOT / "policy" / "identities.yaml").read_text(encoding="utf-8")
    more = tmp_path / "identities.yaml"
    more.write_text(text.replace('["111122223333"]', '["111122223333", "444455556666"]'))
    environments = {
        "prod": {
            "region": "eu-west-1",
            "identities": str(more),
            "witness": "none: this environment is for a test of the gateway alone",
        }
    }
    app = new_app("prod", environments=environments)
    build(app)
    changed = templates(app)["pam-prod-service"]["Resources"]

    def served(resources: Any) -> str:
        (stage,) = (r for r in resources.values() if r["Type"] == "AWS::ApiGateway::Stage")
        return str(stage["Properties"]["DeploymentId"]["Ref"])

    before = deployment_of("prod").service["Resources"]
    assert served(changed) in changed
    assert served(changed) != served(before)
