"""The auditor's view of the session table: what has still to be delivered."""

from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from pam.aws import table_keys
from pam.aws.dynamodb_sessions import DynamoDbSessions, from_item, to_item
from pam.domain import timestamps
from pam.domain.audit_record import Record

_LONGEST_DELIVERY = timedelta(seconds=20)
"""Whoever holds a claim for longer is taken for dead. If it is not, a record is delivered twice."""


class DynamoDbOutbox:
    """Implements `ports.AuditOutbox`. The mark is an item of its own beside the session's."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table
        self._sessions = DynamoDbSessions(client, table)

    def undelivered(self, session_id: str) -> tuple[int, list[Record]]:
        answer = self._client.get_item(
            TableName=self._table,
            Key=to_item(dict(table_keys.delivered_key(session_id))),
            ConsistentRead=True,
        )
        mark = from_item(answer.get("Item", {}))
        delivered = int(mark.get("sequence", 0))
        return delivered, self._sessions.records_after(session_id, delivered)

    def claim(self, session_id: str, now: datetime) -> bool:
        try:
            self._update(
                session_id,
                UpdateExpression="SET #kind = :kind, claimed_until = :until",
                # The stream and a lease that waits for its record come at the same time.
                ConditionExpression="attribute_not_exists(claimed_until) OR claimed_until < :now",
                ExpressionAttributeNames={"#kind": "kind"},
                ExpressionAttributeValues=to_item(
                    {
                        ":kind": "DELIVERED",
                        ":now": timestamps.render(now),
                        ":until": timestamps.render(now + _LONGEST_DELIVERY),
                    }
                ),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def release(self, session_id: str, sequence: int) -> None:
        try:
            self._update(
                session_id,
                UpdateExpression="SET #sequence = :sequence REMOVE claimed_until",
                # A delivery that outlived its claim must not move the mark back.
                ConditionExpression="attribute_not_exists(#sequence) OR #sequence <= :sequence",
                ExpressionAttributeNames={"#sequence": "sequence"},
                ExpressionAttributeValues=to_item({":sequence": sequence}),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise

    def _update(self, session_id: str, **arguments: Any) -> None:
        key = to_item(dict(table_keys.delivered_key(session_id)))
        self._client.update_item(TableName=self._table, Key=key, **arguments)
