"""The archive, the keys of the log and the witness, as they are deployed."""

import json
from typing import Any

import pytest

from stacks.config import ConfigError
from stacks.synthesis import build, new_app, templates
from tests.stacks.powers import WITNESS_POWERS
from tests.stacks.template import Deployment, as_list


def bucket(deployment: Deployment) -> dict[str, Any]:
    _, found = deployment.only("AWS::S3::Bucket")
    return dict(found)


@pytest.mark.parametrize(
    ("env_name", "days"), [("prod", 2557), ("uat", 30), ("dev", 1), ("local", 1)]
)
def test_nothing_in_the_archive_can_be_deleted_before_its_time(
    every: Deployment, env_name: str, days: int
) -> None:
    if every.env_name != env_name:
        return
    found = bucket(every)
    properties = found["Properties"]

    assert properties["ObjectLockEnabled"] is True
    assert properties["ObjectLockConfiguration"]["Rule"]["DefaultRetention"] == {
        "Mode": "COMPLIANCE",
        "Days": days,
    }
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert found["DeletionPolicy"] == "RetainExceptOnCreate"
    assert found["UpdateReplacePolicy"] == "Retain"
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    (rule,) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    key, _ = every.encryption_key()
    by_default = rule["ServerSideEncryptionByDefault"]
    assert by_default["SSEAlgorithm"] == "aws:kms"
    assert key in every.text(by_default["KMSMasterKeyID"])


def test_the_archive_refuses_plain_connections_overwriting_and_deleting(every: Deployment) -> None:
    (name,) = every.of_type("AWS::S3::BucketPolicy")
    statements = [s for s in every.resource_statements() if s.owner == name]
    denied = {
        (action, statement.conditions)
        for statement in statements
        if statement.effect == "Deny"
        for action in statement.actions
    }

    assert not [s for s in statements if s.effect == "Allow"]
    conditional = json.dumps({"Null": json.dumps({"s3:if-none-match": "true"})})
    assert ("s3:PutObject", conditional) in denied
    assert {("s3:DeleteObject", "{}"), ("s3:DeleteObjectVersion", "{}")} <= denied
    conditions = " ".join(condition for action, condition in denied if action == "s3:*")
    assert "aws:SecureTransport" in conditions
    assert "s3:TlsVersion" in conditions


def test_only_the_auditor_adds_records_and_policy_sets_and_only_the_checkpoints_add_checkpoints(
    every: Deployment,
) -> None:
    writers = {
        (statement.owner, resource.rpartition("/audit-")[2].partition("/")[2] or resource)
        for statement in every.identity_statements()
        if "s3:PutObject" in statement.actions
        for resource in statement.resources
    }
    auditor = every.role_of(every.function("audit_session")[1])
    checkpoints = every.role_of(every.function("checkpoint_log")[1])
    prefixes = {(owner, resource.rsplit("/", 2)[-2]) for owner, resource in writers}

    assert prefixes == {
        (auditor, "records"),
        (auditor, "policies"),
        (checkpoints, "checkpoints"),
        (checkpoints, "cosignatures"),
    }


def test_the_auditor_reads_no_records_back(every: Deployment) -> None:
    read = {
        resource.rsplit("/", 2)[-2]
        for right in every.rights_of("audit_session")
        if "s3:GetObject" in right.actions
        for resource in right.resources
    }

    assert read == {"policies"}


def test_a_policy_set_can_be_archived_before_anything_is_decided_by_it(every: Deployment) -> None:
    auditor, _ = every.function("audit_session")
    deciders = (
        "request_api",
        "admit_request",
        "issue_credentials",
        "activate_session",
        "revoke_session",
        "record_activity",
        "find_dark_calls",
    )

    for handler in deciders:
        _, function = every.function(handler)
        assert auditor in as_list(function["DependsOn"]), handler
    kept = [
        rule["Properties"]
        for rule in every.of_type("AWS::Events::Rule").values()
        if '{"message":"KeepPolicySet"}'
        in json.dumps(rule["Properties"]["Targets"]).replace("\\", "")
    ]
    assert [rule["ScheduleExpression"] for rule in kept] == ["rate(5 minutes)"]


def test_a_checkpoint_says_how_often_checkpoints_come(every: Deployment) -> None:
    _, function = every.function("checkpoint_log")
    said = function["Properties"]["Environment"]["Variables"]["PAM_INTERVAL_MINUTES"]
    (rule,) = (
        rule["Properties"]
        for rule in every.of_type("AWS::Events::Rule").values()
        if "checkpoint" in rule["Properties"].get("Description", "")
    )

    unit = "minute" if said == "1" else "minutes"
    assert rule["ScheduleExpression"] == f"rate({said} {unit})"


def test_checkpoints_are_signed_by_a_key_that_only_signs(every: Deployment) -> None:
    signing = [
        key["Properties"]
        for key in every.of_type("AWS::KMS::Key").values()
        if key["Properties"].get("KeyUsage") == "SIGN_VERIFY"
    ]

    assert {key["KeySpec"] for key in signing} == {"ECC_NIST_P256"}
    signers = [s.owner for s in every.identity_statements() if "kms:Sign" in s.actions]
    # Beside it, where there is an Okta, one for each of PAM's two apps there.
    apps = ("issue_okta_group", "revoke_okta_group") if len(signing) > 1 else ()
    names = ("checkpoint_log", *apps)
    assert sorted(signers) == sorted(every.role_of(every.function(name)[1]) for name in names)
    assert len(signing) == len(signers)


