"""The sample service control policy: accepted by AWS Organizations, and as narrow as it says."""

import json
from fnmatch import fnmatchcase
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from pam.names import Table, table_name

TEXT = (Path(__file__).resolve().parent.parent / "docs" / "scp-audit-protection.json").read_text(
    encoding="utf-8"
)
POLICY = json.loads(TEXT)
STATEMENTS = {each["Sid"]: each for each in POLICY["Statement"]}
MAXIMUM_CHARACTERS = 5120
CUSTODIAN = "arn:aws:iam::*:role/bank-audit-custodian"
Json = dict[str, Any]

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
}


@pytest.fixture(scope="module")
def known_actions() -> dict[str, Json]:
    """Service by service, in lower case, as cfn-lint knows them."""
    data = resources.files("cfnlint") / "data" / "AdditionalSpecs" / "Policies.json"
    specs = json.loads(data.read_text(encoding="utf-8"))
    return {service: spec["Actions"] for service, spec in specs.items()}


def test_it_fits_into_a_service_control_policy() -> None:
    assert POLICY["Version"] == "2012-10-17"
    assert len(STATEMENTS) == len(POLICY["Statement"])
    assert len(json.dumps(POLICY, separators=(",", ":"))) < MAXIMUM_CHARACTERS


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
    for resource in statement["Resource"]:
        prefix, partition, service, _region, _account, name = resource.split(":", 5)
        assert (prefix, partition, {service}) == ("arn", "aws", services)
        assert name.strip("*") not in {"", "/"}
    assert any("pam" in each or "046" in each for each in statement["Resource"]) or (
        sid in {"KeepTheKeys", "KeepTheCustodian"}
    )


def test_keys_are_named_by_their_tag() -> None:
    condition = STATEMENTS["KeepTheKeys"]["Condition"]
    assert condition["StringEquals"] == {"aws:ResourceTag/module": "MOD-046"}


@pytest.mark.parametrize("sid", STATEMENTS)
def test_one_named_role_is_excepted_and_nobody_else(sid: str) -> None:
    condition = STATEMENTS[sid]["Condition"]
    assert condition["ArnNotLike"] == {"aws:PrincipalArn": CUSTODIAN}
    assert set(condition) <= {"ArnNotLike", "StringEquals"}


@pytest.mark.parametrize("sid", MUST_DENY)
def test_what_would_harm_the_evidence_is_denied(sid: str) -> None:
    assert MUST_DENY[sid] <= set(STATEMENTS[sid]["Action"])


def test_every_table_is_kept_restorable() -> None:
    kept = [each.rpartition("/")[2] for each in STATEMENTS["KeepTheTableRestorable"]["Resource"]]
    made = ["pam-prod-foundation-Sessions", *(table_name("prod", table) for table in Table)]
    for name in made:
        assert any(fnmatchcase(name, pattern) for pattern in kept), name
