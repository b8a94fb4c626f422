"""A session whose time is over, without the wait."""

from local.cast import Cast


def make_overdue(cast: Cast, session_id: str, since: str = "approval_expires_at") -> None:
    """Sets an instant of a session back, as if it had waited for hours."""
    long_ago = {"S": "2020-01-01T00:00:00.000Z"}
    cast.person("root").client("dynamodb").update_item(
        TableName=cast.parameter("/bank/local/mod046/session-store/table-name"),
        Key={"pk": {"S": f"SESSION#{session_id}"}, "sk": {"S": "SESSION"}},
        UpdateExpression=f"SET due_at = :then, document.{since} = :then",
        ExpressionAttributeValues={":then": long_ago},
    )
