"""PAM's tables in this process: the emulator's own, without its server. The one place that reaches
into the emulator.
"""

# ruff: noqa: SLF001 - the emulator has no other way to its tables than its server

import asyncio
import json
from typing import Any

from ministack.services import dynamodb

from pam.names import (
    CALL_INDEX_KEYS,
    INDEX_KEYS,
    Table,
    Tables,
    shown_by_index,
    slack_table_name,
    table_name,
)

TABLES = Tables.of("bench", "sessions")
CALLS, SLACK = "calls", slack_table_name("bench")
Item = dict[str, Any]
_Indexes = dict[str, tuple[tuple[str, str], tuple[str, ...] | None]]
_ERROR = 400


def ask(action: str, asked: Item) -> tuple[int, Item]:
    """The status and what botocore would hand on of the answer, which says what was consumed."""
    headers = {"x-amz-target": f"DynamoDB_20120810.{action}"}
    payload = json.dumps(asked | {"ReturnConsumedCapacity": "TOTAL"}).encode()
    status, _, said = asyncio.run(dynamodb.handle_request("POST", "/", headers, payload, {}))
    answer: Item = json.loads(said)
    if status >= _ERROR:
        code = answer["__type"].rsplit("#", 1)[-1]
        answer |= {"Error": {"Code": code, "Message": answer.get("message", "")}}
    return status, answer


def item_at(table: str, key: Item) -> Item | None:
    """As DynamoDB writes it; `key` may have more than the key."""
    found: Item | None = dynamodb._get_item_by_key(dynamodb._tables[table], key)
    return found


def put(table: str, item: Item) -> None:
    """Past all calls, and into the indexes."""
    dynamodb._set_item(dynamodb._tables[table], item["pk"]["S"], item["sk"]["S"], item)


def make_tables() -> None:
    indexes: _Indexes = {
        name.value: (keys, shown_by_index(name)) for name, keys in INDEX_KEYS.items()
    }
    _make(TABLES.sessions, ("pk", "sk"), indexes)
    for beside in Table:
        _make(table_name("bench", beside), ("pk", "sk"), {})
    calls: _Indexes = {name.value: (keys, None) for name, keys in CALL_INDEX_KEYS.items()}
    _make(CALLS, ("request_id", "again"), calls)
    _make(SLACK, ("pk", "sk"), {})


def forget_tables() -> None:
    dynamodb.reset()


def _make(name: str, keys: tuple[str, str], indexes: _Indexes) -> None:
    names = sorted({*keys, *(key for each, _ in indexes.values() for key in each)})
    asked: Item = {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": n, "AttributeType": "S"} for n in names],
        "KeySchema": _schema(keys),
    }
    if indexes:
        asked["GlobalSecondaryIndexes"] = [
            {"IndexName": index, "KeySchema": _schema(each), "Projection": _projection(shown)}
            for index, (each, shown) in indexes.items()
        ]
    ask("CreateTable", asked)


def _schema(keys: tuple[str, str]) -> list[dict[str, str]]:
    kinds = zip(keys, ("HASH", "RANGE"), strict=True)
    return [{"AttributeName": key, "KeyType": kind} for key, kind in kinds]


def _projection(shown: tuple[str, ...] | None) -> Item:
    if shown is None:
        return {"ProjectionType": "ALL"}
    return {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(shown)}
