"""The table of calls: an item for each that a door handled, gone by its TTL after a week.

Request ids are the key, so that none is used twice. The sparse index holds the calls that are not
found in the access log yet.
"""

import heapq
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from pam.aws.attribute_values import from_item, to_item
from pam.aws.table_keys import epoch, spread
from pam.domain import timestamps
from pam.domain.handled_call import Door, HandledCall
from pam.names import CallIndex
from pam.ports.calls import RequestIdUsed

_KEPT = timedelta(days=7)
_OPEN = "UNMATCHED"
PARTITIONS = tuple(f"{_OPEN}#{number}" for number in range(8))
"""Of the index, so that none of them has to bear all calls. An earlier version put all into the one
of just that name.
"""

_PAGE = 2000
"""Calls: as many of the usual length as are a page of DynamoDB's, 1 MB."""
_MOST_TEXT = 100 * 1024 * 1024
"""Characters that one search holds. Whoever forges calls makes them as long as a door notes them:
of such a search takes some thousands at a time, and of usual ones as many as it wants.
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
        # The oldest of all, so that whoever chooses request ids and so fills one partition puts off
        # no call in another, nor one there that came before; and read no further than that takes.
        each = [self._unmatched_in(partition) for partition in (_OPEN, *PARTITIONS)]
        found = islice(heapq.merge(*each, key=lambda call: call.noted_at), limit)
        calls: list[HandledCall] = []
        room = _MOST_TEXT
        for call in found:
            room -= len(call.principal) + len(call.method) + len(call.path)
            if calls and room < 0:
                break
            calls.append(call)
        return calls

    def _unmatched_in(self, partition: str) -> Iterator[HandledCall]:
        """The oldest first; a page is read when it is asked for."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName=CallIndex.UNMATCHED.value,
            KeyConditionExpression="#open = :open",
            ExpressionAttributeNames={"#open": "open"},
            ExpressionAttributeValues=to_item({":open": partition}),
            PaginationConfig={"PageSize": _PAGE},
        )
        return (_call_of(from_item(item)) for page in pages for item in page["Items"])

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
