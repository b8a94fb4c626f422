"""The tables as the stacks make them, in moto."""

from collections.abc import Callable, Iterator
from dataclasses import astuple
from typing import Any

import boto3
import pytest
from moto import mock_aws

from pam.aws.attribute_values import from_item
from pam.aws.dynamodb_sessions import DynamoDbSessions
from pam.names import INDEX_KEYS, Index, Table, Tables, shown_by_index, table_name
from tests.contract import snapshots
from tests.contract.watching import Watched, sealed
from tests.crash.scene import Scene
from tests.fakes.quick_moto import hasten
from tests.fakes.story import LEDGER, SANDBOX, Story
from tests.fakes.world import FakeAuditLog

TABLE = "sessions"
TABLES = Tables.of("test", TABLE)
REGION = "eu-west-1"


hasten()

_EMPTY: list[bytes] = []
"""The tables as DynamoDB's API made them, once for this process."""
_LIVED: list[snapshots.Lived] = []


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
    """The DynamoDB client, with the tables made."""
    client = boto3.client("dynamodb")
    if not _EMPTY:
        _make_tables(client)
        made = snapshots.moto_tables(REGION)
        _EMPTY.append(snapshots.written(made, made))
    else:
        snapshots.moto_tables(REGION).update(snapshots.read(_EMPTY[0]))
    return client


def _make_tables(client: Any) -> None:
    names = {"pk", "sk"}.union(*INDEX_KEYS.values())
    client.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in sorted(names)],
        KeySchema=schema("pk", "sk"),
        GlobalSecondaryIndexes=[
            {
                "IndexName": index.value,
                "KeySchema": schema(*keys),
                "Projection": projection(index),
            }
            for index, keys in INDEX_KEYS.items()
        ],
    )
    for beside in Table:
        make_table(client, table_name("test", beside))


def make_table(client: Any, name: str) -> None:
    """One that has no index."""
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("pk", "sk")],
        KeySchema=schema("pk", "sk"),
    )


@pytest.fixture
def store(table: Any) -> Any:
    """The one that is deployed; suites that run on both override it (`both_stores`)."""
    return DynamoDbSessions(table, TABLES)


@pytest.fixture
def story(store: Any) -> Story:
    """All operations, on this store."""
    return Story(store=store)


@pytest.fixture
def items(table: Any) -> Callable[[str], list[dict[str, Any]]]:
    """`items("GRANT")`: every item of that kind."""
    return lambda kind: [item for item in everything_in(table) if item["kind"] == kind]


@pytest.fixture
def scene(store: Any) -> Scene:
    made = Scene()
    made.store = store
    log: Any = FakeAuditLog()
    made.audit_log = log
    return made


@pytest.fixture
def watched(table: Any, scene: Scene) -> Watched:
    return Watched(table, scene, TABLES)


@pytest.fixture
def lived(scene: Scene, watched: Watched) -> Watched:
    """A session with one vote, a block, and two checkpoints."""
    if not _LIVED:
        _live(scene, watched)
        _LIVED.append(snapshots.Lived(scene, watched))
    else:
        _LIVED[0].again(scene, watched)
    return watched


def _live(scene: Scene, watched: Watched) -> None:
    sealed(scene, watched)
    other = scene.request("dave", SANDBOX)
    scene.block(other.session_id)
    session = scene.request("alice", LEDGER)
    scene.vote("bob", session.session_id)
    assert watched.found() == []
    watched.session_id = session.session_id


def everything_in(client: Any) -> list[dict[str, Any]]:
    """The items of all tables."""
    found = [item for name in astuple(TABLES) for item in client.scan(TableName=name)["Items"]]
    return [from_item(item) for item in found]


def projection(index: Index) -> dict[str, Any]:
    shown = shown_by_index(index)
    if shown is None:
        return {"ProjectionType": "ALL"}
    return {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(shown)}


def schema(hash_key: str, range_key: str) -> list[dict[str, str]]:
    """Of a table or an index, as DynamoDB takes it."""
    return [
        {"AttributeName": hash_key, "KeyType": "HASH"},
        {"AttributeName": range_key, "KeyType": "RANGE"},
    ]
