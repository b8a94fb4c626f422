"""The auditor's view of the session table: what has still to be delivered.

Its marks lie in a table of its own, so that it writes nothing into that one.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from pam.aws import table_keys
from pam.aws.attribute_values import from_item, to_item
from pam.aws.stored_records import StoredRecords
from pam.domain import audit_record, timestamps
from pam.domain.audit_record import Record, RecordType
from pam.domain.checkpoint import Leaf
from pam.names import NO_SESSION, Tables
from pam.ports.audit import Claimed
from pam.side_by_side import outcomes, side_by_side

_LONGEST_DELIVERY = timedelta(seconds=20)
"""A call that holds a claim for longer counts as dead. If it lives, a record is delivered twice."""
_NOTHING_YET = -1
"""The sequence of a refusal outside any session is 0."""


class DynamoDbOutbox:
    """Implements `ports.audit.AuditOutbox`. The mark is an item of its own."""

    def __init__(self, client: Any, tables: Tables) -> None:
        self._client = client
        self._table = tables.delivered
        self._unsealed = tables.unsealed
        self._records = StoredRecords(client, tables)

    def undelivered(self, owner: str, claimed: Claimed) -> list[Record]:
        return list(self._to_carry(owner, claimed.delivered, claimed.taken))

    def _to_carry(self, owner: str, delivered: int, taken: int) -> Iterator[Record]:
        """In order, as far as the session's steps go, and what follows on them.

        Whoever may write the table may put a record far ahead of all, or one that says to be: the
        mark would go past those that are still to come. And what is none would be refused by
        whatever it is carried to, for ever, and keep all behind it waiting.
        """
        last = delivered if owner.startswith(NO_SESSION) else max(delivered, 0)
        for place, record in self._records.placed_records(owner, delivered + 1):
            if place > max(last + 1, taken):
                return
            last = place
            if audit_record.is_whole(record) and table_keys.is_place_of(record, owner, place):
                yield record

    def claim(self, owner: str, now: datetime) -> Claimed | None:
        # The session's sequence may be older than the claim, never younger than the records that
        # are read after both: of what is written meanwhile the next call carries all.
        mark, (read, failed) = side_by_side(
            partial(self._claimed, owner, now), partial(outcomes, self._taken, [owner])
        )
        if mark is None:
            return None
        for error in failed:
            # Nobody carries by this claim, and nobody is to wait until it has ended.
            self.release(owner)
            raise error
        (taken,) = read
        return Claimed(delivered=int(mark.get("sequence", _NOTHING_YET)), taken=taken)

    def _taken(self, owner: str) -> int:
        return 0 if owner.startswith(NO_SESSION) else self._records.sequence_of(owner)

    def _claimed(self, owner: str, now: datetime) -> dict[str, Any] | None:
        """The mark; None if another call has it."""
        return self._updated(
            owner,
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

    def settle(self, owner: str, delivered: int, records: Sequence[Record], now: datetime) -> None:
        kinds = {record["type"] for record in records}
        marks = {":sequence": "#sequence"}
        marks |= {":ended": table_keys.ENDED_MARK} if kinds & audit_record.ENDS else {}
        marks |= {":leased": table_keys.LEASED_MARK} if RecordType.LEASED in kinds else {}
        values: dict[str, str | int] = dict.fromkeys(marks, timestamps.render(now))
        values |= {":sequence": records[-1]["sequence"], ":before": delivered}
        said = ", ".join(f"{name} = {value}" for value, name in marks.items())
        moved = self._update(
            owner,
            UpdateExpression=f"SET {said} REMOVE claimed_until",
            # A call that outlived its claim finds that another has moved the mark: exactly one of
            # them puts each record up for sealing.
            ConditionExpression="attribute_not_exists(#sequence) OR #sequence = :before",
            ExpressionAttributeNames={"#sequence": "sequence"},
            ExpressionAttributeValues=to_item(values),
        )
        leaves = [
            {
                "Put": {
                    "TableName": self._unsealed,
                    "Item": to_item(table_keys.unsealed_item(Leaf.of(record))),
                }
            }
            for record in records
        ]
        try:
            self._client.transact_write_items(TransactItems=[{"Update": moved}, *leaves])
        except ClientError as error:
            first, *_ = error.response.get("CancellationReasons") or [{}]
            if first.get("Code") != "ConditionalCheckFailed":
                raise

    def release(self, owner: str) -> None:
        self._updated(
            owner,
            UpdateExpression="REMOVE claimed_until",
            ConditionExpression="attribute_exists(claimed_until)",
        )

    def _updated(self, owner: str, **arguments: Any) -> dict[str, Any] | None:
        """The mark as it is then; None if the condition did not hold."""
        try:
            answer = self._client.update_item(
                **self._update(owner, **arguments), ReturnValues="ALL_NEW"
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return None
            raise
        return from_item(answer["Attributes"])

    def _update(self, owner: str, **arguments: Any) -> dict[str, Any]:
        key = to_item(dict(table_keys.delivered_key(owner)))
        return {"TableName": self._table, "Key": key, **arguments}
