"""PAM's notes of Identity Center: one suite for the table and for the one in memory."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Lock
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from moto import mock_aws

from pam.aws.permission_set_items import PermissionSetItems
from pam.domain.errors import IssuerUnavailable
from tests.identity_center.memory_table import MemoryTable

TABLE = "pam-test-identity-center"


@pytest.fixture(params=["table", "memory"])
def client(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    if request.param == "memory":
        yield MemoryTable()
        return
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        table = boto3.client("dynamodb", region_name="eu-west-1")
        table.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("pk", "sk")],
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
        )
        yield OneByOne(table)


class OneByOne:
    """A client for many threads: moto looks at a condition, and writes, in two steps."""

    def __init__(self, client: Any) -> None:
        self._client, self._lock = client, Lock()

    def __getattr__(self, name: str) -> Any:
        def call(**asked: Any) -> Any:
            with self._lock:
                return getattr(self._client, name)(**asked)

        return call


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def items(client: Any, pauses: list[float]) -> PermissionSetItems:
    return PermissionSetItems(client, TABLE, pauses.append)


def test_what_is_written_is_read(items: PermissionSetItems) -> None:
    assert items.read("SET#one") == ""
    assert items.change("SET#one", lambda text: f"{text}a") == "a"
    assert items.change("SET#one", lambda text: f"{text}b") == "ab"
    assert items.read("SET#one") == "ab"
    assert items.read("SET#two") == ""


def test_what_is_not_to_be_changed_is_not_written(items: PermissionSetItems) -> None:
    items.change("SET#one", lambda _: "a")
    assert items.change("SET#one", lambda _: None) == "a"
    assert items.change("SET#one", lambda text: text) == "a"


def test_what_is_forgotten_is_as_if_it_had_never_been(items: PermissionSetItems) -> None:
    items.change("SESSION#1", lambda _: "a")
    items.forget("SESSION#1")
    items.forget("SESSION#1")
    assert items.read("SESSION#1") == ""
    assert items.change("SESSION#1", lambda text: text or "new") == "new"


def test_whoever_was_slower_looks_again(items: PermissionSetItems, pauses: list[float]) -> None:
    asked: list[str] = []

    def decide(text: str) -> str:
        asked.append(text)
        if len(asked) == 1:
            items.change("SET#one", lambda _: "theirs")
        return f"{text}+mine"

    assert items.change("SET#one", decide) == "theirs+mine"
    assert asked == ["", "theirs"]
    assert len(pauses) == 1


def test_nobody_is_lost_of_many_at_once(items: PermissionSetItems) -> None:
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda n: items.change("SET#one", lambda t: f"{t}{n};"), range(9)))
    assert sorted(items.read("SET#one").split(";")[:-1], key=int) == [str(n) for n in range(9)]


class Refusing:
    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        def call(**_: Any) -> Any:
            raise self._error

        return call


def test_a_table_that_does_not_answer_is_told_without_its_words() -> None:
    denied = ClientError({"Error": {"Code": "AccessDenied", "Message": "arn"}}, "GetItem")
    for error in (denied, ReadTimeoutError(endpoint_url="https://table")):
        items = PermissionSetItems(Refusing(error), TABLE, lambda _: None)
        acts: list[Callable[[], object]] = [
            partial(items.read, "SET#one"),
            partial(items.forget, "SET#one"),
            partial(items.change, "SET#one", lambda _: "a"),
        ]
        for act in acts:
            with pytest.raises(IssuerUnavailable) as told:
                act()
            assert "arn" not in told.value.detail


def test_what_is_throttled_stays_what_it_is() -> None:
    error = ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "GetItem")
    with pytest.raises(ClientError):
        PermissionSetItems(Refusing(error), TABLE, lambda _: None).read("SET#one")
