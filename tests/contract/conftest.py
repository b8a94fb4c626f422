"""A session table as the stacks make it, in moto."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from pam.names import Index

TABLE = "sessions"
REGION = "eu-west-1"
_INDEX_KEYS = {
    Index.BY_REQUESTER: ("requester_person", "session_id"),
    Index.BY_STATUS: ("status", "session_id"),
    Index.BY_RESOURCE: ("resource", "session_id"),
    Index.BY_TIME: ("listing", "session_id"),
    Index.BY_DEADLINE: ("open", "due_at"),
}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        yield


@pytest.fixture
def table(aws: None) -> Any:
    """The DynamoDB client, with the table made."""
    client = boto3.client("dynamodb")
    names = {"pk", "sk"}.union(*_INDEX_KEYS.values())
    client.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in sorted(names)],
        KeySchema=_schema("pk", "sk"),
        GlobalSecondaryIndexes=[
            {
                "IndexName": index.value,
                "KeySchema": _schema(*keys),
                "Projection": {"ProjectionType": "ALL"},
            }
            for index, keys in _INDEX_KEYS.items()
        ],
    )
    return client


def _schema(hash_key: str, range_key: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": hash_key, "KeyType": "HASH"},
        {"AttributeName": range_key, "KeyType": "RANGE"},
    ]
