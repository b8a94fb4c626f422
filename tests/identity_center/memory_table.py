"""The table, as far as PAM asks it, in memory. `test_items.py` holds it against moto's."""

import threading
from typing import Any

from botocore.exceptions import ClientError


class MemoryTable:
    """A client of DynamoDB with one table. Safe to be called by many threads."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.writes: list[str] = []
        self._lock = threading.Lock()

    def get_item(self, *, TableName: str, Key: Any, ConsistentRead: bool) -> dict[str, Any]:  # noqa: N803
        assert TableName
        assert ConsistentRead, "what is decided by is read as it is"
        with self._lock:
            found = self.items.get(_name(Key))
        return {} if found is None else {"Item": found}

    def put_item(
        self,
        *,
        TableName: str,  # noqa: N803
        Item: dict[str, Any],  # noqa: N803
        ConditionExpression: str,  # noqa: N803
        ExpressionAttributeValues: dict[str, Any] | None = None,  # noqa: N803
    ) -> dict[str, Any]:
        assert TableName
        with self._lock:
            there = self.items.get(_name(Item))
            if ConditionExpression == "attribute_not_exists(pk)":
                holds = there is None
            else:
                assert ConditionExpression == "revision = :before"
                assert ExpressionAttributeValues is not None
                before = ExpressionAttributeValues[":before"]
                holds = there is not None and there["revision"] == before
            if not holds:
                error = {"Error": {"Code": "ConditionalCheckFailedException", "Message": ""}}
                raise ClientError(error, "PutItem")
            self.items[_name(Item)] = Item
            self.writes.append(_name(Item))
        return {}

    def delete_item(self, *, TableName: str, Key: Any) -> dict[str, Any]:  # noqa: N803
        assert TableName
        with self._lock:
            self.items.pop(_name(Key), None)
        return {}


def _name(key: Any) -> str:
    return f"{key['pk']['S']}/{key['sk']['S']}"
