"""Ends what a test left open, by the same calls that its people could have made."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote

from local.cast import Cast
from pam.ids import new_id

OPEN = {"PENDING_APPROVAL", "APPROVED", "ACTIVATING", "ACTIVE"}
REVIEWERS = ("bob", "carol", "erin", "kate", "kurt")
"""All who may review: enough of them have not voted."""
TIME = 10
"""Characters of an id that say when it was made."""


def close(cast: Cast, *, since: datetime) -> None:
    """Has each session from then on ended by its requester, and each emergency reviewed."""
    for session in _sessions(cast, since):
        body = {"session_id": session["session_id"]}
        if session["status"] in OPEN:
            answer = cast.person(_requester(cast, str(session["requester"]))).post("/pam/end", body)
            assert answer.code in {"", "CONFLICT"}, answer
        if session["review"]["required"] and not session["review"]["outcome"]:
            for name in REVIEWERS:
                cast.person(name).post("/pam/review", body | {"outcome": "justified"})


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
