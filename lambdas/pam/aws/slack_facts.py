"""What Slack said of users and channels, for a minute."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from pam.aws.attribute_values import from_item, to_item
from pam.aws.table_keys import epoch
from pam.domain import timestamps
from pam.ports.slack import Remembered
from pam.side_by_side import in_order

_PLACE = "facts"
_KEPT = timedelta(hours=1)
"""Longer than facts hold and any call takes: a note of forgetting must outlive what it is about."""


class DynamoDbSlackFacts:
    """Implements `ports.slack.SlackFacts`."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def recall(self, names: Collection[str]) -> Mapping[str, Remembered]:
        found = zip(names, in_order(self._read, list(names)), strict=True)
        return {name: known for name, known in found if known is not None}

    def _read(self, name: str) -> Remembered | None:
        answer = self._client.get_item(
            TableName=self._table, Key=to_item(_key(name)), ConsistentRead=True
        )
        item = from_item(answer.get("Item") or {})
        if "facts" not in item:
            return None
        facts = json.loads(item["facts"])
        return Remembered(facts=facts, asked_at=timestamps.parse(item["asked_at"]))

    def keep(self, name: str, remembered: Remembered) -> None:
        asked_at = timestamps.render(remembered.asked_at)
        try:
            self._client.update_item(
                TableName=self._table,
                Key=to_item(_key(name)),
                UpdateExpression="SET facts = :facts, asked_at = :asked_at, #ttl = :ttl",
                # Slack was asked before it said that something is new: this may be the old.
                ConditionExpression=(
                    "(attribute_not_exists(forgotten_at) OR forgotten_at < :asked_at) AND "
                    "(attribute_not_exists(asked_at) OR asked_at <= :asked_at)"
                ),
                ExpressionAttributeNames={"#ttl": "ttl"},
                ExpressionAttributeValues=to_item(
                    {
                        ":facts": json.dumps(dict(remembered.facts)),
                        ":asked_at": asked_at,
                        ":ttl": epoch(remembered.asked_at + _KEPT),
                    }
                ),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise

    def forget(self, name: str, now: datetime) -> None:
        self._client.update_item(
            TableName=self._table,
            Key=to_item(_key(name)),
            UpdateExpression="SET forgotten_at = :now, #ttl = :ttl REMOVE facts, asked_at",
            ExpressionAttributeNames={"#ttl": "ttl"},
            ExpressionAttributeValues=to_item(
                {":now": timestamps.render(now), ":ttl": epoch(now + _KEPT)}
            ),
        )


def _key(name: str) -> dict[str, str]:
    return {"pk": name, "sk": _PLACE}
