"""What is known about people, as it lies in the tables: what each has open and owes, and did."""

from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from pam.aws import person_items, table_keys
from pam.aws.attribute_values import to_item
from pam.aws.dynamodb_items import DynamoDbItems
from pam.domain import timestamps
from pam.domain.apart import Act
from pam.domain.limits import OpenNow
from pam.domain.session import Session

_ALL_OWED: dict[str, Any] = {"FilterExpression": "attribute_not_exists(done)"}
_NO_VALUES: dict[str, str] = {}


class StoredPeople(DynamoDbItems):
    """The part of `ports.sessions.SessionStore` that is about people, by partitions of theirs."""

    def open_now(self, person: str) -> OpenNow:
        # One after the other: what is owed is not older than the version, so whatever was added
        # since either counts or makes the count void.
        items = self._open_items(person)
        owed = self._owed_reviews(person)
        counted = map(person_items.open_session, items)
        return OpenNow(
            version=person_items.version_of(items),
            sessions=tuple(each for each in counted if each is not None),
            unreviewed=tuple(owed),
        )

    def unconfirmed(self, person: str) -> list[str]:
        counted = map(person_items.open_session, self._open_items(person))
        return [each.session_id for each in counted if each is not None and not each.confirmed]

    def _open_items(self, person: str) -> list[dict[str, Any]]:
        return self._query(
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=to_item({":pk": person_items.open_key(person)["pk"]}),
            ConsistentRead=True,
        )

    def uncount(self, person: str, session_id: str) -> None:
        for key, kind in (
            (person_items.open_key(person, session_id), "OPEN"),
            (table_keys.review_key(person, session_id), "REVIEW"),
        ):
            self._put_over({**key, "kind": kind, "done": True})

    def _put_over(self, plain: dict[str, Any]) -> None:
        """In place of an item that is there."""
        put = self._put(plain)["Put"] | {"ConditionExpression": "attribute_exists(pk)"}
        try:
            self._client.put_item(**put)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise

    def _adding(self, person: str, held: OpenNow | None) -> list[dict[str, Any]]:
        """Two additions decided on one reading: the second finds another version, and counts anew.

        Nothing that only takes away looks at the version, so an end is held up by no request.
        """
        if held is None:
            return []
        put = self._put(person_items.open_head(person, held.version + 1))
        values: dict[str, Any] = {":before": held.version}
        if held.version:
            nobody_added_since = "version = :before"
        else:
            # Or somebody wrote over it.
            nobody_added_since = "attribute_not_exists(pk) OR NOT attribute_type(version, :number)"
            values = {":number": "N"}
        put["Put"] |= {
            "ConditionExpression": nobody_added_since,
            "ExpressionAttributeValues": to_item(values),
        }
        return [put]

    def overdue_reviews(self, person: str, now: datetime) -> list[str]:
        overdue = {"FilterExpression": "review_due_at <= :now AND attribute_not_exists(done)"}
        return self._owed_reviews(person, overdue, {":now": timestamps.render(now)})

    def _owed_reviews(
        self,
        person: str,
        which: dict[str, Any] = _ALL_OWED,
        values: dict[str, str] = _NO_VALUES,
    ) -> list[str]:
        items = self._query(
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=to_item(
                {":pk": table_keys.review_key(person, "")["pk"]} | values
            ),
            ConsistentRead=True,
            **which,
        )
        return [item["sk"] for item in items]

    def _review_change(self, before: Session, after: Session) -> list[dict[str, Any]]:
        """What is owed counts from the very write that makes it owed to that which settles it."""
        owed_before = before.review is not None and before.review.open
        owed_after = after.review is not None and after.review.open
        if after.review is None or owed_before == owed_after:
            return []
        return [self._put(table_keys.review_item(after, after.review))]

    def acts_of(self, person: str) -> list[Act]:
        items = self._query(
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=to_item({":pk": person_items.acts_key(person)["pk"]}),
            ConsistentRead=True,
        )
        return [person_items.act_of(person, item) for item in items]

    def note_act(self, act: Act) -> None:
        self._client.put_item(TableName=self._table, Item=to_item(person_items.act_item(act)))
