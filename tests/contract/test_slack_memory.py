"""What PAM remembers of Slack, on a table as the stacks make it."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from pam.aws.slack_deliveries import DynamoDbSlackDeliveries
from pam.aws.slack_facts import DynamoDbSlackFacts
from pam.ports.slack import Remembered
from tests.contract.conftest import make_table
from tests.fakes.story import NOON

USER, CHANNEL = "user#U0BOB", "channel#C0CORE"


@pytest.fixture
def client(aws: None) -> Any:
    import boto3

    made = boto3.client("dynamodb")
    make_table(made, "slack")
    return made


@pytest.fixture
def facts(client: Any) -> DynamoDbSlackFacts:
    return DynamoDbSlackFacts(client, "slack")


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def said(word: str, seconds: float = 0) -> Remembered:
    return Remembered(facts={"said": word, "flags": [True, None, 1.5]}, asked_at=at(seconds))


def test_what_is_kept_comes_back_as_it_was_with_its_time(facts: DynamoDbSlackFacts) -> None:
    facts.keep(USER, said("a"))
    assert facts.recall([USER, CHANNEL]) == {USER: said("a")}
    facts.keep(USER, said("b", 5))
    assert facts.recall([USER])[USER] == said("b", 5)
    facts.keep(USER, said("late", 1))
    assert facts.recall([USER])[USER] == said("b", 5), "an older answer takes no newer one's place"


def test_what_is_forgotten_is_gone_and_what_was_asked_before_is_not_kept(
    facts: DynamoDbSlackFacts,
) -> None:
    facts.keep(USER, said("a"))
    facts.forget(USER, at(10))
    assert facts.recall([USER]) == {}
    for seconds in (0, 9, 10):
        facts.keep(USER, said("on its way", seconds))
        assert facts.recall([USER]) == {}
    facts.keep(USER, said("asked since", 11))
    assert facts.recall([USER]) == {USER: said("asked since", 11)}


def test_what_was_never_known_can_be_forgotten(facts: DynamoDbSlackFacts) -> None:
    facts.forget(CHANNEL, at(10))
    facts.keep(CHANNEL, said("on its way", 9))
    assert facts.recall([CHANNEL]) == {}


def test_everything_remembered_goes_by_itself(client: Any, facts: DynamoDbSlackFacts) -> None:
    facts.keep(USER, said("a"))
    facts.forget(CHANNEL, at(0))
    DynamoDbSlackDeliveries(client, "slack").handled("key", at(0))
    lives = [
        int(item["ttl"]["N"]) - int(NOON.timestamp())
        for item in client.scan(TableName="slack")["Items"]
    ]
    assert len(lives) == 3
    assert all(5 * 60 < life <= 3600 for life in lives)


def test_a_delivery_is_marked_once(client: Any) -> None:
    deliveries = DynamoDbSlackDeliveries(client, "slack")
    assert not deliveries.is_handled("key")
    assert [deliveries.handled("key", at(0)) for _ in range(3)] == [True, False, False]
    assert deliveries.is_handled("key")
    assert not deliveries.is_handled("another")
    assert deliveries.handled("another", at(0))
