"""What only one session at a time may have. Only functions that make and unmake access write
the table.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from pam.aws import table_keys
from pam.aws.attribute_values import from_item, to_item
from pam.aws.dynamodb_sessions import DynamoDbSessions
from pam.aws.transactions import LOST_RACE
from pam.domain import timestamps
from pam.domain.ending import read_receipt
from pam.domain.errors import IssuerUnavailable
from pam.names import Tables
from pam.ports.targets import Receipt

_NOBODY = "-"
"""Nothing is ever deleted: what is free belongs to nobody."""
_MADE = "made by PAM"


class DynamoDbCheckouts:
    """Implements `ports.targets.Checkouts`. One item for the thing, one for each receipt."""

    def __init__(self, client: Any, tables: Tables) -> None:
        self._client = client
        self._table = tables.checkouts
        self._sessions = DynamoDbSessions(client, tables)

    def take(self, what: str, session_id: str) -> bool:
        holder = self._holder(what)
        if holder == _NOBODY and self._put(what, session_id, instead_of=_NOBODY):
            return True
        holder = self._holder(what)
        if holder == session_id:
            return True  # written anew, it would forget
        stored = self._sessions.get(holder)
        if stored is not None and not stored.closed:
            return False
        # Its session died between taking it and recording that it would. The session that takes
        # it over changes the password before anything else. What began to be made has an end of
        # its own, which gives it back: nobody takes that over, whatever its session says.
        return self._put(what, session_id, instead_of=holder)

    def has(self, what: str, session_id: str) -> bool:
        return self._holder(what) == session_id

    def give_back(self, what: str, session_id: str, receipt: Receipt) -> None:
        free = self._item(what, _NOBODY) | {
            # Only one's own: the next session may have it by now.
            "ConditionExpression": "holder = :me",
            "ExpressionAttributeValues": to_item({":me": session_id}),
        }
        kept = {
            "TableName": self._table,
            "Item": to_item(
                {
                    **table_keys.checkout_receipt_key(session_id, what),
                    "kind": "CHECKOUT_RECEIPT",
                    "method": receipt.method,
                    "evidence": receipt.evidence,
                    "left": list(receipt.left),
                    "traces_until": _rendered(receipt.traces_until),
                    "seen_at": _rendered(receipt.seen_at),
                    "on_time": receipt.on_time,
                }
            ),
        }
        try:
            self._client.transact_write_items(TransactItems=[{"Put": free}, {"Put": kept}])
        except ClientError as error:
            reasons = error.response.get("CancellationReasons") or []
            if not {reason.get("Code") for reason in reasons} & LOST_RACE:
                raise

    def remember(self, what: str, session_id: str, text: str) -> None:
        item = self._item(what, session_id)
        item["Item"] |= to_item({"remembered": text})
        try:
            self._client.put_item(
                **item,
                # Said again, by a twin or after a crash, it may be what the borrower made of it.
                ConditionExpression="holder = :me AND attribute_not_exists(remembered)",
                ExpressionAttributeValues=to_item({":me": session_id}),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                message = f"the checkout could not be written: {error.response['Error']['Code']}"
                raise IssuerUnavailable(message) from error

    def remembered(self, what: str, session_id: str) -> str | None:
        item = self._get(table_keys.checkout_key(what))
        if item is None or item["holder"] != session_id:
            return None
        return item.get("remembered")

    def found(self, what: str, session_id: str, texts: Sequence[str]) -> Sequence[str]:
        item = self._get(table_keys.checkout_key(what))
        earlier = item.get("left_there", ()) if item and item["holder"] == session_id else ()
        new = [each for each in texts if each not in earlier]
        if new:
            change = "SET left_there = list_append(if_not_exists(left_there, :none), :new)"
            self._update(what, session_id, change, {":none": [], ":new": new})
        return [*earlier, *new]

    def begin_making(self, what: str, session_id: str, *, until: datetime) -> bool:
        change = (
            "SET remembered = if_not_exists(remembered, :made), "
            "making = if_not_exists(making, :none) + :one"
        )
        values = {":made": _MADE, ":until": timestamps.render(until), ":none": 0, ":one": 1}
        # Of calls at once the one that goes on longest is waited for, in whatever order they begin.
        longest = "(attribute_not_exists(making_until) OR making_until <= :until)"
        ways = (
            (f"{change}, making_until = :until", longest),
            (change, "making_until > :until"),
        )
        return any(
            self._update(what, session_id, change, values, "attribute_not_exists(stopped)", when)
            for change, when in ways
        )

    def finish_making(self, what: str, session_id: str) -> None:
        values = {":none": 0, ":one": 1}
        self._update(what, session_id, "SET making = making - :one", values, "making > :none")

    def stop_making(self, what: str, session_id: str) -> datetime | None:
        item = self._update(what, session_id, "SET stopped = :yes", {":yes": True})
        under_way = item is not None and item.get("making", 0) > 0
        return timestamps.parse(item["making_until"]) if item and under_way else None

    def receipt(self, what: str, session_id: str) -> Receipt | None:
        item = self._get(table_keys.checkout_receipt_key(session_id, what))
        if item is None:
            return None
        method, evidence = read_receipt(item["method"], item["evidence"])
        return Receipt(
            method=method,
            evidence=evidence,
            left=tuple(item.get("left", ())),
            traces_until=_instant(item.get("traces_until")),
            seen_at=_instant(item.get("seen_at")),
            on_time=item.get("on_time", True),
        )

    def _update(
        self, what: str, session_id: str, change: str, values: dict[str, Any], *conditions: str
    ) -> dict[str, Any] | None:
        """The checkout as it is then; None if it was not the session's, or a condition failed."""
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=to_item(dict(table_keys.checkout_key(what))),
                UpdateExpression=change,
                ConditionExpression=" AND ".join(("holder = :me", *conditions)),
                ExpressionAttributeValues=to_item({":me": session_id, **values}),
                ReturnValues="ALL_NEW",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return None
            message = f"the checkout could not be written: {error.response['Error']['Code']}"
            raise IssuerUnavailable(message) from error
        return from_item(answer["Attributes"])

    def _holder(self, what: str) -> str:
        item = self._get(table_keys.checkout_key(what))
        return _NOBODY if item is None else str(item["holder"])

    def _put(self, what: str, session_id: str, *, instead_of: str) -> bool:
        try:
            self._client.put_item(
                **self._item(what, session_id),
                # Two sessions at once: one of them finds it free, the other finds the first.
                ConditionExpression="attribute_not_exists(pk) OR holder = :nobody OR "
                "(holder = :before AND attribute_not_exists(making))",
                ExpressionAttributeValues=to_item({":nobody": _NOBODY, ":before": instead_of}),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            message = f"the checkout could not be written: {error.response['Error']['Code']}"
            raise IssuerUnavailable(message) from error
        return True

    def _item(self, what: str, holder: str) -> dict[str, Any]:
        item = {**table_keys.checkout_key(what), "kind": "CHECKOUT", "holder": holder}
        return {"TableName": self._table, "Item": to_item(item)}

    def _get(self, key: dict[str, str]) -> dict[str, Any] | None:
        answer = self._client.get_item(
            TableName=self._table, Key=to_item(dict(key)), ConsistentRead=True
        )
        item = answer.get("Item")
        return None if item is None else from_item(item)


def _instant(text: str | None) -> datetime | None:
    return timestamps.parse(text) if text else None


def _rendered(instant: datetime | None) -> str | None:
    return None if instant is None else timestamps.render(instant)
