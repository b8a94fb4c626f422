"""Blocks as they lie in their table."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from pam.aws import block_items, table_keys
from pam.aws.attribute_values import to_item
from pam.aws.dynamodb_items import DynamoDbItems
from pam.aws.transactions import transact
from pam.domain.audit_record import Record
from pam.domain.block import EVERYTHING, Block, Blocklist
from pam.names import BLOCKS_PARTITION


class StoredBlocks(DynamoDbItems):
    """The part of `ports.sessions.SessionStore` that is about blocks."""

    def blocks_of(self, person: str) -> list[Block]:
        items = self._query(
            self._tables.blocks,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :person)",
            ExpressionAttributeValues=to_item(
                {":pk": BLOCKS_PARTITION, ":person": block_items.prefix(person)}
            ),
            ConsistentRead=True,
        )
        return [block_items.block_of(item) for item in items]

    def blocks_on(self, resource: str, people: Sequence[str]) -> dict[str, list[Block]]:
        # The key says whom a block keeps from what, so that it is found without a search.
        places = {
            (person, on): {"pk": BLOCKS_PARTITION, "sk": block_items.prefix(person) + on}
            for person in people
            for on in {EVERYTHING, resource}
        }
        keys = [to_item(place) for place in places.values()]
        items = self._items(keys, self._tables.blocks, consistent=True)
        found = {item["sk"]: item for item in items}
        return {
            person: [
                block_items.block_of(found[place["sk"]])
                for (whose, _), place in places.items()
                if whose == person and place["sk"] in found
            ]
            for person in people
        }

    def blocklist(self) -> Blocklist:
        items = self._query(
            self._tables.blocks,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=to_item({":pk": BLOCKS_PARTITION}),
            ConsistentRead=True,
        )
        # The head sorts first: whatever changes while later pages are read makes it another. It is
        # known by its place; a block that only says to be the head is none the less a block.
        head = next((item for item in items if item["sk"] == block_items.HEAD_KEY["sk"]), None)
        blocks = (item for item in items if item is not head)
        return Blocklist(
            version=int(head["version"]) if head else 0,
            blocks=tuple(_readable_blocks(blocks)),
        )

    def put_block(self, before: Blocklist, block: Block, record: Record) -> None:
        nobody_changed_since = "attribute_not_exists(pk) OR #version = :version"
        if before.version:
            nobody_changed_since = "#version = :version"
        head = block_items.head_item(before.version + 1)
        transact(
            self._client,
            [
                {
                    "Put": {
                        "TableName": self._tables.blocks,
                        "Item": to_item(head),
                        "ConditionExpression": nobody_changed_since,
                        "ExpressionAttributeNames": {"#version": "version"},
                        "ExpressionAttributeValues": to_item({":version": before.version}),
                    }
                },
                self._put(block_items.block_item(block, record["event_id"]), self._tables.blocks),
                self._new(table_keys.record_item(record)),
            ],
        )


def _readable_blocks(items: Iterable[Mapping[str, Any]]) -> Iterator[Block]:
    """What is none keeps nobody from being blocked. It keeps its own person from what its key
    names, as long as it lies there: `blocks_on` raises.
    """
    for item in items:
        with suppress(LookupError, TypeError, ValueError):
            yield block_items.block_of(item)
