"""The table of calls: an item for each that a door handled, gone by its TTL after a week.

Request ids are the key, so that none is used twice. The sparse index holds the calls that are not
found in the access log yet.
"""

from datetime import timedelta
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from pam.aws.attribute_values import from_item, to_item
from pam.aws.table_keys import epoch, spread
from pam.domain import timestamps
from pam.domain.handled_call import Door, HandledCall
from pam.names import CallIndex
from pam.ports.calls import RequestIdUsed
from pam.side_by_side import in_order

_KEPT = timedelta(days=7)
_OPEN = "UNMATCHED"
PARTITIONS = tuple(f"{_OPEN}#{number}" for number in range(8))
"""Of the index, so that none of them has to bear all calls. An earlier version put all into the one
of just that name.
"""


class DynamoDbCalls:
    """Implements `ports.calls.NotedCalls` and `UnmatchedCalls`."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def note(self, call: HandledCall) -> None:
        try:
            self._put(call)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
        else:
            return
        message = f"request id {call.request_id} was used before"
        raise RequestIdUsed(message)

    def answered(self, call: HandledCall, status: int) -> None:
        self._client.update_item(
            TableName=self._table,
            Key=_key(call),
            UpdateExpression="SET #status = :status",
            ConditionExpression="attribute_exists(request_id) AND attribute_not_exists(#status)",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues=to_item({":status": status}),
        )

    def unmatched(self, limit: int) -> list[HandledCall]:
        # All that are wanted of each, and then the oldest of all: whoever chooses request ids and
        # so fills one partition puts off no call in another, nor one there that came before.
        found = in_order(partial(self._unmatched_in, limit=limit), (_OPEN, *PARTITIONS))
        calls = sorted((call for some in found for call in some), key=lambda call: call.noted_at)
        return calls[:limit]

    def _unmatched_in(self, partition: str, limit: int) -> list[HandledCall]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName=CallIndex.UNMATCHED.value,
            KeyConditionExpression="#open = :open",
            ExpressionAttributeNames={"#open": "open"},
            ExpressionAttributeValues=to_item({":open": partition}),
            PaginationConfig={"MaxItems": limit},
        )
        return [_call_of(from_item(item)) for page in pages for item in page["Items"]]

    def settled(self, call: HandledCall) -> None:
        self._client.update_item(
            TableName=self._table,
            Key=_key(call),
            UpdateExpression="REMOVE #open",
            ConditionExpression="attribute_exists(request_id)",
            ExpressionAttributeNames={"#open": "open"},
        )

    def _put(self, call: HandledCall) -> None:
        self._client.put_item(
            TableName=self._table,
            Item=to_item(
                {
                    "request_id": call.request_id,
                    "again": call.again or "-",
                    "open": spread(call.request_id, PARTITIONS),
                    "noted_at": timestamps.render(call.noted_at),
                    "door": call.door.value,
                    "principal": call.principal,
                    "method": call.method,
                    "path": call.path,
                    "ttl": epoch(call.noted_at + _KEPT),
                }
            ),
            ConditionExpression="attribute_not_exists(request_id)",
        )


def _key(call: HandledCall) -> dict[str, Any]:
    return to_item({"request_id": call.request_id, "again": call.again or "-"})


def _call_of(item: dict[str, Any]) -> HandledCall:
    status = item.get("status")
    return HandledCall(
        request_id=item["request_id"],
        again="" if item["again"] == "-" else item["again"],
        door=Door(item["door"]),
        principal=item["principal"],
        method=item["method"],
        path=item["path"],
        noted_at=timestamps.parse(item["noted_at"]),
        status=None if status is None else int(status),
    )
