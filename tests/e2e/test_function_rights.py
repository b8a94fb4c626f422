"""Least privilege, tried: each function's own role, against what it must not be able to do."""

import json
from typing import Any

import boto3
import pytest

from local.cast import Cast, is_refused

FUNCTIONS = [
    "request_api",
    "admit_request",
    "ask_approvers",
    "issue_credentials",
    "revoke_session",
    "audit_session",
    "record_activity",
    "tick",
]
TARGET = "arn:aws:iam::000000000000:role/pam-target-core-ledger-admin"
REVOKER = f"{TARGET}-pam-revoker"
TAG = [{"Key": "pam:session_id", "Value": "01JD8XGZ6Q3M4V5N6P7R8S9T0A"}]
SOURCE = "01JD8XGZ6Q3M4V5N6P7R8S9T0A"


def as_function(cast: Cast, function: str, service: str) -> Any:
    """A client with the credentials that the emulator gives this function's process."""
    sts = cast.person("root").client("sts")
    functions = cast.person("root").client("lambda").list_functions()["Functions"]
    role = next(f["Role"] for f in functions if f["Handler"] == f"{function}.handler")
    # The emulator's root may assume any role that exists, as the Lambda service may.
    iam = cast.person("root").client("iam")
    name = role.rsplit("/", 1)[-1]
    trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    _trust_root(iam, name, trust)
    given = sts.assume_role(RoleArn=role, RoleSessionName="tried")["Credentials"]
    session = boto3.Session(
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
        region_name=cast.about["region"],
    )
    return cast.client(service, session)


def _trust_root(iam: Any, name: str, trust: dict[str, Any]) -> None:
    statements = trust["Statement"]
    principal = {"AWS": "arn:aws:iam::000000000000:root"}
    if not any(s["Principal"] == principal for s in statements):
        statements.append({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))


@pytest.mark.guarantee("G11")
@pytest.mark.parametrize("function", FUNCTIONS)
def test_only_the_issuer_can_obtain_a_credential_of_a_target(cast: Cast, function: str) -> None:
    sts = as_function(cast, function, "sts")
    refused = is_refused(
        lambda: sts.assume_role(
            RoleArn=TARGET, RoleSessionName="alice", Tags=TAG, SourceIdentity=SOURCE
        )
    )
    assert refused is (function != "issue_credentials")


@pytest.mark.guarantee("G11")
@pytest.mark.parametrize("function", FUNCTIONS)
def test_only_revocation_can_deny_on_a_target(cast: Cast, function: str) -> None:
    sts = as_function(cast, function, "sts")
    refused = is_refused(lambda: sts.assume_role(RoleArn=REVOKER, RoleSessionName="tried"))
    assert refused is (function != "revoke_session")


@pytest.mark.guarantee("G11")
@pytest.mark.parametrize("function", FUNCTIONS)
def test_only_the_auditor_can_write_the_log(cast: Cast, function: str) -> None:
    logs = as_function(cast, function, "logs")
    group = "/bank/local/mod046/audit"
    refused = is_refused(lambda: logs.create_log_stream(logGroupName=group, logStreamName=function))
    assert refused is (function != "audit_session")


@pytest.mark.guarantee("G11")
@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_function_can_delete_its_traces_or_its_limits(cast: Cast, function: str) -> None:
    logs, iam = as_function(cast, function, "logs"), as_function(cast, function, "iam")
    dynamodb = as_function(cast, function, "dynamodb")
    table = cast.parameter("/bank/local/mod046/session-store/table-name")
    assert is_refused(lambda: logs.delete_log_group(logGroupName="/bank/local/mod046/audit"))
    assert is_refused(lambda: dynamodb.delete_table(TableName=table))
    assert is_refused(lambda: dynamodb.scan(TableName=table))
    assert is_refused(
        lambda: iam.put_role_policy(
            RoleName="pam-target-core-ledger-admin", PolicyName="x", PolicyDocument="{}"
        )
    )


@pytest.mark.guarantee("G1")
@pytest.mark.parametrize("lacking", ["tag", "source identity"])
def test_even_the_issuer_gets_nothing_without_tag_and_source_identity(
    cast: Cast, lacking: str
) -> None:
    sts = as_function(cast, "issue_credentials", "sts")
    arguments: dict[str, Any] = {"RoleArn": TARGET, "RoleSessionName": "alice"}
    if lacking != "tag":
        arguments["Tags"] = TAG
    if lacking != "source identity":
        arguments["SourceIdentity"] = SOURCE
    assert is_refused(lambda: sts.assume_role(**arguments))
