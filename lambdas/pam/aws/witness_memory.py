"""What a witness remembers: an item for each log, in a table of its own."""

from typing import Any

from botocore.exceptions import ClientError

from pam.aws.attribute_values import from_item, to_item
from pam.domain.errors import StaleHead
from pam.ports.audit import Seen


class DynamoDbWitnessMemory:
    """Implements `ports.audit.WitnessMemory`."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def recall(self, origin: str) -> Seen | None:
        answer = self._client.get_item(
            TableName=self._table, Key=to_item({"origin": origin}), ConsistentRead=True
        )
        if "Item" not in answer:
            return None
        item = from_item(answer["Item"])
        return Seen(
            public_key=bytes(item["public_key"]),
            number=int(item["number"]),
            size=int(item["size"]),
            root=bytes(item["root"]),
            hashed=item["hashed"],
        )

    def remember(self, origin: str, before: Seen | None, after: Seen) -> None:
        item = {
            "origin": origin,
            "public_key": after.public_key,
            "number": after.number,
            "size": after.size,
            "root": after.root,
            "hashed": after.hashed,
        }
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(origin)"}
        if before is not None:
            condition = {
                "ConditionExpression": "hashed = :before",
                "ExpressionAttributeValues": to_item({":before": before.hashed}),
            }
        try:
            self._client.put_item(TableName=self._table, Item=to_item(item), **condition)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            raise StaleHead from error
