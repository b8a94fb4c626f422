"""Lists of the API, page by page."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cli import clock
from cli.gathering import PAGE, items_of
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
_TO_COME = (Status.PENDING_APPROVAL, Status.APPROVED, Status.ACTIVATING, Status.ACTIVE)
"""In the order in which a session goes through them: one that moves on is met further on."""
Document = dict[str, Any]


def sessions(api: "Api", **query: str | None) -> Iterator[Document]:
    """All that match, newest first. A page is read when it is come to."""
    asked = {name: value for name, value in query.items() if value is not None} | {
        "limit": str(PAGE)
    }
    while True:
        answer = api.get("/pam/sessions", asked)
        yield from items_of(answer)
        cursor = answer.get("cursor")
        if not cursor:
            return
        if cursor == asked.get("cursor"):
            message = "the API gives the same page again and again"
            raise Failure(message)
        asked["cursor"] = str(cursor)


def own_recent(api: "Api", resource: str | None = None) -> list[Session]:
    """The caller's of the last days, newest first: all that may still lead to access, and more."""
    since = timestamps.render(clock.now() - LIVES)
    found = sessions(api, requester=me(api), resource=resource, since=since)
    return [Session.parse(each) for each in found]


def own(api: "Api") -> Iterator[Session]:
    """All of the caller's, newest first."""
    return map(Session.parse, sessions(api, requester=me(api)))


def to_come(
    api: "Api", *, requester: str | None = None, resource: str | None = None
) -> list[Document]:
    """Those that are access, or may become it, of everybody whom the caller may see; newest first
    in each state. There are few of each, and each is a range of the index of states.
    """
    found: dict[Status, dict[str, Document]] = {}
    for status in _TO_COME:
        read = sessions(api, status=status, requester=requester, resource=resource)
        found[status] = {Session.parse(each).session_id: each for each in read}
    newest: dict[str, Document] = {}
    for status in reversed(_TO_COME):
        for name, each in found[status].items():
            newest.setdefault(name, each)
    return list(newest.values())


def me(api: "Api") -> str:
    """Whom PAM takes the caller for."""
    person = api.get("/pam/me").get("person")
    if not isinstance(person, str) or not person:
        message = "the API does not say who you are; is this pam newer than the API?"
        raise Failure(message)
    return person
