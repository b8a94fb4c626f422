"""Lists of the API, page by page."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cli import clock
from cli.problems import Failure
from cli.session import Session
from pam.domain import timestamps
from pam.domain.lifecycle import Status

if TYPE_CHECKING:
    from cli.api import Api

LIVES = timedelta(days=3)
"""A session that may still become or be access was asked for no longer ago: 24 hours of waiting for
votes and 4 of access, at most.
"""
_TO_COME = (Status.ACTIVE, Status.ACTIVATING, Status.APPROVED, Status.PENDING_APPROVAL)
Document = dict[str, Any]


def sessions(api: "Api", **query: str | None) -> Iterator[Document]:
    """All that match, newest first. A page is read when it is come to."""
    asked = {name: value for name, value in query.items() if value} | {"limit": "100"}
    while True:
        answer = api.get("/pam/sessions", asked)
        items = answer.get("items")
        if not isinstance(items, list):
            message = "the API's answer is not a list of sessions; is this pam older than the API?"
            raise Failure(message)
        yield from items
        cursor = answer.get("cursor")
        if not cursor:
            return
        asked["cursor"] = str(cursor)


def own_recent(api: "Api", resource: str | None = None) -> list[Session]:
    """The caller's of the last days, newest first: all that may still lead to access, and more."""
    since = timestamps.render(clock.now() - LIVES)
    return list(map(Session.parse, sessions(api, requester=me(api), resource=resource, since=since)))


def own(api: "Api") -> Iterator[Session]:
    """All of the caller's, newest first."""
    return map(Session.parse, sessions(api, requester=me(api)))


def to_come(
    api: "Api", *, requester: str | None = None, resource: str | None = None
) -> list[Session]:
    """Those that are access, or may become it, of everybody whom the caller may see; newest first
    in each state. Each state has an index of its own.
    """
    found: dict[str, Session] = {}
    for status in _TO_COME:
        for each in sessions(api, status=status, requester=requester, resource=resource):
            session = Session.parse(each)
            if not session.lost:
                found.setdefault(session.session_id, session)
    return list(found.values())


def me(api: "Api") -> str:
    """Whom PAM takes the caller for."""
    person = api.get("/pam/me").get("person")
    if not isinstance(person, str) or not person:
        message = "the API does not say who you are; is this pam newer than the API?"
        raise Failure(message)
    return person
