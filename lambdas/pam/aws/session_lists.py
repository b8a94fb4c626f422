"""Sessions as the indexes list them. An index lags behind: what it lists may be something else by
now.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from itertools import islice
from typing import Any

from pam.aws import session_codec, table_keys
from pam.aws.attribute_values import from_item, to_item
from pam.aws.dynamodb_items import DynamoDbItems
from pam.domain import deadlines, ids, timestamps
from pam.domain.lifecycle import CLOSED
from pam.domain.session import Session
from pam.names import Index
from pam.ports.sessions import Page, SessionQuery


class SessionLists(DynamoDbItems):
    """The part of `ports.sessions.SessionStore` that goes through indexes."""

    def find(self, query: SessionQuery) -> Page:
        index, attribute, value = _narrowest(query)
        filters = [
            (name, wanted)
            for name, wanted in (
                ("status", query.status and query.status.value),
                ("requester_person", query.requester_name),
                ("resource", query.resource),
            )
            if wanted is not None and name != attribute
        ]
        oldest, newest = ids.bounds(query.since, query.until)
        names = {"#key": attribute} | {f"#f{i}": name for i, (name, _) in enumerate(filters)}
        values = {":key": value, ":oldest": oldest, ":newest": newest} | {
            f":f{i}": wanted for i, (_, wanted) in enumerate(filters)
        }
        arguments: dict[str, Any] = {
            "IndexName": index.value,
            # Every index that is listed by has the id second in its key.
            "KeyConditionExpression": "#key = :key AND session_id BETWEEN :oldest AND :newest",
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": to_item(values),
            "ScanIndexForward": query.oldest_first,
            "Limit": query.limit,
        }
        if filters:
            arguments["FilterExpression"] = " AND ".join(
                f"#f{i} = :f{i}" for i in range(len(filters))
            )
        if query.after is not None:
            # The place of a session in any index follows from its id, whatever it is by now.
            start = table_keys.session_key(query.after) | {attribute: value}
            arguments["ExclusiveStartKey"] = to_item(start | {"session_id": query.after})
        answer = self._client.query(TableName=self._table, **arguments)
        last = answer.get("LastEvaluatedKey")
        listed = self._items([{"pk": item["pk"], "sk": item["sk"]} for item in answer["Items"]])
        return Page(
            # The index lags behind the sessions, which may be something else by now.
            sessions=tuple(each for each in readable(listed) if _matches(each, query)),
            after=None if last is None else from_item(last)["session_id"],
        )

    def opened_since(self, since: datetime, most: int) -> list[str]:
        items = self._query(
            most=most,
            IndexName=Index.BY_TIME.value,
            KeyConditionExpression="listing = :all AND session_id >= :since",
            ExpressionAttributeValues=to_item(
                {":all": table_keys.ALL, ":since": ids.bounds(since, since)[0]}
            ),
            ScanIndexForward=False,
        )
        return [item["session_id"] for item in items]

    def open_sessions(self, person: str | None = None) -> list[Session]:
        of_person: dict[str, Any] = {}
        values: dict[str, str] = {}
        if person is not None:
            of_person = {"FilterExpression": "requester_person = :person"}
            values = {":person": person}
        return [
            session
            for partition in (table_keys.AT_STAKE, table_keys.WAITING)
            for session in self._kept_open(partition, values, **of_person)
        ]

    def ends_that_stand(self) -> list[Session]:
        return self._kept_open(table_keys.ENDED, {})

    def _kept_open(self, partition: str, values: dict[str, str], **filters: Any) -> list[Session]:
        items = self._query(
            IndexName=Index.BY_DEADLINE.value,
            KeyConditionExpression="#open = :open",
            ExpressionAttributeNames={"#open": "open"},
            ExpressionAttributeValues=to_item(values | {":open": partition}),
            **filters,
        )
        return list(readable(items))

    def due(
        self, now: datetime, limit: int, unreadable: Callable[[str], None] | None = None
    ) -> list[Session]:
        return [
            session
            for partition in (table_keys.AT_STAKE, table_keys.WAITING, table_keys.ENDED)
            for session in islice(self._due_in(partition, now, limit, unreadable), limit)
        ]

    def _due_in(
        self,
        partition: str,
        now: datetime,
        at_once: int,
        unreadable: Callable[[str], None] | None,
    ) -> Iterator[Session]:
        """Read on until as many are found as are wanted: what is none, or only says that it is due,
        takes no turn from another.
        """
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName=Index.BY_DEADLINE.value,
            KeyConditionExpression="#open = :open AND due_at <= :now",
            ExpressionAttributeNames={"#open": "open"},
            ExpressionAttributeValues=to_item({":open": partition, ":now": timestamps.render(now)}),
            PaginationConfig={"PageSize": at_once},
        )
        for item in (from_item(item) for page in pages for item in page["Items"]):
            try:
                session = session_in(item)
            except session_codec.Unreadable:
                if unreadable is None:
                    raise
                unreadable(str(item.get("session_id", item["pk"])))
                continue
            if deadlines.duties_due(session, now):
                yield session

    def open_reviews(self, most: int) -> list[str]:
        items = self._query(
            most=most,
            IndexName=Index.BY_TIME.value,
            KeyConditionExpression="listing = :owed",
            ExpressionAttributeValues=to_item({":owed": table_keys.OWED_REVIEWS}),
        )
        return [item["sk"] for item in items]


def session_in(item: Mapping[str, Any]) -> Session:
    """Raises Unreadable."""
    return session_codec.decode(item.get("document"))


def readable(items: Iterable[Mapping[str, Any]]) -> Iterator[Session]:
    """What is none hides no other. The tick names it every minute, and the watch has told of it."""
    for item in items:
        with suppress(session_codec.Unreadable):
            yield session_in(item)


def _matches(session: Session, query: SessionQuery) -> bool:
    return (
        query.status in {None, session.status}
        and query.requester_name in {None, session.requester_name}
        and query.resource in {None, session.resource}
    )


def _narrowest(query: SessionQuery) -> tuple[Index, str, str]:
    """The index that leaves the least to filter. A person has fewer sessions than a resource."""
    if query.status is not None and query.status not in CLOSED:
        # Few sessions are open at a time, all people together.
        return Index.BY_STATUS, "status", query.status.value
    if query.requester_name is not None:
        return Index.BY_REQUESTER, "requester_person", query.requester_name
    if query.resource is not None:
        return Index.BY_RESOURCE, "resource", query.resource
    if query.status is not None:
        return Index.BY_STATUS, "status", query.status.value
    return Index.BY_TIME, "listing", table_keys.ALL
