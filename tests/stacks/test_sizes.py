"""A bank lends much: 300 roles over 250 accounts fit, and what does not is told in words."""

import shutil
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from pam.domain.role_limits import revoker_role_name
from stacks.aws_quotas import Quota, QuotaError, compact
from stacks.synthesis import ROOT, build, new_app, templates
from stacks.template_sizes import check_sizes
from stacks.wide_rights import allow_on_each, packed
from tests.stacks.template import Deployment, as_list

ROLES, ACCOUNTS = 300, 250
PAM = "900000000000"
LENDERS = ("issue_credentials", "activate_session")


def account(number: int) -> str:
    return str(int(PAM) + number % ACCOUNTS)


def role_name(number: int) -> str:
    return f"pam-target-{number:03d}-core-ledger-admin"


LENT = {f"arn:aws:iam::{account(n)}:role/{role_name(n)}" for n in range(ROLES)}


def catalogue(text: str) -> str:
    # Of the domains that have channels one is left.
    head = text[: text.index("\nresources:") + 1].replace("    bank-kyc: C0KYC000001\n", "")
    lines = [
        f"  - {{id: role-{n:03d}, title: T, description: D, environment: dev, domain: bank-core, "
        f'issuer: {{kind: aws-role, role_name: {role_name(n)}, account: "{account(n)}"}}}}'
        for n in range(ROLES)
    ]
    return "\n".join([f"{head}resources:", *lines, ""])


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """Roles in every account, people calling from every account, and all that goes with them."""
    policy = shutil.copytree(ROOT / "policy", tmp_path_factory.mktemp("large") / "policy")
    lent, listed = policy / "catalogue.yaml", policy / "identities.yaml"
    lent.write_text(catalogue(lent.read_text(encoding="utf-8")), encoding="utf-8")
    accounts = ", ".join(f'"{account(n)}"' for n in range(ACCOUNTS))
    people = listed.read_text(encoding="utf-8").replace('["111122223333"]', f"[{accounts}]")
    listed.write_text(people, encoding="utf-8")
    config = {
        "region": "eu-west-1",
        "account": PAM,
        "policy_dir": str(policy),
        "identities": str(listed),
        "witness": "none: this environment is for a test of sizes alone",
    }
    app = new_app("prod", environments={"prod": config})
    build(app)
    return Deployment.of("prod", templates(app))


def test_300_roles_over_250_accounts_are_within_every_quota(large: Deployment) -> None:
    """`templates` measured the app as it was made; here are two by hand."""
    for policy in large.of_type("AWS::IAM::ManagedPolicy").values():
        document = policy["Properties"]["PolicyDocument"]
        assert len(compact(document)) < Quota.MANAGED_POLICY.most
    assert len(large.service["Resources"]) < Quota.RESOURCES.most


@pytest.mark.guarantee("G11")
@pytest.mark.parametrize("handler", LENDERS)
def test_each_lender_may_assume_exactly_the_lent_roles_by_their_arns(
    large: Deployment, handler: str
) -> None:
    rights = [each for each in large.rights_of(handler) if "sts:AssumeRole" in each.actions]

    assert frozenset().union(*(each.resources for each in rights)) == LENT
    for each in rights:
        assert "lambda:SourceFunctionArn" in each.conditions


@pytest.mark.guarantee("G11")
def test_the_revocation_may_assume_exactly_their_revokers(large: Deployment) -> None:
    rights = large.rights_of("revoke_session")
    rights = [each for each in rights if "sts:AssumeRole" in each.actions]

    revokers = {revoker_role_name(arn) for arn in LENT}
    assert frozenset().union(*(each.resources for each in rights)) == revokers


def test_every_lent_role_is_listened_to(large: Deployment) -> None:
    heard = set()
    for rule in large.of_type("AWS::Events::Rule").values():
        for way in rule["Properties"].get("EventPattern", {}).get("detail", {}).get("$or", []):
            heard |= set(as_list(way.get("requestParameters", {}).get("roleArn", [])))
    assert heard >= LENT


def test_the_queue_takes_from_every_rule_by_one_statement(large: Deployment) -> None:
    queue, _ = large.activity_queue()
    rules = [
        name
        for name, rule in large.of_type("AWS::Events::Rule").items()
        if {"Fn::GetAtt": [queue, "Arn"]} in [t["Arn"] for t in rule["Properties"]["Targets"]]
    ]
    (policy,) = (
        each["Properties"]["PolicyDocument"]["Statement"]
        for each in large.of_type("AWS::SQS::QueuePolicy").values()
        if each["Properties"]["Queues"] == [{"Ref": queue}]
    )
    (may,) = (each for each in policy if each["Effect"] == "Allow")
    assert len(rules) > Quota.QUEUE_STATEMENTS.most
    assert may["Principal"] == {"Service": "events.amazonaws.com"}
    named = f"arn:aws:events:eu-west-1:{PAM}:rule/pam-prod-service-*"
    assert may["Condition"] == {"ArnLike": {"aws:SourceArn": named}}


def test_what_is_packed_is_all_there_in_its_order() -> None:
    arns = [f"arn:aws:iam::{n:012d}:role/{'r' * (n % 60)}" for n in range(200)]
    together = list(packed(arns, 1_000))

    assert [arn for each in together for arn in each] == arns
    assert all(len(compact(each)) <= 1_002 for each in together)
    assert list(packed(["a" * 5_000, "b"], 1_000)) == [["a" * 5_000], ["b"]]
    assert list(packed([], 1_000)) == []


