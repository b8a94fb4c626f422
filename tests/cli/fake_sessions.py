"""Sessions that the fake API lists and shows as the real one does: by time, person and state."""

from datetime import timedelta
from typing import Any

from cli import clock
from pam.domain import timestamps
from pam.domain.ids import bounds, opened_at
from tests.cli.fake_api import ALICE, Asked, FakeApi, session

Document = dict[str, Any]
TAIL = "3M4V5N6P7R8S9T0A"


def new_id(minutes_ago: float = 5, tail: str = TAIL) -> str:
    at = clock.now() - timedelta(minutes=minutes_ago)
    return bounds(at, at)[0][:10] + tail


def asked_for(minutes_ago: float = 5, tail: str = TAIL, **changes: Any) -> Document:
    return session(session_id=new_id(minutes_ago, tail), **changes)


def unconfirmed(minutes_ago: float = 5, **changes: Any) -> Document:
    """One that a runbook opened in alice's name."""
    claimed: Document = {
        "requester_verified": False,
        "needs_confirmation": True,
        "origin": "runbook",
    }
    return asked_for(minutes_ago, **claimed, **changes)


def lists(fake: FakeApi, *documents: Document, page: int = 100) -> None:
    """Of alice, who calls: `GET /pam/me`, all lists, and each session by itself."""
    fake.on("GET /pam/me", {"person": "alice", "domain": "bank-core"})
    fake.on("GET /pam/sessions", lambda asked: _page(asked, documents, page))
    for each in documents:
        fake.on(f"GET /pam/sessions/{each['session_id']}", each)


def _page(asked: Asked, documents: tuple[Document, ...], most: int) -> Document:
    matching = sorted(
        (each for each in documents if _matches(each, asked.query)),
        key=lambda each: str(each["session_id"]),
        reverse=True,
    )
    after = asked.query.get("cursor")
    left = [each for each in matching if after is None or each["session_id"] < after]
    shown = left[:most]
    return {"items": shown, "cursor": shown[-1]["session_id"] if len(left) > most else None}


def _matches(document: Document, query: dict[str, str]) -> bool:
    at = opened_at(document["session_id"])
    since, until = (query.get(name) for name in ("since", "until"))
    requester = query.get("requester")
    who = {document["requester"], document["requester"].rpartition("/")[2]}
    return (
        query.get("status") in {None, document["status"]}
        and query.get("resource") in {None, document["resource"]}
        and (requester is None or requester in who)
        and (since is None or timestamps.parse(since) <= at)
        and (until is None or at <= timestamps.parse(until))
    )


def asked_of(who: str, minutes_ago: float = 5, tail: str = TAIL, **changes: Any) -> Document:
    requester = ALICE.replace("alice", who)
    return asked_for(minutes_ago, tail, requester=requester, **changes)
