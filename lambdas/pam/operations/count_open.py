"""How much a person has open: asked before something is added, and put right where it is wrong.

The counts are written with the sessions, in the same transactions. What they can be wrong by is
mended here: sessions that do not count (an earlier version stored them, or somebody wrote over the
counts) do as soon as a search saw them, and nobody is refused because of a session that is closed,
or that is none of theirs.
"""

import random
from collections import defaultdict

from pam.domain.errors import LimitReached
from pam.domain.limits import OpenNow, check_limits, open_as
from pam.domain.session import Session
from pam.policy.cedar import CedarPolicy
from pam.ports.sessions import SessionStore

_PEOPLE_PER_SWEEP = 100
"""Bounds a search; whom one leaves out, another of the next minutes takes."""


def room_for(
    session: Session, *, store: SessionStore, policy: CedarPolicy, read: OpenNow | None = None
) -> OpenNow:
    """What the person has (as `read` just now), if this session may be added to it. Raises
    LimitReached.

    The answer belongs into the write that adds: it is refused if something was added meanwhile.
    """
    held = read or store.open_now(session.requester_name)
    try:
        check_limits(session, held, policy.limits)
    except LimitReached as reached:
        if not _mended(session.requester_name, held, reached.sessions, store):
            raise
        held = store.open_now(session.requester_name)
        check_limits(session, held, policy.limits)
    return held


def owes_review(session: Session) -> bool:
    return session.review is not None and session.review.open


def _counts_rightly(session: Session, held: OpenNow) -> bool:
    counted = next((s for s in held.sessions if s.session_id == session.session_id), None)
    owed = session.session_id in held.unreviewed
    return (counted, owed) == (open_as(session), owes_review(session))


def _mended(person: str, held: OpenNow, in_the_way: tuple[str, ...], store: SessionStore) -> bool:
    """Whether one of those that are in the way counted as what it is not."""
    mended = False
    for session_id in in_the_way:
        stored = store.get(session_id)
        if stored is None or stored.requester_name != person:
            store.uncount(person, session_id)
        elif not _counts_rightly(stored, held):
            store.recount(stored)
        else:
            continue
        mended = True
    return mended


def recount_open(*, store: SessionStore) -> list[str]:
    """Counts sessions that do not count, or count as what they are not: those that are open, or
    whose review is waited for. Returns their ids.
    """
    by_person = defaultdict(list)
    for session in store.open_sessions():
        if not session.closed or owes_review(session):
            by_person[session.requester_name].append(session)
    people = random.sample(sorted(by_person), min(len(by_person), _PEOPLE_PER_SWEEP))
    mended = []
    for person in people:
        held = store.open_now(person)
        for listed in by_person[person]:
            if _counts_rightly(listed, held):
                continue
            # The index may lag behind the session, which then counts rightly already.
            stored = store.get(listed.session_id)
            if stored is None or _counts_rightly(stored, held):
                continue
            store.recount(stored)
            mended.append(stored.session_id)
    return mended