def one_role(arns: int) -> dict[str, Any]:
    app = cdk.App(analytics_reporting=False)
    stack = cdk.Stack(app, "Lending")
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    lent = [f"arn:aws:iam::{n:012d}:role/pam-target-{'x' * 40}" for n in range(arns)]
    allow_on_each(role, "Lend", actions=["sts:AssumeRole"], resources=lent)
    return templates(app)["Lending"]


def test_a_role_takes_ten_managed_policies_and_an_eleventh_is_refused_in_words() -> None:
    kinds = [each["Type"] for each in one_role(600)["Resources"].values()]

    assert kinds.count("AWS::IAM::ManagedPolicy") > 5
    with pytest.raises(QuotaError, match=r"^Lending, .*: 1[0-9]; AWS takes 10 managed"):
        one_role(700)


def test_a_few_stay_in_the_roles_own_policy() -> None:
    kinds = [each["Type"] for each in one_role(10)["Resources"].values()]

    assert sorted(kinds) == ["AWS::IAM::Policy", "AWS::IAM::Role"]


def document(characters: int) -> dict[str, Any]:
    empty = {"Version": "2012-10-17", "Statement": [{"Sid": ""}]}
    filled = "x" * (characters - len(compact(empty)))
    return {"Version": "2012-10-17", "Statement": [{"Sid": filled}]}


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


def two_policies(characters: int) -> dict[str, Any]:
    parts = {"One": 5_000, "Two": characters - 5_000}
    return {
        name: resource("AWS::IAM::Policy", Roles=[{"Ref": "R"}], PolicyDocument=document(part))
        for name, part in parts.items()
    }


EXACTLY: dict[Quota, Callable[[int], dict[str, Any]]] = {
    Quota.API_POLICY: lambda n: {"Api": resource("AWS::ApiGateway::RestApi", Policy=document(n))},
    Quota.INLINE_POLICIES: two_policies,
    Quota.MANAGED_POLICY: lambda n: {
        "Policy": resource("AWS::IAM::ManagedPolicy", PolicyDocument=document(n))
    },
    Quota.MANAGED_POLICIES: lambda n: {
        "Role": resource(
            "AWS::IAM::Role",
            AssumeRolePolicyDocument=document(100),
            ManagedPolicyArns=[f"arn:{number}" for number in range(n)],
        )
    },
    Quota.TRUST_POLICY: lambda n: {
        "Role": resource("AWS::IAM::Role", AssumeRolePolicyDocument=document(n))
    },
    Quota.EVENT_PATTERN: lambda n: {
        "Rule": resource("AWS::Events::Rule", EventPattern=document(n))
    },
    Quota.ENVIRONMENT: lambda n: {
        "Function": resource("AWS::Lambda::Function", Environment={"Variables": document(n)})
    },
    Quota.FUNCTION_POLICY: lambda n: {
        "Permission": resource(
            "AWS::Lambda::Permission", FunctionName={"Ref": "F"}, SourceArn="x" * (n - 330)
        )
    },
    Quota.QUEUE_POLICY: lambda n: {
        "Policy": resource("AWS::SQS::QueuePolicy", PolicyDocument=document(n))
    },
    Quota.QUEUE_STATEMENTS: lambda n: {
        "Policy": resource("AWS::SQS::QueuePolicy", PolicyDocument={"Statement": [{}] * n})
    },
    Quota.BUS_POLICY: lambda n: {
        "Policy": resource("AWS::Events::EventBusPolicy", Statement=document(n))
    },
    Quota.RULES: lambda n: {f"R{number}": resource("AWS::Events::Rule") for number in range(n)},
    Quota.PARAMETER: lambda n: {"Parameter": resource("AWS::SSM::Parameter", Value="x" * n)},
    Quota.RESOURCES: lambda n: {f"R{number}": {"Type": "x"} for number in range(n)},
}


@pytest.mark.parametrize("quota", EXACTLY)
def test_at_a_quota_is_taken_and_one_more_is_refused_with_both_numbers(quota: Quota) -> None:
    check_sizes({"stack": {"Resources": EXACTLY[quota](quota.most)}})

    with pytest.raises(QuotaError) as caught:
        check_sizes({"stack": {"Resources": EXACTLY[quota](quota.most + 1)}})
    said = str(caught.value)
    assert said.startswith("stack"), said
    for number in (quota.most, quota.most + 1):
        assert str(number) in said, said
    assert quota.remedy in said


def test_a_template_that_is_too_large_is_refused() -> None:
    large = {"Resources": {"Parameter": resource("AWS::SNS::Topic", Name="x" * 1_000_000)}}
    with pytest.raises(QuotaError, match="bytes of a template"):
        check_sizes({"stack": large})


def test_every_quota_is_measured() -> None:
    assert {*EXACTLY, Quota.TEMPLATE} == set(Quota)


def test_what_is_known_only_in_aws_counts_with_its_length() -> None:
    account_of = {"Fn::Join": ["", ["arn:aws:iam::", {"Ref": "AWS::AccountId"}, ":role/x"]]}
    statement = {"Resource": [account_of] * 250}
    within = {"Policy": resource("AWS::IAM::ManagedPolicy", PolicyDocument=statement)}
    with pytest.raises(QuotaError, match=r": 8[0-9]{3}; AWS takes 6144"):
        check_sizes({"stack": {"Resources": within}})


def test_the_shipped_environments_are_within(every: Deployment) -> None:
    check_sizes({"foundation": every.foundation, "service": every.service})
