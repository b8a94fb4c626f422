"""What outlasts a deployment, and how it is protected."""

import pytest

from pam.names import CallIndex, Index, Table
from stacks.synthesis import build, new_app
from tests.stacks.template import Deployment


def _audit_group(deployment: Deployment) -> dict[str, object]:
    (group,) = (
        dict(group)
        for group in deployment.foundation["Resources"].values()
        if group["Type"] == "AWS::Logs::LogGroup"
    )
    return group


def _key_arn(deployment: Deployment) -> str:
    return f"${{{deployment.encryption_key()[0]}.Arn}}"


def test_the_audit_log_is_kept_ten_years_and_cannot_simply_be_deleted(prod: Deployment) -> None:
    group = _audit_group(prod)

    assert group["DeletionPolicy"] == "RetainExceptOnCreate"
    assert group["UpdateReplacePolicy"] == "Retain"
    assert group["Properties"] == {
        "DeletionProtectionEnabled": True,
        "KmsKeyId": {"Fn::GetAtt": [prod.encryption_key()[0], "Arn"]},
        "LogGroupName": "/bank/prod/mod046/audit",
        "RetentionInDays": 3653,
        "Tags": group["Properties"]["Tags"],  # type: ignore[index]
    }


def test_sessions_are_retained_restorable_and_encrypted_with_the_customer_key(
    prod: Deployment,
) -> None:
    tables = prod.of_type("AWS::DynamoDB::Table").values()
    assert len(tables) == 2 + len(set(Table) - {Table.IDENTITY_CENTER, Table.OKTA})
    for table in tables:
        properties = table["Properties"]
        recovery = properties["PointInTimeRecoverySpecification"]

        assert table["DeletionPolicy"] == "RetainExceptOnCreate"
        assert table["UpdateReplacePolicy"] == "Retain"
        assert properties["DeletionProtectionEnabled"] is True
        assert recovery == {"PointInTimeRecoveryEnabled": True}
        assert properties["SSESpecification"]["SSEType"] == "KMS"
        assert prod.text(properties["SSESpecification"]["KMSMasterKeyId"]) == _key_arn(prod)


