"""Ends what a test left open, by the same calls that its people could have made."""

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import quote

from local.cast import Cast
from pam.aws.table_keys import ALL
from pam.ids import new_id
from pam.names import Index, Parameter, parameter_path

OPEN = {"PENDING_APPROVAL", "APPROVED", "ACTIVATING", "ACTIVE"}
REVIEWERS = ("bob", "carol", "erin", "kate", "kurt")
"""All who may review: enough of them have not voted."""
TIME = 10
"""Characters of an id that say when it was made."""


def close(cast: Cast, *, since: datetime) -> None:
    """Has each session from then on ended by its requester, and each emergency reviewed."""
    if not _any_since(cast, since):
        return
    for session in _sessions(cast, since):
        body = {"session_id": session["session_id"]}
        if session["status"] in OPEN:
            answer = cast.person(_requester(cast, str(session["requester"]))).post("/pam/end", body)
            assert answer.code in {"", "CONFLICT"}, answer
        if session["review"]["required"] and not session["review"]["outcome"]:
            for name in REVIEWERS:
                cast.person(name).post("/pam/review", body | {"outcome": "justified"})


def _any_since(cast: Cast, since: datetime) -> bool:
    """By the table itself, since most tests open no session: it answers sooner than the API, and a
    look at it leaves no trace.
    """
    found = (
        cast.person("root")
        .client("dynamodb")
        .query(
            TableName=_table(cast),
            IndexName=Index.BY_TIME.value,
            KeyConditionExpression="listing = :all AND session_id >= :since",
            ExpressionAttributeValues={":all": {"S": ALL}, ":since": {"S": new_id(since)[:TIME]}},
            Limit=1,
        )
    )
    return bool(found["Items"])


@cache
def _table(cast: Cast) -> str:
    return cast.parameter(parameter_path("local", Parameter.SESSION_STORE_TABLE_NAME))


def _requester(cast: Cast, principal: str) -> str:
    """Whose it is, also of a request that came in by Slack."""
    name = principal.rpartition("/")[2]
    if not principal.startswith("slack:"):
        return name
    people = cast.slack.call("people")["people"]
    return str(next(each["name"] for each in people if each["id"] == name))


def _sessions(cast: Cast, since: datetime) -> Iterator[dict[str, Any]]:
    """Newest first. By their ids: a test may have set other times back."""
    ada, cursor, first = cast.person("ada"), "", new_id(since)[:TIME]
    while True:
        page = ada.get(f"/pam/sessions?limit=100{cursor and f'&cursor={quote(cursor)}'}").body
        for session in page["items"]:
            if session["session_id"][:TIME] < first:
                return
            yield session
        if not page["cursor"]:
            return
        cursor = page["cursor"]
