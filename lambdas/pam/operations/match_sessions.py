"""Finds the sessions of those acts that name a person and no session."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from pam.domain import ids
from pam.domain.activity import Activity, session_of
from pam.domain.session import Session
from pam.ports.sessions import SessionQuery, SessionStore

LONGEST_LIFE = timedelta(hours=30)
"""From when a session is asked for to its end, at most: a day until its votes are there, or its
turn has come, then four hours, and what making and ending take.
"""
_AT_A_TIME = 50
MOST_PAGES = 4
"""Of a person's sessions, the newest first. Who asks for more in that time hides nothing by it:
what is not found is told as dark access.
"""


def match_sessions(activities: Sequence[Activity], store: SessionStore) -> list[Activity]:
    """The same, each with the session that its person had there when its credentials were made, or
    with the finding that they had none. What names a session already, or is a finding, stays as it
    is.
    """
    since: dict[str, datetime] = {}
    for each in activities:
        if _is_unmatched(each):
            begun = (each.signed_in_at or each.at) - LONGEST_LIFE
            since[each.person] = min(begun, since.get(each.person, begun))
    sessions = {person: _newest(store, person, first) for person, first in since.items()}
    return [
        _matched(each, sessions[each.person]) if _is_unmatched(each) else each
        for each in activities
    ]


def _is_unmatched(activity: Activity) -> bool:
    return bool(activity.person and not activity.session_id and not activity.finding)


def _matched(activity: Activity, sessions: Sequence[Session]) -> Activity:
    found = session_of(activity, sessions)
    if found is not None:
        return replace(activity, session_id=found.session_id)
    return replace(
        activity, finding=f"{activity.person} had no session when these credentials were made"
    )


def _newest(store: SessionStore, person: str, since: datetime) -> list[Session]:
    found: list[Session] = []
    after: str | None = None
    for _ in range(MOST_PAGES):
        page = store.find(SessionQuery(requester_name=person, limit=_AT_A_TIME, after=after))
        found += page.sessions
        after = page.after
        if after is None or ids.opened_at(after) < since:
            break
    return found
