"""What a function costs that does nothing, or one read: deployed by the bench, beside PAM's own."""

import json
import os
from typing import Any

_clients: list[Any] = []


def empty(_event: object, _context: object) -> dict[str, Any]:
    return {"statusCode": 200, "body": "{}"}


def read(_event: object, _context: object) -> dict[str, Any]:
    """One item of one table, strongly consistent, as PAM reads."""
    if not _clients:
        import botocore.session  # the empty one is deployed without it

        _clients.append(botocore.session.get_session().create_client("dynamodb"))
    (client,) = _clients
    answer = client.get_item(
        TableName=os.environ["TABLE"],
        Key={"pk": {"S": "bare"}, "sk": {"S": "item"}},
        ConsistentRead=True,
    )
    return {"statusCode": 200, "body": json.dumps({"found": "Item" in answer})}
