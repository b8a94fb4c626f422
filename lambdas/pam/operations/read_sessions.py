"""Looking at sessions: one, many, their trails, and what may be asked for."""

from dataclasses import dataclass, replace
from datetime import datetime

from pam.domain.audit_record import Record
from pam.domain.errors import NotEligible, NotFound
from pam.domain.free_text import opened
from pam.domain.people import Caller, Person
from pam.domain.resource import Resource
from pam.domain.session import RETRY_END_AFTER, Session
from pam.operations.transition import load
from pam.policy.cedar import Action, CedarPolicy
from pam.ports.sessions import Page, SessionQuery, SessionStore

_MOST_STUCK = 100
"""More are a fault of one target, which the first hundred name as well."""
_PAGES_PER_CALL = 5
"""How many index pages one call reads at most; what is left is behind the cursor."""


def read_session(
    session_id: str, *, caller: Caller, store: SessionStore, policy: CedarPolicy
) -> Session:
    """Raises NotFound as well where the caller may not know that there is such a session."""
    session = load(store, session_id)
    if caller.person is None or not policy.may(Action.READ, caller.person, session).allowed:
        message = f"there is no session {session_id}"
        raise NotFound(message)
    return session


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """A session's audit records, oldest first, and the texts that they commit to."""

    records: list[Record]
    texts: dict[str, str]


def read_trail(
    session_id: str, *, caller: Caller, store: SessionStore, policy: CedarPolicy
) -> Trail:
    session = read_session(session_id, caller=caller, store=store, policy=policy)
    return Trail(records=store.records(session_id), texts=opened(session.text_key, session.texts))


def list_sessions(
    query: SessionQuery, *, caller: Caller, store: SessionStore, policy: CedarPolicy
) -> Page:
    """The sessions that match and that the caller may read, newest first."""
    person = _listed(caller)
    if query.requester is not None:
        query = replace(query, requester=_name(query.requester, person, policy))
    elif not policy.may_browse(person).allowed:
        # Spares the index pages full of others' sessions that would all be dropped below.
        query = replace(query, requester=person.name)
    found: list[Session] = []
    cursor = query.cursor
    for _ in range(_PAGES_PER_CALL):
        page = store.find(replace(query, cursor=cursor, limit=query.limit - len(found)))
        found += [s for s in page.sessions if policy.may(Action.READ, person, s).allowed]
        cursor = page.cursor
        if cursor is None or len(found) >= query.limit:
            break
    return Page(sessions=tuple(found), cursor=cursor)


def list_stuck(
    *, caller: Caller, now: datetime, store: SessionStore, policy: CedarPolicy
) -> list[Session]:
    """The sessions that the caller may read and that need an operator: access may exist that should
    not, and PAM's own tries have not ended it.
    """
    person = _listed(caller)
    # What was tried just now is put off for as long.
    tried = store.due(now + RETRY_END_AFTER, _MOST_STUCK)
    return [s for s in tried if s.stuck(now) and policy.may(Action.READ, person, s).allowed]


def list_resources(*, caller: Caller, policy: CedarPolicy) -> list[Resource]:
    """What the caller may ask for; nothing for a principal that nobody listed."""
    if caller.person is None:
        return []
    person = caller.person
    return [r for r in policy.resources() if policy.may_request(person, r).allowed]


def _listed(caller: Caller) -> Person:
    if caller.person is None:
        message = "this principal is not listed as anybody"
        raise NotEligible(message)
    return caller.person


def _name(requester: str, person: Person, policy: CedarPolicy) -> str:
    """A person's name from what was typed; an unknown one simply matches nothing."""
    if requester in {person.principal, person.name}:
        return person.name
    try:
        return policy.identities.resolve(requester).name
    except NotEligible:
        return requester
