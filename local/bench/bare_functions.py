"""What a function costs that does nothing, one read or one write: deployed by the bench, beside
PAM's own.
"""

import json
import os
from typing import Any

_clients: list[Any] = []


def empty(_event: object, _context: object) -> dict[str, Any]:
    return {"statusCode": 200, "body": "{}"}


def read(_event: object, _context: object) -> dict[str, Any]:
    """One item of one table, strongly consistent, as PAM reads."""
    answer = _table().get_item(
        TableName=os.environ["TABLE"],
        Key={"pk": {"S": "bare"}, "sk": {"S": "item"}},
        ConsistentRead=True,
    )
    return {"statusCode": 200, "body": json.dumps({"found": "Item" in answer})}


def write(_event: object, context: Any) -> dict[str, Any]:
    """One item of one table, under a condition, as PAM writes."""
    _table().put_item(
        TableName=os.environ["TABLE"],
        Item={"pk": {"S": context.aws_request_id}, "sk": {"S": "item"}},
        ConditionExpression="attribute_not_exists(pk)",
    )
    return {"statusCode": 200, "body": "{}"}


def _table() -> Any:
    if not _clients:
        import botocore.session  # the empty one is deployed without it

        _clients.append(botocore.session.get_session().create_client("dynamodb"))
    return _clients[0]
