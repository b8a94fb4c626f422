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
            requester = str(session["requester"]).rpartition("/")[2]
            answer = cast.person(requester).post("/pam/end", body)
            assert answer.code in {"", "CONFLICT"}, answer
        if session["review"]["required"] and not session["review"]["outcome"]:
            for name in REVIEWERS:
                cast.person(name).post("/pam/review", body | {"outcome": "justified"})


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
