"""How much a person has open: asked before something is added, and put right where it is wrong.

The counts are written with the sessions, in the same transactions. What they can be wrong by is
mended here: sessions that an earlier version stored count as soon as a sweep saw them, and nobody
is refused because of a session that is closed.
"""

import random
from collections import defaultdict

from pam.domain.errors import LimitReached
from pam.domain.limits import OpenNow, check_limits, open_as
from pam.domain.session import Session
from pam.policy.cedar import CedarPolicy
from pam.ports.sessions import SessionStore

_PEOPLE_PER_SWEEP = 100
"""Bounds a sweep; whom one leaves out, another of the next minutes takes."""


def room_for(session: Session, *, store: SessionStore, policy: CedarPolicy) -> OpenNow:
    """What the person has, if this session may be added to it. Raises LimitReached.

    The answer belongs into the write that adds: it is refused if something was added meanwhile.
    """
    held = store.open_now(session.requester_name)
    try:
        check_limits(session, held, policy.limits)
    except LimitReached as reached:
        if not _mended(held, reached.sessions, store):
            raise
        held = store.open_now(session.requester_name)
        check_limits(session, held, policy.limits)
    return held


def _mended(held: OpenNow, in_the_way: tuple[str, ...], store: SessionStore) -> bool:
    """Whether one of those that are in the way counted as what it is not."""
    counted = {each.session_id: each for each in held.sessions}
    wrong = [
        stored
        for session_id in in_the_way
        if session_id in counted
        and (stored := store.get(session_id)) is not None
        and open_as(stored) != counted[session_id]
    ]
    for stored in wrong:
        store.recount(stored)
    return bool(wrong)


def recount_open(*, store: SessionStore) -> list[str]:
    """Counts open sessions that do not count, or count as what they are not. Returns their ids."""
    by_person = defaultdict(list)
    for session in store.open_sessions():
        if not session.closed:
            by_person[session.requester_name].append(session)
    people = random.sample(sorted(by_person), min(len(by_person), _PEOPLE_PER_SWEEP))
    mended = []
    for person in people:
        counted = {each.session_id: each for each in store.open_now(person).sessions}
        for listed in by_person[person]:
            if counted.get(listed.session_id) == open_as(listed):
                continue
            # The index may lag behind the session, which then counts rightly already.
            stored = store.get(listed.session_id)
            if stored is None or counted.get(stored.session_id) == open_as(stored):
                continue
            store.recount(stored)
            mended.append(stored.session_id)
    return mended
