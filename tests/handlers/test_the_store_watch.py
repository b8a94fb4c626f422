"""The function that is told of every change in the store."""

from collections.abc import Callable
from typing import Any

import pytest

from pam import wiring
from pam.aws import table_keys
from pam.aws.attribute_values import from_item, to_item
from tests.contract.conftest import TABLE
from tests.fakes.story import Story
from tests.handlers.conftest import Function


def removed(item: dict[str, Any], number: str) -> dict[str, Any]:
    keys = {name: item[name] for name in ("pk", "sk")}
    told = {"Keys": keys, "OldImage": item, "SequenceNumber": number}
    return {"eventID": f"change-{number}", "eventName": "REMOVE", "dynamodb": told}


@pytest.fixture
def records(story: Story, table: Any) -> list[dict[str, Any]]:
    session_id = story.granted().session_id
    found: list[dict[str, Any]] = table.query(
        TableName=TABLE,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :record)",
        ExpressionAttributeValues=to_item(
            {":pk": table_keys.session_key(session_id)["pk"], ":record": "RECORD#"}
        ),
    )["Items"]
    return found


def findings(table: Any) -> list[str]:
    items = [from_item(item) for item in table.scan(TableName=TABLE)["Items"]]
    return [each["record"] for each in items if '"Drift"' in each.get("record", "")]


def test_each_change_that_is_not_pams_own_is_put_on_record(
    function: Callable[[str], Function], table: Any, records: list[dict[str, Any]]
) -> None:
    event = {"Records": [removed(item, str(n)) for n, item in enumerate(records)]}
    assert function("watch_store")(event) == {"batchItemFailures": []}
    assert len(findings(table)) == len(records)


def test_what_cannot_be_judged_comes_again_with_all_that_is_behind_it(
    function: Callable[[str], Function],
    story: Story,
    table: Any,
    records: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watch = function("watch_store")
    tries = iter([story.store, None, None])
    monkeypatch.setattr(wiring, "sessions", lambda _: next(tries))
    event = {"Records": [removed(item, str(n)) for n, item in enumerate(records)]}
    assert watch(event) == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert len(findings(table)) == 1
