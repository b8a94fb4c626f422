"""After a first deployment that failed: it shows what is in the way, and removes the empty."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.s3.models import s3_backends

from deployment.leftovers import Leftover, has_content
from deployment.unstick import InUseError, WrongAccountError, unstick
from stacks.config import DeployConfig

ACCOUNT, REGION = "123456789012", "eu-west-1"
FIRST, SECOND = "arn:aws:cloudformation:first", "arn:aws:cloudformation:second"
CONFIG = DeployConfig(env_name="prod", region=REGION)
PROTECTED = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "AccountDecidesByIam",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": ["kms:DescribeKey", "kms:GetKeyPolicy", "kms:PutKeyPolicy"],
            "Resource": "*",
        },
        {
            "Sid": "CloudWatchLogs",
            "Effect": "Allow",
            "Principal": {"Service": "logs.eu-west-1.amazonaws.com"},
            "Action": "kms:Decrypt",
            "Resource": "*",
            "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": "arn:*"}},
        },
    ],
}


class Stacks:
    """As much of CloudFormation as is asked, which moto does not offer without more packages."""

    def __init__(self) -> None:
        self.statuses: dict[str, str] = {}
        self.resources: dict[str, list[str]] = {}
        self.unprotected: list[str] = []

    def get_paginator(self, operation: str) -> "Stacks":
        self.describes = operation == "describe_stacks"
        return self

    def paginate(self, *, StackName: str = "") -> list[dict[str, Any]]:  # noqa: N803
        if self.describes:
            stacks = [
                {"StackId": FIRST, "StackName": name, "StackStatus": status}
                for name, status in self.statuses.items()
            ]
            return [{"Stacks": stacks}]
        ids = self.resources.get(StackName, [])
        return [{"StackResourceSummaries": [{"PhysicalResourceId": each} for each in ids]}]

    def update_termination_protection(self, **asked: Any) -> None:
        assert asked["EnableTerminationProtection"] is False
        self.unprotected.append(asked["StackName"])

    def delete_stack(self, *, StackName: str) -> None:  # noqa: N803
        assert StackName in self.unprotected
        del self.statuses[StackName]

    def get_waiter(self, name: str) -> "Stacks":
        assert name == "stack_delete_complete"
        return self

    def wait(self, *, StackName: str) -> None:  # noqa: N803
        assert StackName not in self.statuses


class Account:
    """One with the things that a foundation makes, all of them empty and protected."""

    def __init__(self) -> None:
        self.stacks = Stacks()

    def clients(self, service: str) -> Any:
        if service == "cloudformation":
            return self.stacks
        return boto3.client(service, region_name=REGION)

    def tags(self, stack: str, env_name: str = "prod") -> dict[str, str]:
        own = {"module": "MOD-046", "environment": env_name}
        return own | {"aws:cloudformation:stack-id": stack}

    def listed(self, stack: str, env_name: str = "prod") -> list[dict[str, str]]:
        return [{"Key": k, "Value": v} for k, v in self.tags(stack, env_name).items()]

    def table(self, name: str, stack: str = FIRST, env_name: str = "prod") -> None:
        self.clients("dynamodb").create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            DeletionProtectionEnabled=True,
            Tags=self.listed(stack, env_name),
        )

    def log_group(self, name: str, stack: str = FIRST) -> None:
        self.clients("logs").create_log_group(logGroupName=name, tags=self.tags(stack))

    def bucket(self, name: str, stack: str = FIRST) -> None:
        s3 = self.clients("s3")
        where = {"LocationConstraint": REGION}
        s3.create_bucket(
            Bucket=name, CreateBucketConfiguration=where, ObjectLockEnabledForBucket=True
        )
        # Past moto's front, which takes no tags that only AWS itself may write.
        s3_backends[ACCOUNT]["aws"].put_bucket_tagging(name, self.tags(stack))

    def key(self, stack: str = FIRST) -> str:
        tags = [{"TagKey": k, "TagValue": v} for k, v in self.tags(stack).items()]
        made = self.clients("kms").create_key(Tags=tags, Policy=json.dumps(PROTECTED))
        return str(made["KeyMetadata"]["KeyId"])

    def key_state(self, key: str) -> str:
        return str(self.clients("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"])

    def tables(self) -> list[str]:
        return list(self.clients("dynamodb").list_tables()["TableNames"])

    def log_groups(self) -> list[str]:
        groups = self.clients("logs").describe_log_groups()["logGroups"]
        return [group["logGroupName"] for group in groups]

    def buckets(self) -> list[str]:
        return [bucket["Name"] for bucket in self.clients("s3").list_buckets()["Buckets"]]

    def foundation(self, stack: str = FIRST) -> str:
        self.table("pam-prod-grants", stack)
        self.log_group("/bank/prod/mod046/audit", stack)
        self.bucket("pam-prod-audit", stack)
        return self.key(stack)

    def unstick(self, remove_in: str | None = ACCOUNT) -> tuple[int, str]:
        said: list[str] = []
        code = unstick(CONFIG, self.clients, remove_in=remove_in, say=said.append)
        return code, "\n".join(said)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield Account()


def test_where_nothing_is_left_nothing_is_in_the_way(account: Account) -> None:
    assert account.unstick(remove_in=None) == (
        0,
        f"account {ACCOUNT}, eu-west-1, environment prod\nnothing is in the way",
    )


def test_without_being_asked_it_only_shows(account: Account) -> None:
    key = account.foundation()

    code, said = account.unstick(remove_in=None)

    assert code == 1
    for name in ("pam-prod-grants", "/bank/prod/mod046/audit", "pam-prod-audit", key):
        assert name in said
    assert f"make unstick ENV=prod REMOVE={ACCOUNT}" in said
    assert account.tables()
    assert account.log_groups()
    assert account.buckets()
    assert account.key_state(key) == "Enabled"


def test_asked_to_it_removes_what_is_empty_though_it_is_protected(account: Account) -> None:
    key = account.foundation()

    code, _ = account.unstick()

    assert code == 0
    assert account.tables() == account.log_groups() == account.buckets() == []
    assert account.key_state(key) == "PendingDeletion"
    assert account.unstick(remove_in=None)[0] == 0


def test_a_key_goes_by_its_policy_in_plain_sight_and_only_the_account_gets_the_right(
    account: Account,
) -> None:
    key = account.foundation()
    account.unstick()

    kms = account.clients("kms")
    policy = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    by_account, by_logs = policy["Statement"]
    assert "kms:ScheduleKeyDeletion" in by_account["Action"]
    assert by_logs == PROTECTED["Statement"][1]


def _item(account: Account) -> None:
    account.clients("dynamodb").put_item(TableName="pam-prod-grants", Item={"pk": {"S": "x"}})


def _stream(account: Account) -> None:
    account.clients("logs").create_log_stream(
        logGroupName="/bank/prod/mod046/audit", logStreamName="first"
    )


def _object(account: Account) -> None:
    account.clients("s3").put_object(Bucket="pam-prod-audit", Key="records/1", Body=b"{}")


def _deleted_object(account: Account) -> None:
    _object(account)
    account.clients("s3").delete_object(Bucket="pam-prod-audit", Key="records/1")


def _upload(account: Account) -> None:
    account.clients("s3").create_multipart_upload(Bucket="pam-prod-audit", Key="records/1")


CONTENT = {
    "an item": _item,
    "a stream of the log": _stream,
    "an object": _object,
    "an object under a delete marker": _deleted_object,
    "an upload that was begun": _upload,
}


@pytest.mark.parametrize("what", CONTENT)
def test_where_anything_has_content_nothing_of_that_deployment_is_removed(
    account: Account, what: str
) -> None:
    key = account.foundation()
    CONTENT[what](account)

    code, said = account.unstick()

    assert code == 1
    assert "has content" in said
    assert "removed" not in said
    assert (len(account.tables()), len(account.log_groups()), len(account.buckets())) == (1, 1, 1)
    assert account.key_state(key) == "Enabled"
    table = account.clients("dynamodb").describe_table(TableName="pam-prod-grants")["Table"]
    assert table["DeletionProtectionEnabled"] is True


def test_an_older_deployments_data_does_not_keep_what_a_later_one_left(account: Account) -> None:
    old = account.key(FIRST)
    account.table("pam-prod-old", FIRST)
    account.clients("dynamodb").put_item(TableName="pam-prod-old", Item={"pk": {"S": "x"}})
    account.table("pam-prod-new", SECOND)

    code, _ = account.unstick()

    assert code == 1
    assert account.tables() == ["pam-prod-old"]
    assert account.key_state(old) == "Enabled"


def test_another_environments_things_and_other_modules_are_left_alone(account: Account) -> None:
    account.table("pam-uat-grants", env_name="uat")
    account.clients("s3").create_bucket(
        Bucket="pam-prod-other", CreateBucketConfiguration={"LocationConstraint": REGION}
    )

    assert account.unstick()[0] == 0
    assert account.tables() == ["pam-uat-grants"]
    assert account.buckets() == ["pam-prod-other"]


def test_what_a_stack_that_stands_owns_is_no_leftover(account: Account) -> None:
    key = account.foundation()
    account.stacks.statuses["pam-prod-foundation"] = "UPDATE_ROLLBACK_COMPLETE"
    account.stacks.resources["pam-prod-foundation"] = [
        *("pam-prod-grants", "/bank/prod/mod046/audit", "pam-prod-audit", key)
    ]

    assert account.unstick()[0] == 0
    assert account.tables() == ["pam-prod-grants"]


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"])
def test_a_stack_that_was_never_made_goes_with_what_it_left(account: Account, status: str) -> None:
    account.foundation()
    account.stacks.statuses["pam-prod-foundation"] = status

    shown, said = account.unstick(remove_in=None)
    assert (shown, account.stacks.statuses) == (1, {"pam-prod-foundation": status})
    assert "its first deployment failed" in said

    assert account.unstick()[0] == 0
    assert account.stacks.statuses == {}
    assert account.tables() == []


def test_a_stack_that_was_never_made_stays_if_anything_of_it_has_content(account: Account) -> None:
    account.foundation()
    _object(account)
    account.stacks.statuses["pam-prod-foundation"] = "ROLLBACK_FAILED"

    assert account.unstick()[0] == 1
    assert account.stacks.statuses == {"pam-prod-foundation": "ROLLBACK_FAILED"}
    assert account.stacks.unprotected == []


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_FAILED", "DELETE_FAILED"])
def test_a_stack_that_was_made_once_is_never_deleted(account: Account, status: str) -> None:
    account.stacks.statuses["pam-prod-foundation"] = status
    account.stacks.statuses["pam-uat-foundation"] = "ROLLBACK_COMPLETE"
    account.stacks.statuses["another-foundation"] = "ROLLBACK_COMPLETE"

    assert account.unstick()[0] == 0
    assert len(account.stacks.statuses) == 3


def test_what_is_written_between_the_look_and_the_removal_stays(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.foundation()
    looks: list[str] = []

    def looked(clients: Any, leftover: Leftover) -> bool:
        looks.append(leftover.name)
        if looks.count("pam-prod-grants") == 2:
            _item(account)
        return has_content(clients, leftover)

    monkeypatch.setattr("deployment.unstick.has_content", looked)

    with pytest.raises(InUseError, match="pam-prod-grants"):
        account.unstick()
    assert account.tables() == ["pam-prod-grants"]


@pytest.mark.parametrize(
    ("config", "remove_in"),
    [
        (CONFIG, "999999999999"),
        (CONFIG, ""),
        (DeployConfig(env_name="prod", region=REGION, account="999999999999"), None),
        (DeployConfig(env_name="prod", region=REGION, account="999999999999"), ACCOUNT),
    ],
)
def test_in_another_account_than_was_meant_it_does_nothing(
    account: Account, config: DeployConfig, remove_in: str | None
) -> None:
    account.foundation()

    with pytest.raises(WrongAccountError, match=ACCOUNT):
        unstick(config, account.clients, remove_in=remove_in, say=print)
    assert account.tables() == ["pam-prod-grants"]
