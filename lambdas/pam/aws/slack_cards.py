"""Where cards stand, and how fast PAM has written to Slack lately: items of Slack's own table,
which is no part of the truth.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from pam.aws.attribute_values import from_item, to_item
from pam.aws.table_keys import epoch
from pam.domain import timestamps
from pam.names import SLACK_CARD
from pam.ports.slack_cards import StaleCard

_KEPT = timedelta(days=400)
"""From when a session was last painted: until then its texts can be erased from what was said."""
_MOST_KEYS = 100
_UNFINISHED = f"{SLACK_CARD}unfinished"
_TRIES = 5


class DynamoDbSlackCards:
    """Implements `ports.slack_cards.CardShelf`."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def read(self, session_id: str) -> str | None:
        item = self._get(_card_key(session_id))
        return None if item is None else str(item["text"])

    def read_several(self, session_ids: Sequence[str]) -> dict[str, str]:
        found = {}
        for first in range(0, len(session_ids), _MOST_KEYS):
            keys = [to_item(_card_key(each)) for each in session_ids[first : first + _MOST_KEYS]]
            wanted: dict[str, Any] = {self._table: {"Keys": keys}}
            for _ in range(_TRIES):
                answer = self._client.batch_get_item(RequestItems=wanted)
                for item in map(from_item, answer["Responses"].get(self._table, [])):
                    found[str(item["pk"]).removeprefix(SLACK_CARD)] = str(item["text"])
                wanted = answer.get("UnprocessedKeys") or {}
                if not wanted:
                    break
        return found

    def write(
        self, session_id: str, text: str, *, version: int, finished: bool, now: datetime
    ) -> None:
        # Before the card, and taken away after it: no card that is not finished is missing.
        if version == 1:
            self._put({**_unfinished_key(session_id), "ttl": epoch(now + _KEPT)})
        item = {
            **_card_key(session_id),
            "text": text,
            "version": version,
            "ttl": epoch(now + _KEPT),
        }
        try:
            self._client.put_item(
                TableName=self._table,
                Item=to_item(item),
                ConditionExpression="attribute_not_exists(pk)" if version == 1 else "version = :v",
                **({} if version == 1 else _values({":v": version - 1})),
            )
        except ClientError as error:
            _raise_stale(error)
        if finished:
            self._client.delete_item(
                TableName=self._table, Key=to_item(_unfinished_key(session_id))
            )

    def unfinished(self) -> Iterator[str]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            **_values({":pk": _UNFINISHED}),
        )
        for page in pages:
            for item in page["Items"]:
                yield item["sk"]["S"]

    def stands(self, channel: str, ts: str, session_id: str, now: datetime) -> None:
        ttl = {"ttl": epoch(now + _KEPT)}
        self._put({**_place_key(channel, ts), "session_id": session_id, **ttl})

    def session_at(self, channel: str, ts: str) -> str | None:
        item = self._get(_place_key(channel, ts))
        return None if item is None else str(item["session_id"])

    def first(self, what: str, now: datetime, until: datetime) -> bool:
        key = {"pk": f"{SLACK_CARD}told {what}", "sk": "told"}
        try:
            self._client.put_item(
                TableName=self._table,
                Item=to_item({**key, "until": timestamps.render(until), "ttl": epoch(until)}),
                ConditionExpression="attribute_not_exists(pk) OR #until <= :now",
                ExpressionAttributeNames={"#until": "until"},
                **_values({":now": timestamps.render(now)}),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True

    def taken(self, key: str) -> tuple[tuple[datetime, ...], int]:
        item = self._get(_pace_key(key)) or {}
        times = tuple(timestamps.parse(at) for at in item.get("taken", []))
        return times, int(item.get("version", 0))

    def take(self, key: str, taken: Sequence[datetime], *, version: int, until: datetime) -> None:
        item = {
            **_pace_key(key),
            "taken": [timestamps.render(at) for at in taken],
            "version": version,
            "ttl": epoch(until),
        }
        try:
            self._client.put_item(
                TableName=self._table,
                Item=to_item(item),
                ConditionExpression="attribute_not_exists(pk) OR version = :v",
                **_values({":v": version - 1}),
            )
        except ClientError as error:
            _raise_stale(error)

    def _put(self, plain: dict[str, Any]) -> None:
        self._client.put_item(TableName=self._table, Item=to_item(plain))

    def _get(self, key: dict[str, str]) -> dict[str, Any] | None:
        answer = self._client.get_item(
            TableName=self._table, Key=to_item(dict(key)), ConsistentRead=True
        )
        item = answer.get("Item")
        return None if item is None else from_item(item)


def _raise_stale(error: ClientError) -> None:
    if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
        raise error
    raise StaleCard from None


def _values(plain: dict[str, Any]) -> dict[str, Any]:
    return {"ExpressionAttributeValues": to_item(plain)}


def _card_key(session_id: str) -> dict[str, str]:
    return {"pk": f"{SLACK_CARD}{session_id}", "sk": "card"}


def _unfinished_key(session_id: str) -> dict[str, str]:
    return {"pk": _UNFINISHED, "sk": session_id}


def _place_key(channel: str, ts: str) -> dict[str, str]:
    return {"pk": f"{SLACK_CARD}{channel}/{ts}", "sk": "place"}


def _pace_key(key: str) -> dict[str, str]:
    return {"pk": f"{SLACK_CARD}pace {key}", "sk": "pace"}
