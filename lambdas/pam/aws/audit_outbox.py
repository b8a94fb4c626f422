"""The auditor's view of the session table: what has still to be delivered."""

from typing import Any

from botocore.exceptions import ClientError

from pam.aws import table_keys
from pam.aws.dynamodb_sessions import DynamoDbSessions, from_item, to_item
from pam.domain.audit_record import Record


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

    def mark_delivered(self, session_id: str, sequence: int) -> None:
        try:
            self._client.update_item(
                TableName=self._table,
                Key=to_item(dict(table_keys.delivered_key(session_id))),
                UpdateExpression="SET #sequence = :sequence, #kind = :kind",
                # Two deliveries at once: the mark only ever moves forward.
                ConditionExpression="attribute_not_exists(pk) OR #sequence < :sequence",
                ExpressionAttributeNames={"#sequence": "sequence", "#kind": "kind"},
                ExpressionAttributeValues=to_item({":sequence": sequence, ":kind": "DELIVERED"}),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
