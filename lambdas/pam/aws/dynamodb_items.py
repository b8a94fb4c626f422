"""Items of the tables that sessions lie in: how they are read, and the writes of a transaction."""

import time
from collections.abc import Iterator
from typing import Any

from pam.aws.attribute_values import from_item, to_item
from pam.aws.clients import AwsThrottled
from pam.names import Tables

_MOST_KEYS = 100
"""Of one BatchGetItem."""
_PAUSES = (0, 0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds before each try to read what a throttled table left out."""


class DynamoDbItems:
    """What the stores of each subject have in common. `table` is that of sessions, unless another
    is named.
    """

    def __init__(self, client: Any, tables: Tables) -> None:
        self._client = client
        self._tables = tables
        self._table = tables.sessions

    def _get(self, key: dict[str, str], table: str = "") -> dict[str, Any] | None:
        answer = self._client.get_item(
            TableName=table or self._table, Key=to_item(dict(key)), ConsistentRead=True
        )
        item = answer.get("Item")
        return None if item is None else from_item(item)

    def _query(self, table: str = "", *, most: int = 0, **arguments: Any) -> list[dict[str, Any]]:
        pages = self._client.get_paginator("query").paginate(
            TableName=table or self._table,
            **arguments,
            PaginationConfig={"MaxItems": most or None},
        )
        return [from_item(item) for page in pages for item in page["Items"]]

    def _items(
        self, keys: list[dict[str, Any]], table: str = "", *, consistent: bool = False
    ) -> list[dict[str, Any]]:
        """In this order; without those that are not there. Raises AwsThrottled."""
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for first in range(0, len(keys), _MOST_KEYS):
            some = {"Keys": keys[first : first + _MOST_KEYS], "ConsistentRead": consistent}
            for item in self._batch(table or self._table, some):
                found[item["pk"], item["sk"]] = item
        places = [(key["pk"]["S"], key["sk"]["S"]) for key in keys]
        return [found[place] for place in places if place in found]

    def _batch(self, table: str, keys: dict[str, Any]) -> Iterator[dict[str, Any]]:
        wanted = {table: keys}
        for pause in _PAUSES:
            time.sleep(pause)
            answer = self._client.batch_get_item(RequestItems=wanted)
            yield from map(from_item, answer["Responses"].get(table, []))
            wanted = answer.get("UnprocessedKeys") or {}
            if not wanted:
                return
        said = {"Code": "ThrottlingException", "Message": "keys were left out; try again"}
        raise AwsThrottled({"Error": said}, "BatchGetItem")

    def _put(self, plain: dict[str, Any], table: str = "") -> dict[str, Any]:
        return {"Put": {"TableName": table or self._table, "Item": to_item(plain)}}

    def _new(self, plain: dict[str, Any], table: str = "") -> dict[str, Any]:
        return {
            "Put": {
                "TableName": table or self._table,
                "Item": to_item(plain),
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        }