def test_who_is_paid_to_read_the_trail_may_read_it_all_and_write_nothing(
    every: Deployment,
) -> None:
    (policy,) = (
        each
        for each in every.of_type("AWS::IAM::ManagedPolicy").values()
        if each["Properties"].get("ManagedPolicyName") == f"pam-{every.env_name}-audit-reader"
    )
    actions = {
        action
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        for action in (
            statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        )
    }

    assert actions == {
        "dynamodb:GetItem",
        "dynamodb:Query",
        "kms:Decrypt",
        "kms:GetPublicKey",
        "logs:FilterLogEvents",
        "s3:GetObject",
        "s3:ListBucket",
        "ssm:GetParameter",
    }


@pytest.fixture(scope="module")
def witnessed() -> dict[str, Any]:
    """prod with its witness in a second account."""
    prod = {"region": "eu-west-1", "account": "111111111111", "witness_account": "222222222222"}
    app = new_app("prod", environments={"prod": prod})
    build(app)
    return templates(app)


SILENT: dict[str, Any] = {"region": "eu-west-1"}
UNWITNESSED = {
    "says nothing": SILENT,
    "whatever it retains": SILENT | {"retain_data": False},
    "an empty word": SILENT | {"witness": ""},
    "a word without a reason": SILENT | {"witness": "none"},
    "too short a reason": SILENT | {"witness": "none: later"},
    "a reason of blanks": SILENT | {"witness": f"none: {' ' * 40}x"},
    "a reason for something else": SILENT | {"witness": "some: a reason of twenty characters"},
    "both": SILENT | {"witness": f"none: {'x' * 20}", "witness_account": "222222222222"},
}


@pytest.mark.guarantee("G13")
@pytest.mark.parametrize("said", UNWITNESSED)
@pytest.mark.parametrize("env_name", ["prod", "anything"])
def test_a_deployment_without_a_witness_is_refused_unless_it_says_so_in_words(
    env_name: str, said: str
) -> None:
    app = new_app(env_name, environments={env_name: UNWITNESSED[said]})

    with pytest.raises(ConfigError, match="witness") as caught:
        build(app)

    assert "\n" not in str(caught.value)


def test_one_that_says_so_in_words_is_built() -> None:
    words = SILENT | {"witness": "none: a trial of one week, with data that nobody needs"}
    build(new_app("prod", environments={"prod": words}))


@pytest.mark.guarantee("G13")
def test_the_witness_answers_the_account_of_the_log_and_not_its_own(
    witnessed: dict[str, Any],
) -> None:
    asks = [
        resource["Properties"]["Principal"]
        for resource in witnessed["pam-prod-witness"]["Resources"].values()
        if resource["Type"] == "AWS::Lambda::Permission"
    ]

    assert asks == ["111111111111"]


@pytest.mark.guarantee("G13")
@pytest.mark.parametrize(
    "entry",
    [
        {"witness_account": "222222222222"},
        {"witness_account": "222222222222", "account": None},
        {"witness_account": "222222222222", "account": ""},
        {"witness_account": "222222222222", "account": "log-account"},
        {"witness_account": "", "account": "111111111111"},
        {"witness_account": "22222222222", "account": "111111111111"},
        {"witness_account": "222222222222", "account": "111111111111\n"},
        # Whoever rules the log's account would rule its witness.
        {"witness_account": "111111111111", "account": "111111111111"},
    ],
)
def test_a_witness_that_could_not_know_whose_log_it_is_asked_about_is_refused(
    entry: dict[str, Any],
) -> None:
    app = new_app("prod", environments={"prod": SILENT | entry})

    with pytest.raises(ConfigError, match="account") as caught:
        build(app)

    assert "\n" not in str(caught.value)


def test_the_witness_is_a_stack_of_its_own_that_needs_nothing_of_the_others(
    witnessed: dict[str, Any],
) -> None:
    text = json.dumps(witnessed["pam-prod-witness"])

    assert "Fn::ImportValue" not in text
    assert "Fn::GetStackOutput" not in text
    assert "111111111111" in text, "who may ask"
    kinds = [r["Type"] for r in witnessed["pam-prod-witness"]["Resources"].values()]
    assert kinds.count("AWS::Lambda::Function") == 1
    assert kinds.count("AWS::KMS::Key") == 1


@pytest.mark.guarantee("G11")
def test_the_witness_may_remember_and_sign_on_what_is_its_own_and_nothing_else(
    witnessed: dict[str, Any],
) -> None:
    resources = witnessed["pam-prod-witness"]["Resources"]
    statements = [
        statement
        for resource in resources.values()
        if resource["Type"] == "AWS::IAM::Policy"
        for statement in resource["Properties"]["PolicyDocument"]["Statement"]
    ]
    assert {action for statement in statements for action in as_list(statement["Action"])} == {
        *WITNESS_POWERS,
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    }
    for statement in statements:
        for resource in as_list(statement["Resource"]):
            assert resource["Fn::GetAtt"][0] in resources


def test_the_log_asks_the_witness_of_the_second_account(witnessed: dict[str, Any]) -> None:
    service = json.dumps(witnessed["pam-prod-service"])

    assert ":lambda:eu-west-1:222222222222:function:pam-prod-witness" in service


def test_what_the_witness_remembers_survives_its_stack(witnessed: dict[str, Any]) -> None:
    resources = witnessed["pam-prod-witness"]["Resources"].values()
    (memory,) = (r for r in resources if r["Type"] == "AWS::DynamoDB::GlobalTable")

    assert memory["DeletionPolicy"] == "RetainExceptOnCreate"
    (replica,) = memory["Properties"]["Replicas"]
    assert replica["DeletionProtectionEnabled"] is True
