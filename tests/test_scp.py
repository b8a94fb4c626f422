"""The sample service control policies: accepted by AWS Organizations, and as narrow as they say."""

import json
from fnmatch import fnmatchcase
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from pam.names import (
    Table,
    activator_role_name,
    activity_rule_prefix,
    issuer_role_name,
    revocation_role_name,
    table_name,
)

DOCS = Path(__file__).resolve().parent.parent / "docs"
MAXIMUM_CHARACTERS = 5120
Json = dict[str, Any]


def policy(name: str) -> Json:
    found: Json = json.loads((DOCS / f"scp-{name}-protection.json").read_text(encoding="utf-8"))
    return found


POLICIES = {name: policy(name) for name in ("audit", "function")}
STATEMENTS: dict[str, Json] = {
    each["Sid"]: each for document in POLICIES.values() for each in document["Statement"]
}
CUSTODIAN = "arn:aws:iam::*:role/bank-audit-custodian"
PIPELINE = "arn:aws:iam::*:role/bank-pam-pipeline"
GATEWAY_LOGS = "arn:aws:iam::*:role/bank-api-gateway-logs"
SERVICE_ROLES = "arn:aws:iam::*:role/pam-*-service-*"
PAM_ROLES = {
    SERVICE_ROLES,
    *(f"arn:aws:iam::*:role/pam-*-{name}" for name in ("activator", "credential-issuer")),
    "arn:aws:iam::*:role/pam-*-revocation",
}
EXCEPTED: dict[str, set[str]] = {
    **{each["Sid"]: {CUSTODIAN} for each in POLICIES["audit"]["Statement"]},
    **{each["Sid"]: {PIPELINE} for each in POLICIES["function"]["Statement"]},
    "OnlyPamInvokesPam": {PIPELINE, *PAM_ROLES},
    "KeepTheAccessLog": {PIPELINE, GATEWAY_LOGS, SERVICE_ROLES},
    "KeepTheQueues": {PIPELINE, SERVICE_ROLES},
}
"""Whom a statement lets through, and nobody else."""

MUST_DENY = {
    "KeepTheAuditLogGroup": {
        "logs:DeleteLogGroup",
        "logs:DeleteLogStream",
        "logs:DeleteRetentionPolicy",
        "logs:DisassociateKmsKey",
        "logs:PutLogGroupDeletionProtection",
        "logs:PutRetentionPolicy",
    },
    "KeepTheAuditArchive": {
        "s3:BypassGovernanceRetention",
        "s3:DeleteBucket",
        "s3:DeleteBucketPolicy",
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
        "s3:PutBucketObjectLockConfiguration",
        "s3:PutBucketPolicy",
        "s3:PutBucketPublicAccessBlock",
        "s3:PutBucketVersioning",
        "s3:PutEncryptionConfiguration",
        "s3:PutLifecycleConfiguration",
        "s3:PutObjectLegalHold",
        "s3:PutObjectRetention",
    },
    # Whoever could change the tag would be past the condition.
    "KeepTheKeys": {
        "kms:DisableKey",
        "kms:PutKeyPolicy",
        "kms:ScheduleKeyDeletion",
        "kms:TagResource",
        "kms:UntagResource",
    },
    "KeepTheTableRestorable": {"dynamodb:UpdateContinuousBackups"},
    # Whoever could make the excepted role would be excepted.
    "KeepTheCustodian": {"iam:CreateRole", "iam:UpdateAssumeRolePolicy"},
    # A door believes whoever invokes it.
    "OnlyPamInvokesPam": {
        "lambda:InvokeAsync",
        "lambda:InvokeFunction",
        "lambda:InvokeFunctionUrl",
    },
    "KeepTheFunctions": {
        "lambda:AddPermission",
        "lambda:CreateFunctionUrlConfig",
        "lambda:UpdateFunctionCode",
        "lambda:UpdateFunctionConfiguration",
    },
    "KeepTheirTriggers": {"lambda:CreateEventSourceMapping"},
    # A rule hands on what its maker likes; a queue of activity takes it for CloudTrail's word.
    "KeepTheRules": {
        "events:DeleteRule",
        "events:DisableRule",
        "events:PutRule",
        "events:PutTargets",
        "events:RemoveTargets",
    },
    "KeepTheQueues": {
        "sqs:DeleteMessage",
        "sqs:PurgeQueue",
        "sqs:ReceiveMessage",
        "sqs:SendMessage",
        "sqs:SetQueueAttributes",
    },
    "KeepTheWorkflow": {"states:UpdateStateMachine"},
    "KeepTheRoles": {"iam:CreateRole", "iam:PassRole", "iam:UpdateAssumeRolePolicy"},
    "KeepTheAccessLog": {"logs:PutLogEvents"},
    "KeepTheExcepted": {"iam:CreateRole", "iam:UpdateAssumeRolePolicy"},
}


@pytest.fixture(scope="module")
def known_actions() -> dict[str, Json]:
    """Service by service, in lower case, as cfn-lint knows them."""
    data = resources.files("cfnlint") / "data" / "AdditionalSpecs" / "Policies.json"
    specs = json.loads(data.read_text(encoding="utf-8"))
    return {service: spec["Actions"] for service, spec in specs.items()}


