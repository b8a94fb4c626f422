"""What the painter of Slack keeps: the table and the fake say the same."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest

from pam.aws.slack_cards import DynamoDbSlackCards
from pam.ports.slack_cards import CardShelf, StaleCard
from tests.contract.conftest import make_table
from tests.fakes.slack_shelf import FakeShelf
from tests.fakes.story import NOON

ONE, TWO = "01KZZZZZZZZZZZZZZZZZZZZZZ1", "01KZZZZZZZZZZZZZZZZZZZZZZ2"
LATER = NOON + timedelta(hours=1)


@pytest.fixture(params=["fake", "table"])
def shelf(request: pytest.FixtureRequest, aws: None) -> Iterator[CardShelf]:
    if request.param == "fake":
        yield FakeShelf()
        return
    client = boto3.client("dynamodb")
    make_table(client, "slack")
    yield DynamoDbSlackCards(client, "slack")


def write(shelf: CardShelf, session_id: str, version: int, *, finished: bool = False) -> None:
    text = f"{session_id} {version}"
    shelf.write(session_id, text, version=version, finished=finished, now=NOON)


def test_what_was_written_last_is_read(shelf: CardShelf) -> None:
    assert shelf.read(ONE) is None
    write(shelf, ONE, 1)
    write(shelf, ONE, 2)
    assert shelf.read(ONE) == f"{ONE} 2"
    assert shelf.read(TWO) is None


@pytest.mark.parametrize("version", [1, 2, 4])
def test_nobody_writes_over_what_they_have_not_read(shelf: CardShelf, version: int) -> None:
    write(shelf, ONE, 1)
    write(shelf, ONE, 2)
    with pytest.raises(StaleCard):
        write(shelf, ONE, version)
    assert shelf.read(ONE) == f"{ONE} 2"


def test_nothing_is_written_over_what_is_not_there(shelf: CardShelf) -> None:
    with pytest.raises(StaleCard):
        write(shelf, ONE, 2)


def test_several_are_read_at_once(shelf: CardShelf) -> None:
    for number in range(120):
        write(shelf, f"{ONE[:-3]}{number:03}", 1)
    asked = [f"{ONE[:-3]}{number:03}" for number in range(0, 240, 2)]
    assert shelf.read_several(asked) == {each: f"{each} 1" for each in asked[:60]}
    assert shelf.read_several([]) == {}


def test_what_is_not_finished_is_listed(shelf: CardShelf) -> None:
    write(shelf, ONE, 1)
    write(shelf, TWO, 1)
    write(shelf, TWO, 2)
    assert sorted(shelf.unfinished()) == [ONE, TWO]
    write(shelf, ONE, 2, finished=True)
    assert list(shelf.unfinished()) == [TWO]


def test_what_is_finished_at_once_is_not_listed(shelf: CardShelf) -> None:
    write(shelf, ONE, 1, finished=True)
    assert list(shelf.unfinished()) == []


def test_a_card_is_known_by_its_place(shelf: CardShelf) -> None:
    shelf.stands("C0CORE00001", "1.1", ONE, NOON)
    shelf.stands("C0CORE00001", "1.2", TWO, NOON)
    assert shelf.session_at("C0CORE00001", "1.1") == ONE
    assert shelf.session_at("C0KYC000001", "1.1") is None


def test_what_is_told_once_is_told_again_when_its_time_is_over(shelf: CardShelf) -> None:
    assert shelf.first("lost", NOON, LATER)
    assert not shelf.first("lost", NOON, LATER)
    assert not shelf.first("lost", LATER - timedelta(milliseconds=1), LATER)
    assert shelf.first("other", NOON, LATER)
    assert shelf.first("lost", LATER, LATER + timedelta(hours=1))


def test_of_two_who_count_at_once_one_counts_again(shelf: CardShelf) -> None:
    assert shelf.taken("chat.update") == ((), 0)
    shelf.take("chat.update", [NOON], version=1, until=LATER)
    with pytest.raises(StaleCard):
        shelf.take("chat.update", [NOON], version=1, until=LATER)
    shelf.take("chat.update", [NOON, LATER], version=2, until=LATER)
    assert shelf.taken("chat.update") == ((NOON, LATER), 2)
    assert shelf.taken("chat.postMessage C1") == ((), 0)


def test_every_item_lies_where_the_painter_may_write_and_goes_in_time() -> None:
    kept: list[dict[str, Any]] = []

    class Keeping:
        def keep(self, **call: Any) -> None:
            kept.append(call)

        put_item = delete_item = keep

    table = DynamoDbSlackCards(Keeping(), "slack")
    write(table, ONE, 1, finished=True)
    table.stands("C1", "1.1", ONE, NOON)
    table.first("lost", NOON, LATER)
    table.take("key", [NOON], version=1, until=LATER)
    assert len(kept) == 6
    for call in kept:
        item = call.get("Item") or call["Key"]
        assert item["pk"]["S"].startswith("card#")
        assert "ttl" in item or "Key" in call