def test_the_table_is_the_one_that_the_functions_expect(every: Deployment) -> None:
    _, table = every.table()
    properties = table["Properties"]
    indexes = {
        index["IndexName"]: [key["AttributeName"] for key in index["KeySchema"]]
        for index in properties["GlobalSecondaryIndexes"]
    }

    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert [key["AttributeName"] for key in properties["KeySchema"]] == ["pk", "sk"]
    assert properties["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert {attribute["AttributeType"] for attribute in properties["AttributeDefinitions"]} == {"S"}
    assert indexes == {
        Index.BY_REQUESTER: ["requester_person", "session_id"],
        Index.BY_STATUS: ["status", "session_id"],
        Index.BY_RESOURCE: ["resource", "session_id"],
        Index.BY_TIME: ["listing", "session_id"],
        Index.BY_DEADLINE: ["open", "due_at"],
    }
    held = {
        index["IndexName"]: set(index["Projection"].get("NonKeyAttributes", ["all"]))
        for index in properties["GlobalSecondaryIndexes"]
    }
    # Of what lists are filtered by; a whole session would be written anew with each of its steps.
    assert held == {
        Index.BY_REQUESTER: {"resource", "status"},
        Index.BY_STATUS: {"requester_person", "resource"},
        Index.BY_RESOURCE: {"requester_person", "status"},
        Index.BY_TIME: {"requester_person", "resource", "status"},
        Index.BY_DEADLINE: {"all"},
    }


def test_the_key_rotates_and_is_kept_with_the_data(prod: Deployment) -> None:
    _, key = prod.encryption_key()

    assert key["DeletionPolicy"] == "RetainExceptOnCreate"
    assert key["UpdateReplacePolicy"] == "Retain"
    assert key["Properties"]["EnableKeyRotation"] is True


def test_everything_at_rest_is_under_the_customer_key(every: Deployment) -> None:
    properties_of_the_key = {
        "AWS::Events::EventBus": "KmsKeyIdentifier",
        "AWS::Logs::LogGroup": "KmsKeyId",
        "AWS::SNS::Topic": "KmsMasterKeyId",
        "AWS::SQS::Queue": "KmsMasterKeyId",
    }
    for_the_day_on_which_the_key_fails, _ = every.undelivered()
    # What CloudTrail has told, for seconds: EventBridge needs no right on the key for that.
    on_its_way, _ = every.activity_queue()

    for kind, name in properties_of_the_key.items():
        found = every.of_type(kind)
        assert found, kind
        for logical_id, resource in found.items():
            if logical_id not in {for_the_day_on_which_the_key_fails, on_its_way}:
                assert every.text(resource["Properties"][name]) == _key_arn(every)


def test_no_log_is_kept_for_ever_by_accident(every: Deployment) -> None:
    for group in every.of_type("AWS::Logs::LogGroup").values():
        assert group["Properties"]["RetentionInDays"] > 0


def test_every_function_logs_to_a_group_of_its_own(every: Deployment) -> None:
    groups = [
        every.text(function["Properties"]["LoggingConfig"]["LogGroup"])
        for function in every.of_type("AWS::Lambda::Function").values()
    ]

    assert len(set(groups)) == len(groups)


def test_the_service_stack_holds_nothing_that_would_be_missed(every: Deployment) -> None:
    """But for the keys of proofs: who is asked for access again gets it again. What is remembered
    of Slack is asked for, or painted, again.
    """
    kinds = {
        resource["Type"]
        for resource in every.service["Resources"].values()
        if resource.get("Properties", {}).get("KeyUsage") != "GENERATE_VERIFY_MAC"
        and resource.get("Properties", {}).get("TableName") != f"pam-{every.env_name}-slack"
    }

    assert not kinds & {
        "AWS::DynamoDB::Table",
        "AWS::Events::EventBus",
        "AWS::KMS::Key",
        "AWS::SNS::Topic",
    }


@pytest.mark.parametrize(("env_name", "protected"), [("prod", True), ("uat", True), ("dev", False)])
def test_the_foundation_refuses_deletion_where_data_is_retained(
    env_name: str, protected: bool
) -> None:
    app = new_app(env_name)
    build(app)
    stacks = {stack.stack_name: stack for stack in app.synth().stacks}

    assert bool(stacks[f"pam-{env_name}-foundation"].termination_protection) is protected
    assert not stacks[f"pam-{env_name}-service"].termination_protection


def test_calls_are_kept_encrypted_and_go_by_themselves(every: Deployment) -> None:
    _, table = every.calls_table()
    properties = table["Properties"]

    assert [key["AttributeName"] for key in properties["KeySchema"]] == ["request_id", "again"]
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert every.text(properties["SSESpecification"]["KMSMasterKeyId"]) == _key_arn(every)
    (index,) = properties["GlobalSecondaryIndexes"]
    assert index["IndexName"] == CallIndex.UNMATCHED
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["open", "noted_at"]


def test_without_retention_deleting_the_stacks_leaves_only_the_archive_and_its_key(
    dev: Deployment,
) -> None:
    for table in dev.of_type("AWS::DynamoDB::Table").values():
        assert table["DeletionPolicy"] == "Delete"
        assert not table["Properties"].get("DeletionProtectionEnabled")
    assert _audit_group(dev)["DeletionPolicy"] == "Delete"


PAID_BY_USE = {
    "ApiGateway",
    "CloudWatch",
    "DynamoDB",
    "Events",
    "IAM",
    "KMS",
    "Lambda",
    "Logs",
    "S3",
    "SNS",
    "SQS",
    "SSM",
    "StepFunctions",
}


def test_nothing_is_deployed_that_is_paid_by_the_hour(every: Deployment) -> None:
    """Keys and alarms are paid by the month; what runs or is kept ready is paid by its use."""
    resources = [*every.foundation["Resources"].values(), *every.service["Resources"].values()]

    assert {resource["Type"].split("::")[1] for resource in resources} <= PAID_BY_USE
    for table in every.of_type("AWS::DynamoDB::Table").values():
        assert table["Properties"]["BillingMode"] == "PAY_PER_REQUEST"
    kept_ready = "ProvisionedConcurrencyConfig"
    assert not any(kept_ready in resource.get("Properties", {}) for resource in resources)