@pytest.mark.parametrize("name", POLICIES)
def test_it_fits_into_a_service_control_policy(name: str) -> None:
    assert POLICIES[name]["Version"] == "2012-10-17"
    assert len(json.dumps(POLICIES[name], separators=(",", ":"))) < MAXIMUM_CHARACTERS


def test_no_statement_has_the_name_of_another() -> None:
    statements = [each for document in POLICIES.values() for each in document["Statement"]]
    assert len(STATEMENTS) == len(statements)


@pytest.mark.parametrize("sid", STATEMENTS)
def test_each_statement_denies_and_has_only_the_elements_of_a_policy_of_the_kind(sid: str) -> None:
    statement = STATEMENTS[sid]
    assert set(statement) == {"Sid", "Effect", "Action", "Resource", "Condition"}
    assert statement["Effect"] == "Deny"
    assert sid.isalnum()


@pytest.mark.parametrize("sid", STATEMENTS)
def test_each_action_is_named_whole_and_is_one_that_aws_has(
    sid: str, known_actions: dict[str, Json]
) -> None:
    for action in STATEMENTS[sid]["Action"]:
        service, _, name = action.partition(":")
        assert "*" not in action
        assert "?" not in action
        assert name.lower() in known_actions[service], action


@pytest.mark.parametrize("sid", STATEMENTS)
def test_each_resource_is_named_and_of_the_service_of_its_actions(sid: str) -> None:
    statement = STATEMENTS[sid]
    services = {action.partition(":")[0] for action in statement["Action"]}
    if "ArnLike" in statement["Condition"]:
        # The calls that know no resource: the function stands in a condition.
        assert statement["Resource"] == ["*"]
        assert statement["Condition"]["ArnLike"] == {
            "lambda:FunctionArn": "arn:aws:lambda:*:*:function:pam-*"
        }
        return
    for resource in statement["Resource"]:
        prefix, partition, service, _region, _account, name = resource.split(":", 5)
        assert (prefix, partition, {service}) == ("arn", "aws", services)
        assert name.strip("*") not in {"", "/"}
    assert any("pam" in each or "046" in each for each in statement["Resource"]) or (
        sid in {"KeepTheKeys", "KeepTheCustodian", "KeepTheExcepted"}
    )


def test_keys_are_named_by_their_tag() -> None:
    condition = STATEMENTS["KeepTheKeys"]["Condition"]
    assert condition["StringEquals"] == {"aws:ResourceTag/module": "MOD-046"}


@pytest.mark.parametrize("sid", STATEMENTS)
def test_named_roles_are_excepted_and_nobody_else(sid: str) -> None:
    condition = STATEMENTS[sid]["Condition"]
    named = condition["ArnNotLike"]["aws:PrincipalArn"]
    assert set(named if isinstance(named, list) else [named]) == EXCEPTED[sid]
    assert set(condition["ArnNotLike"]) == {"aws:PrincipalArn"}
    assert set(condition) <= {"ArnLike", "ArnNotLike", "StringEquals"}


def test_whoever_is_excepted_by_a_name_cannot_be_made_by_others() -> None:
    """A role of an excepted name would be excepted."""
    kept = {
        resource
        for sid in ("KeepTheCustodian", "KeepTheRoles", "KeepTheExcepted")
        for resource in STATEMENTS[sid]["Resource"]
    }
    assert set().union(*EXCEPTED.values()) <= kept


def test_the_roles_that_functions_run_in_have_the_names_that_are_kept() -> None:
    named = (activator_role_name, issuer_role_name, revocation_role_name)
    kept = STATEMENTS["KeepTheRoles"]["Resource"]
    for role in (*(name("prod") for name in named), "pam-prod-service-TickRole1A2B"):
        assert any(fnmatchcase(f"arn:aws:iam::*:role/{role}", each) for each in kept), role
    # What revokers do to target roles must stay possible.
    assert not any(fnmatchcase("arn:aws:iam::*:role/pam-target-core", each) for each in kept)


def test_the_rules_and_queues_of_activity_have_the_names_that_are_kept() -> None:
    """As CloudFormation makes them of the stack's, and as the forwarders' rules are named."""
    kept = [
        each for sid in ("KeepTheRules", "KeepTheQueues") for each in STATEMENTS[sid]["Resource"]
    ]
    for arn in (
        "arn:aws:events:eu-west-1:111122223333:rule/pam-prod-service-ActivityCalls5E20-1A2B",
        f"arn:aws:events:us-east-1:111122223333:rule/{activity_rule_prefix('prod')}0",
        "arn:aws:sqs:eu-west-1:111122223333:pam-prod-service-ActivityQueueB0E8-1A2B",
    ):
        assert any(fnmatchcase(arn, each) for each in kept), arn


@pytest.mark.parametrize("sid", MUST_DENY)
def test_what_would_harm_the_evidence_or_pass_a_door_is_denied(sid: str) -> None:
    assert MUST_DENY[sid] <= set(STATEMENTS[sid]["Action"])


def test_every_table_is_kept_restorable() -> None:
    kept = [each.rpartition("/")[2] for each in STATEMENTS["KeepTheTableRestorable"]["Resource"]]
    made = ["pam-prod-foundation-Sessions", *(table_name("prod", table) for table in Table)]
    for name in made:
        assert any(fnmatchcase(name, pattern) for pattern in kept), name
