"""Things that one session at a time may have: one suite for the fake and for the table."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pam.aws import table_keys
from pam.aws.attribute_values import to_item
from pam.aws.checkouts import DynamoDbCheckouts
from pam.domain.ending import ReceiptMethod
from pam.ports.targets import Checkouts, Receipt
from tests.contract.conftest import TABLES
from tests.fakes.story import WITHOUT_LIMITS, Story
from tests.fakes.targets import FakeCheckouts

THING = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:bank/reports"
UNTIL = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
SEEN = Receipt(method=ReceiptMethod.LOGIN_REFUSED, evidence="seen")


@pytest.fixture
def story(store: Any) -> Story:
    return Story(store=store, policy=WITHOUT_LIMITS)


@pytest.fixture(params=["table", "fake"])
def checkouts(request: pytest.FixtureRequest, table: Any) -> Checkouts:
    return DynamoDbCheckouts(table, TABLES) if request.param == "table" else FakeCheckouts()


@pytest.fixture
def opened(story: Story) -> Callable[[], str]:
    return lambda: story.granted().session_id


@pytest.mark.guarantee("G9")
def test_one_has_it_and_the_other_has_not(checkouts: Checkouts, opened: Callable[[], str]) -> None:
    first, second = opened(), opened()
    assert checkouts.take(THING, first)
    assert checkouts.take(THING, first), "again is no error"
    assert not checkouts.take(THING, second)
    assert (checkouts.has(THING, first), checkouts.has(THING, second)) == (True, False)
    assert checkouts.take(THING + "2", second), "another thing is another matter"


def test_what_is_given_back_is_free_and_its_receipt_stays(
    checkouts: Checkouts, opened: Callable[[], str]
) -> None:
    first, second = opened(), opened()
    checkouts.take(THING, first)
    assert checkouts.receipt(THING, first) is None
    checkouts.give_back(THING, first, SEEN)
    assert checkouts.receipt(THING, first) == SEEN
    assert not checkouts.has(THING, first)
    assert checkouts.take(THING, second)


def test_what_another_has_cannot_be_given_back(
    checkouts: Checkouts, opened: Callable[[], str]
) -> None:
    first, second = opened(), opened()
    checkouts.take(THING, first)
    checkouts.give_back(THING, second, SEEN)
    assert checkouts.has(THING, first)
    assert checkouts.receipt(THING, second) is None


@pytest.mark.guarantee("G6")
def test_what_a_closed_session_never_gave_back_is_free_all_the_same(
    story: Story, table: Any
) -> None:
    checkouts = DynamoDbCheckouts(table, TABLES)
    first, second = story.granted().session_id, story.granted().session_id
    checkouts.take(THING, first)
    assert not checkouts.take(THING, second)
    story.end(first)
    assert checkouts.take(THING, second)
    assert not checkouts.has(THING, first)


@pytest.mark.guarantee("G9")
def test_what_is_given_back_while_another_asks_who_has_it_goes_to_that_one(
    story: Story, table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkouts = DynamoDbCheckouts(table, TABLES)
    first, second = story.granted().session_id, story.granted().session_id
    checkouts.take(THING, first)
    holder = DynamoDbCheckouts._holder

    def given_back_meanwhile(self: DynamoDbCheckouts, what: str) -> str:
        checkouts.give_back(THING, first, SEEN)
        return holder(self, what)

    monkeypatch.setattr(DynamoDbCheckouts, "_holder", given_back_meanwhile)
    assert checkouts.take(THING, second)


@pytest.mark.guarantee("G9")
def test_of_many_at_once_one_gets_it(story: Story, table: Any) -> None:
    checkouts = DynamoDbCheckouts(table, TABLES)
    asking = [story.granted().session_id for _ in range(8)]
    with ThreadPoolExecutor(max_workers=8) as pool:
        got = list(pool.map(lambda session_id: checkouts.take(THING, session_id), asking))
    assert got.count(True) == 1
    assert checkouts.has(THING, asking[got.index(True)])


def test_what_was_remembered_first_stands_until_it_is_given_back(
    checkouts: Checkouts, opened: Callable[[], str]
) -> None:
    first, second = opened(), opened()
    assert checkouts.take(THING, first)
    assert checkouts.remembered(THING, first) is None
    checkouts.remember(THING, first, "as it was")
    checkouts.remember(THING, first, "as the borrower left it")
    assert checkouts.take(THING, first), "taken again, it is not forgotten"
    assert checkouts.remembered(THING, first) == "as it was"
    assert checkouts.remembered(THING, second) is None
    checkouts.remember(THING, second, "by one who has it not")
    assert checkouts.remembered(THING, second) is None
    checkouts.give_back(THING, first, Receipt(method=ReceiptMethod.LOGIN_REFUSED, evidence="tried"))
    assert checkouts.take(THING, second)
    assert checkouts.remembered(THING, second) is None, "the next one's is its own"


def test_what_tries_of_an_end_found_is_kept_until_it_is_given_back(
    checkouts: Checkouts, opened: Callable[[], str]
) -> None:
    first, second = opened(), opened()
    assert checkouts.take(THING, first)
    assert checkouts.found(THING, first, []) == []
    assert checkouts.found(THING, first, ["one", "two"]) == ["one", "two"]
    assert checkouts.take(THING, first)
    assert checkouts.found(THING, first, ["two", "three"]) == ["one", "two", "three"]
    assert checkouts.found(THING, second, ["of one who has it not"]) == ["of one who has it not"]
    assert checkouts.found(THING, second, []) == []
    checkouts.give_back(THING, first, Receipt(method=ReceiptMethod.LOGIN_REFUSED, evidence="tried"))
    assert checkouts.take(THING, second)
    assert checkouts.found(THING, second, []) == [], "the next one's is its own"


def test_a_receipt_is_kept_whole(checkouts: Checkouts, opened: Callable[[], str]) -> None:
    session_id = opened()
    checkouts.take(THING, session_id)
    receipt = Receipt(
        method=ReceiptMethod.LOGIN_REFUSED,
        evidence="tried",
        left=("setting search_path",),
        traces_until=datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC),
        seen_at=datetime(2026, 3, 1, 11, 0, 0, 250_000, tzinfo=UTC),
        on_time=False,
    )
    checkouts.give_back(THING, session_id, receipt)
    assert checkouts.receipt(THING, session_id) == receipt


def test_a_call_that_makes_access_is_known_until_it_is_over(
    checkouts: Checkouts, opened: Callable[[], str]
) -> None:
    session_id = opened()
    checkouts.take(THING, session_id)
    assert checkouts.begin_making(THING, session_id, until=UNTIL)
    assert checkouts.remembered(THING, session_id) is not None
    checkouts.finish_making(THING, session_id)
    assert checkouts.stop_making(THING, session_id) is None
    assert checkouts.remembered(THING, session_id) is not None, "PAM made it all the same"


def test_a_call_that_died_is_waited_for(checkouts: Checkouts, opened: Callable[[], str]) -> None:
    session_id = opened()
    checkouts.take(THING, session_id)
    checkouts.begin_making(THING, session_id, until=UNTIL)
    checkouts.begin_making(THING, session_id, until=UNTIL + timedelta(seconds=1))
    checkouts.finish_making(THING, session_id)
    assert checkouts.stop_making(THING, session_id) == UNTIL + timedelta(seconds=1)
    assert checkouts.stop_making(THING, session_id) == UNTIL + timedelta(seconds=1), "again"


def test_after_the_stop_no_call_begins(checkouts: Checkouts, opened: Callable[[], str]) -> None:
    first, second = opened(), opened()
    checkouts.take(THING, first)
    assert not checkouts.begin_making(THING, second, until=UNTIL), "it has it not"
    assert checkouts.stop_making(THING, second) is None
    assert checkouts.stop_making(THING, first) is None
    assert not checkouts.begin_making(THING, first, until=UNTIL)
    assert checkouts.remembered(THING, first) is None, "nothing was made"
    checkouts.finish_making(THING, first)
    checkouts.give_back(THING, first, SEEN)
    assert not checkouts.begin_making(THING, first, until=UNTIL)
    assert checkouts.take(THING, second)
    assert checkouts.begin_making(THING, second, until=UNTIL), "the next one begins anew"


@pytest.mark.parametrize("calls", [4])
def test_whatever_begins_beside_the_stop_is_either_refused_or_known(
    table: Any, opened: Callable[[], str], calls: int
) -> None:
    checkouts = DynamoDbCheckouts(table, TABLES)
    session_id = opened()
    checkouts.take(THING, session_id)
    with ThreadPoolExecutor(calls + 1) as pool:
        begun = [
            pool.submit(checkouts.begin_making, THING, session_id, until=UNTIL)
            for _ in range(calls)
        ]
        stopped = pool.submit(checkouts.stop_making, THING, session_id)
    known = stopped.result()
    assert (known == UNTIL) if any(each.result() for each in begun) else known is None


def test_a_receipt_of_another_version_closes_the_session_all_the_same(
    story: Story, table: Any
) -> None:
    session_id = story.granted().session_id
    checkouts = DynamoDbCheckouts(table, TABLES)
    checkouts.take(THING, session_id)
    checkouts.give_back(THING, session_id, SEEN)
    table.update_item(
        TableName=TABLES.checkouts,
        Key=to_item(dict(table_keys.checkout_receipt_key(session_id, THING))),
        UpdateExpression="SET #method = :method",
        ExpressionAttributeNames={"#method": "method"},
        ExpressionAttributeValues=to_item({":method": "account-locked"}),
    )
    receipt = checkouts.receipt(THING, session_id)
    assert receipt == Receipt(method=ReceiptMethod.OTHER, evidence="account-locked: seen")
