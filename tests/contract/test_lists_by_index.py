"""An index says which sessions a list has; what they are by now, the table says."""

from dataclasses import replace
from typing import Any

import boto3
import botocore.session
import pytest

from cli.trail.stores import Stores
from pam.aws import table_keys
from pam.aws.attribute_values import to_item
from pam.aws.dynamodb_sessions import DynamoDbSessions
from pam.domain.errors import TryAgain
from pam.domain.lifecycle import Status
from pam.names import INDEX_KEYS, Index, Parameter, parameter_path, shown_by_index
from pam.ports.sessions import SessionQuery
from tests.contract.conftest import REGION, TABLE, TABLES
from tests.fakes.story import LEDGER, SANDBOX, Story


class Slow:
    """A table that leaves out what it was asked for, so many times."""

    def __init__(self, table: Any, times: int) -> None:
        self._table, self.times = table, times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)

    def batch_get_item(self, RequestItems: Any) -> Any:  # noqa: N803 - DynamoDB's name
        if self.times == 0:
            return self._table.batch_get_item(RequestItems=RequestItems)
        self.times -= 1
        keys = RequestItems[TABLE]["Keys"]
        answer = self._table.batch_get_item(RequestItems={TABLE: {"Keys": keys[:1]}})
        return answer | {"UnprocessedKeys": {TABLE: {"Keys": keys[1:]}} if keys[1:] else {}}


def test_a_list_is_in_the_order_of_the_index_newest_first(
    story: Story, store: DynamoDbSessions
) -> None:
    made = []
    for who in ("alice", "dave", "alice"):
        story.later(seconds=1)
        made.append(story.request(who).session_id)
    found = store.find(SessionQuery()).sessions
    assert [each.session_id for each in found] == made[::-1]
    assert [each.requester_name for each in found] == ["alice", "dave", "alice"]


@pytest.mark.parametrize("times", [1, 2])
def test_what_a_throttled_table_leaves_out_is_asked_for_again(
    story: Story, table: Any, times: int
) -> None:
    made = {story.request(who).session_id for who in ("alice", "dave", "alice")}
    found = DynamoDbSessions(Slow(table, times), TABLES).find(SessionQuery()).sessions
    assert {each.session_id for each in found} == made


def test_a_list_that_stays_incomplete_is_none(
    story: Story, table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pam.aws.dynamodb_items._PAUSES", (0, 0))
    for who in ("alice", "dave", "alice", "dave"):
        story.request(who)
    with pytest.raises(TryAgain):
        DynamoDbSessions(Slow(table, 2), TABLES).find(SessionQuery())


def test_a_page_of_a_hundred_and_one_is_read_whole(
    story: Story, store: DynamoDbSessions, table: Any
) -> None:
    """As a list of a hundred asks, to know whether there are more; one batch has a hundred."""
    first = story.request("alice")
    for number in range(101):
        one = replace(first, session_id=f"{first.session_id[:20]}{number:06d}")
        table.put_item(TableName=TABLE, Item=to_item(table_keys.session_item(one)))
    assert len(store.find(SessionQuery(limit=101)).sessions) == 101
    assert len({each.session_id for each in store.find(SessionQuery(limit=101)).sessions}) == 101


QUERIES = {
    "of a status": SessionQuery(status=Status.PENDING_APPROVAL),
    "of a person": SessionQuery(requester_name="alice", status=Status.PENDING_APPROVAL),
    "of a resource": SessionQuery(resource=LEDGER, status=Status.PENDING_APPROVAL),
}


@pytest.mark.parametrize("case", QUERIES)
def test_a_session_that_the_index_has_as_it_was_is_not_listed_as_that(
    story: Story, store: DynamoDbSessions, table: Any, case: str
) -> None:
    """An index lags behind."""
    session = story.request()
    denied = replace(session, status=Status.DENIED)
    late = table_keys.session_item(session) | {
        "document": table_keys.session_item(denied)["document"]
    }
    table.put_item(TableName=TABLE, Item=to_item(late))
    assert store.find(QUERIES[case]).sessions == ()


def test_a_session_that_is_gone_is_passed_over(story: Story, table: Any) -> None:
    first, second = story.request().session_id, story.request("dave").session_id

    class Lagging(Slow):
        def query(self, **arguments: Any) -> Any:
            answer = self._table.query(**arguments)
            self._table.delete_item(TableName=TABLE, Key=to_item(table_keys.session_key(first)))
            return answer

    found = DynamoDbSessions(Lagging(table, 0), TABLES).find(SessionQuery()).sessions
    assert [each.session_id for each in found] == [second]


def test_an_empty_list_reads_nothing(store: DynamoDbSessions) -> None:
    """DynamoDB refuses a batch of nothing."""
    assert store.find(SessionQuery(resource=SANDBOX)).sessions == ()


def test_steps_change_what_four_of_the_indexes_hold_only_where_a_list_would_see_it() -> None:
    story = Story()
    session = story.granted()
    before = table_keys.session_item(story.store.sessions[session.session_id])
    story.lease(session.session_id)
    after = table_keys.session_item(story.store.sessions[session.session_id])
    assert before != after
    for index in set(Index) - {Index.BY_DEADLINE}:
        shown = shown_by_index(index)
        assert shown is not None
        held = ("pk", "sk", *INDEX_KEYS[index], *shown)
        assert [before[name] for name in held] == [after[name] for name in held], index


def test_an_index_does_not_hold_what_only_the_table_has(story: Story, table: Any) -> None:
    story.request()
    answer = table.query(
        TableName=TABLE,
        IndexName=Index.BY_TIME.value,
        KeyConditionExpression="listing = :all",
        ExpressionAttributeValues={":all": {"S": table_keys.ALL}},
    )
    assert set(answer["Items"][0]) == {
        *("pk", "sk", "listing", "session_id", "requester_person", "resource", "status")
    }


def test_a_session_that_is_asked_for_twice_is_read_once(
    story: Story, store: DynamoDbSessions
) -> None:
    """An index that lags may have put it on two lists at once."""
    first, second = (story.request(who).session_id for who in ("alice", "dave"))
    found = store.several([first, second, first])
    assert [each.session_id for each in found] == [first, second]


@pytest.mark.parametrize(
    ("of", "wanted"),
    [
        ({}, {0, 1, 2}),
        ({"person": "alice"}, {0, 2}),
        ({"resource": LEDGER}, {0, 1}),
        ({"person": "alice", "resource": SANDBOX}, {2}),
        ({"person": "nobody"}, set()),
    ],
)
def test_an_auditor_finds_the_sessions_of_a_person_or_resource_by_the_index_of_all(
    of: dict[str, str], wanted: set[int], story: Story, table: Any
) -> None:
    """The one index that an auditor may read."""
    path = parameter_path("test", Parameter.SESSION_STORE_TABLE_NAME)
    boto3.client("ssm").put_parameter(Name=path, Value=TABLE, Type="String")
    made = [
        story.request(who, resource).session_id
        for who, resource in (("alice", LEDGER), ("dave", LEDGER), ("alice", SANDBOX))
    ]
    session = botocore.session.Session()
    stores = Stores(session=session, env="test", region=REGION, profile=None)
    found = set(stores.sessions_since("0" * 26, "7" + "Z" * 25, **of))
    assert found == {made[number] for number in wanted}
