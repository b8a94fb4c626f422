"""What is still to be sealed, and the log's head: one table each, because their writers differ."""

import base64
import math
from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError

from pam.aws import table_keys
from pam.aws.attribute_values import from_item, to_item
from pam.domain import timestamps
from pam.domain.batches import batches
from pam.domain.checkpoint import Head, Leaf
from pam.domain.errors import StaleHead
from pam.domain.merkle import Frontier
from pam.names import Tables
from pam.side_by_side import in_order

_AT_ONCE = 100
"""How many items one transaction takes."""


class DynamoDbCheckpoints:
    """Implements `ports.audit.Unsealed` and `ports.audit.LogHead`."""

    def __init__(self, client: Any, tables: Tables) -> None:
        self._client = client
        self._unsealed = tables.unsealed
        self._log_head = tables.log_head
        self._left: set[Leaf] = set()
        """Those that an earlier version put up, as they were last read."""

    def leaves(self, limit: int) -> list[Leaf]:
        partitions = table_keys.UNSEALED_PARTITIONS
        # As many of each, so that none waits for the others.
        most = dict.fromkeys(partitions, math.ceil(limit / len(partitions)))
        left, *some = in_order(self._leaves_in, [(table_keys.UNSEALED, limit), *most.items()])
        self._left = set(left)
        found = dict(zip(partitions, some, strict=True))
        # What an earlier version put up comes first: its sessions have gone on since.
        while (room := limit - len(left) - sum(map(len, found.values()))) > 0:
            full = [each for each in partitions if len(found[each]) == most[each]]
            if not full:
                break
            most |= {each: most[each] + math.ceil(room / len(full)) for each in full}
            again = in_order(self._leaves_in, [(each, most[each]) for each in full])
            found |= zip(full, again, strict=True)
        return [leaf for some in (left, *found.values()) for leaf in some][:limit]

    def _leaves_in(self, wanted: tuple[str, int]) -> list[Leaf]:
        partition, limit = wanted
        pages = self._client.get_paginator("query").paginate(
            TableName=self._unsealed,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=to_item({":pk": partition}),
            ConsistentRead=True,
            PaginationConfig={"MaxItems": limit},
        )
        items = (from_item(item) for page in pages for item in page["Items"])
        return [table_keys.unsealed_leaf(item) for item in items]

    def _key(self, leaf: Leaf) -> dict[str, Any]:
        key = table_keys.unsealed_key(leaf)
        return to_item(key | {"pk": table_keys.UNSEALED} if leaf in self._left else key)

    def remove(self, leaves: Sequence[Leaf]) -> None:
        for some in batches(leaves, _AT_ONCE):
            # Not BatchWriteItem: the right to that is a right to put as well as to delete.
            self._client.transact_write_items(
                TransactItems=[
                    {
                        "Delete": {
                            "TableName": self._unsealed,
                            "Key": self._key(leaf),
                        }
                    }
                    for leaf in some
                ]
            )

    def head(self) -> Head:
        answer = self._client.get_item(
            TableName=self._log_head,
            Key=to_item(dict(table_keys.HEAD_KEY)),
            ConsistentRead=True,
        )
        if "Item" not in answer:
            return Head()
        item = from_item(answer["Item"])
        return Head(
            number=int(item["number"]),
            frontier=Frontier(
                int(item["size"]), tuple(base64.b64decode(peak) for peak in item["peaks"])
            ),
            at=timestamps.parse(item["at"]),
            hashed=item["hashed"],
        )

    def advance(self, before: Head, after: Head) -> None:
        if after.at is None:
            message = "a head that was sealed has a time"
            raise ValueError(message)
        item = {
            **table_keys.HEAD_KEY,
            "kind": "LOG_HEAD",
            "number": after.number,
            "size": after.frontier.size,
            "peaks": [base64.b64encode(peak).decode() for peak in after.frontier.peaks],
            "at": timestamps.render(after.at),
            "hashed": after.hashed,
        }
        try:
            self._client.put_item(
                TableName=self._log_head,
                Item=to_item(item),
                ConditionExpression="attribute_not_exists(pk) OR hashed = :before",
                ExpressionAttributeValues=to_item({":before": before.hashed}),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            raise StaleHead from error
