"""Whose account this is, whether the CDK can deploy there, and who else has a PAM there."""

from collections.abc import Iterator

from botocore.exceptions import ClientError

from deployment import leftovers
from deployment.environment import environments
from deployment.preflight.check import (
    Check,
    Finding,
    Surroundings,
    code_of,
    ok,
    pages,
    unknown,
    warning,
    wrong,
)
from pam.domain.kinds import Need

_VERSION = "/cdk-bootstrap/hnb659fds/version"
_EXECUTION = "cdk-hnb659fds-cfn-exec-role"
_MUST_DO = (
    *("cloudformation:DescribeStacks", "iam:CreateRole", "kms:CreateKey"),
    *("lambda:CreateFunction", "states:CreateStateMachine"),
)
"""A sample of what the stacks take. The first one is for the service, which asks for the
foundation's outputs."""


def lending_accounts(around: Surroundings) -> list[str]:
    """Accounts of lent roles, PAM's own not among them."""
    accounts = {
        resource.issuer.get("account", around.home)
        for resource in around.policy.resources
        if resource.needing(Need.LEND_ROLE)
    }
    return sorted(accounts - {around.home})


def _look_at_caller(around: Surroundings) -> Iterator[Finding]:
    account, config = around.caller.account, around.config
    others = {config.witness_account, *lending_accounts(around)}
    others |= {account for each in around.policy.identities for account in each.accounts}
    if config.account is None:
        yield warning(
            f"{account}, and cdk.json names no account for {config.env_name}: it would be deployed "
            "into the account of whoever does it",
            f'name it: environments.{config.env_name}.account = "{account}"',
        )
    elif account == config.account:
        yield ok(f"account {account}, as cdk.json says, in {config.region}")
    elif account in others:
        yield ok(
            f"account {account}, which has to do with {config.env_name}; PAM is in {around.home}"
        )
    else:
        yield wrong(
            f"your credentials are of account {account}, and {config.env_name} is in {around.home}",
            "sign in to that account (AWS_PROFILE)",
        )


def _look_at_bootstrap(around: Surroundings) -> Iterator[Finding]:
    needed: dict[str, int] = {}
    for stack in around.own_stacks:
        needed[stack.region] = max(needed.get(stack.region, 0), stack.bootstrap)
    for region, version in needed.items():
        if version == 0:
            yield ok(f"{region}: deployed by your own rights, without the CDK's roles")
            continue
        yield _bootstrap_of(around, region, version)
    if any(needed.values()):
        yield from _look_at_execution(around)


def _bootstrap_of(around: Surroundings, region: str, version: int) -> Finding:
    command = f"npx cdk bootstrap aws://{around.caller.account}/{region}"
    try:
        answer = around.clients("ssm", region).get_parameter(Name=_VERSION)
    except ClientError as error:
        if code_of(error) != "ParameterNotFound":
            raise
        return wrong(f"{region} is not bootstrapped for the CDK", command)
    found = answer["Parameter"]["Value"]
    if not found.isdecimal() or int(found) < version:
        return wrong(f"{region}: bootstrap version {found}, and {version} is needed", command)
    return ok(f"{region}: bootstrap version {found} (at least {version})")


def _look_at_execution(around: Surroundings) -> Iterator[Finding]:
    caller = around.caller
    role = (
        f"arn:{caller.partition}:iam::{caller.account}:role/"
        f"{_EXECUTION}-{caller.account}-{around.config.region}"
    )
    iam = around.clients("iam")
    try:
        answers = list(
            pages(
                iam,
                "simulate_principal_policy",
                "EvaluationResults",
                PolicySourceArn=role,
                ActionNames=list(_MUST_DO),
            )
        )
    except ClientError as error:
        if code_of(error) != "NoSuchEntity":
            raise
        yield unknown(f"there is no {role}; the bootstrap has another qualifier")
        return
    missing = [it["EvalActionName"] for it in answers if it["EvalDecision"] != "allowed"]
    if missing:
        yield wrong(
            f"{role} may not {', '.join(missing)}",
            "give it AdministratorAccess, as the bootstrap does by default, or these rights",
        )
    else:
        yield ok("CloudFormation's execution role may make what the stacks hold")


def _look_at_leftovers(around: Surroundings) -> Iterator[Finding]:
    env_name = around.config.env_name
    see = f"see them: make unstick ENV={env_name} (docs/runbook.md, A first deployment that failed)"
    failed = leftovers.stacks_that_failed(around.clients, env_name)
    for name in failed.values():
        yield wrong(f"{name} was never made to the end", see)
    found = leftovers.find(around.clients, env_name)
    stand = any(True for _ in _standing(around))
    for each in found:
        said = f"{each.service} {each.name} is of no stack that stands"
        # Keys and archives without a name that is wanted again are in nobody's way.
        yield warning(said, see) if stand or each.service == "kms" else wrong(said, see)
    if not failed and not found:
        yield ok("nothing is left of an earlier try")


def _standing(around: Surroundings) -> Iterator[str]:
    names = {stack.name for stack in around.own_stacks}
    for stack in pages(around.clients("cloudformation"), "describe_stacks", "Stacks"):
        if stack["StackName"] in names and stack["StackStatus"] not in leftovers.NEVER_MADE:
            yield stack["StackName"]


def _look_for_others(around: Surroundings) -> Iterator[Finding]:
    names = pages(
        around.clients("ssm"),
        "describe_parameters",
        "Parameters",
        ParameterFilters=[{"Key": "Name", "Option": "Contains", "Values": ["/mod046/"]}],
    )
    parts = [parameter["Name"].split("/") for parameter in names]
    found = sorted(
        {it[2] for it in parts if it[:2] == ["", "bank"] and it[3:4] == ["mod046"]}
        - {around.config.env_name}
    )
    for env_name in found:
        known = environments().get(env_name)
        same = known is not None and known.get("policy_dir", "policy") == around.config.policy_dir
        lends = "lends the same roles" if same else "may lend the same roles"
        yield warning(
            f"{env_name} is in this account too, and {lends}: each tells of the other's sessions "
            "as dark access",
            "give each an account, or a policy_dir of its own (cdk.json)",
        )
    if not found:
        yield ok("no other PAM is in this account and region")


CHECKS = (
    Check(
        name="account",
        reason="PAM is made where the credentials point, and trusts accounts by number",
        look=_look_at_caller,
        blocks=True,
        everywhere=True,
    ),
    Check(
        name="bootstrap",
        reason="the CDK deploys by roles that its bootstrap makes, once in each region",
        look=_look_at_bootstrap,
        blocks=True,
        everywhere=True,
    ),
    Check(
        name="leftovers",
        reason="names that a failed deployment left taken make the next one fail",
        look=_look_at_leftovers,
        blocks=True,
    ),
    Check(
        name="other PAM",
        reason="two that lend one role take each other's sessions for dark access",
        look=_look_for_others,
    ),
)
