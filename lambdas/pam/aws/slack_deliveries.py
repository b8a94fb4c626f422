"""Which of Slack's deliveries were handled, for a quarter of an hour: Slack repeats for five
minutes.
"""

from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from pam.aws.attribute_values import to_item
from pam.aws.table_keys import epoch
from pam.names import SLACK_SEEN

_PLACE = "seen"
_KEPT = timedelta(minutes=15)


class DynamoDbSlackDeliveries:
    """Implements `ports.slack.SlackDeliveries`."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def is_handled(self, key: str) -> bool:
        answer = self._client.get_item(
            TableName=self._table, Key=to_item(_key(key)), ConsistentRead=True
        )
        return "Item" in answer

    def handled(self, key: str, now: datetime) -> bool:
        try:
            self._client.put_item(
                TableName=self._table,
                Item=to_item({**_key(key), "ttl": epoch(now + _KEPT)}),
                ConditionExpression="attribute_not_exists(pk)",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True


def _key(key: str) -> dict[str, str]:
    return {"pk": f"{SLACK_SEEN}{key}", "sk": _PLACE}
