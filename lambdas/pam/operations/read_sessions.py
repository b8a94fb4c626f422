"""Looking at sessions: one, many, their trails, and what may be asked for."""

from dataclasses import dataclass, replace

from pam.domain import deadlines, ids
from pam.domain.approval import ApprovalsNeeded
from pam.domain.audit_record import Record, canonical_json
from pam.domain.circumstances import Circumstances
from pam.domain.cursor import cursor_after, place_of
from pam.domain.errors import Invalid, NotFound
from pam.domain.free_text import commitments_in, opened
from pam.domain.kinds import longest_ending
from pam.domain.people import Person
from pam.domain.resource import Resource
from pam.domain.session import Session
from pam.operations.call import Call
from pam.operations.transition import load
from pam.policy.cedar import Action, CedarPolicy, UnlawfulForAll
from pam.ports.sessions import SessionQuery

_MOST_STUCK = 100
"""More are a fault of one target, which the first hundred name as well."""
_PAGE = 100
_PAGES_WITH_SOME, _MOST_PAGES = 50, 300
"""How many index pages one call reads at most: once it has something to show, and before."""
_LARGEST_ANSWER = 1_000_000
"""Bytes of records. A function can answer 6 MB; their texts and the rest come on top."""
_TRAIL = "audit"
_NOT_A_CURSOR = "is not a cursor that this API gave you for this query"


def read_session(session_id: str, call: Call) -> Session:
    """Raises NotFound as well where the caller may not know that there is such a session."""
    session = load(call.store, session_id)
    if call.may(Action.READ, session) is None:
        message = f"there is no session {session_id}"
        raise NotFound(message)
    return session


def changed_since(sequence: int, session_id: str, call: Call) -> Session | None:
    """The session, if it has gone on since the picture with that number; None: that one is right
    still. Raises NotFound as `read_session`.
    """
    session = read_session(session_id, call)
    return session if session.sequence > sequence else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """Some of a session's audit records, oldest first, and the texts that these commit to.
    `cursor` is where it goes on; None: that was all.
    """

    records: list[Record]
    texts: dict[str, str]
    cursor: str | None


def read_trail(session_id: str, call: Call, *, limit: int, cursor: str | None) -> Trail:
    """At most `limit` records, and 1 MB of them. Raises NotFound, and Invalid for a cursor that is
    none of this trail.
    """
    session = read_session(session_id, call)
    after = 0 if cursor is None else _sequence(cursor, session)
    found = call.store.records_after(session_id, after, limit)
    records = found[: _fitting(found)]
    said = {commit for each in records for commit in commitments_in(each["reason"], each["detail"])}
    texts = opened(session.text_key, session.texts)
    last = records[-1]["sequence"] if records else session.sequence
    return Trail(
        records=records,
        texts={commit: text for commit, text in texts.items() if commit in said},
        cursor=None if last >= session.sequence else cursor_after(str(last), _TRAIL, session_id),
    )


def _sequence(cursor: str, session: Session) -> int:
    place = place_of(cursor, _TRAIL, session.session_id)
    if place is None or not place.isdecimal() or int(place) not in range(1, session.sequence + 1):
        raise Invalid.field("cursor", _NOT_A_CURSOR)
    return int(place)


def _fitting(records: list[Record]) -> int:
    """How many of the first fit into an answer; at least one."""
    size = 0
    for count, record in enumerate(records):
        size += len(canonical_json(record).encode())
        if size > _LARGEST_ANSWER and count:
            return count
    return len(records)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Sessions, newest first. `cursor` names the last of them; None: there are no more."""

    sessions: tuple[Session, ...]
    cursor: str | None


def list_sessions(query: SessionQuery, cursor: str | None, call: Call) -> Listing:
    """The sessions that match and that the caller may read. Raises NotEligible, and Invalid for a
    time that ends before it begins, and for a cursor that is none of this query, or names what the
    caller may not read.
    """
    person = call.person(by_slack=True)
    if query.since and query.until and query.until < query.since:
        raise Invalid.field("until", "is before since")
    requester = query.requester_name and _name(query.requester_name, person, call.policy)
    if not call.policy.may_browse(person).allowed:
        if requester not in {None, person.name}:
            if cursor is not None:
                raise Invalid.field("cursor", _NOT_A_CURSOR)
            return Listing(sessions=(), cursor=None)
        requester = person.name
    query = replace(query, requester_name=requester)
    asked: tuple[str, ...] = (
        *(person.name, query.status or ""),
        *(query.requester_name or "", query.resource or ""),
    )
    if query.since or query.until:
        asked += ids.bounds(query.since, query.until)
    after = None if cursor is None else _place(cursor, asked, query, call)
    shown, more = _shown(replace(query, after=after), call)
    last = shown[-1].session_id if shown and more else None
    return Listing(sessions=tuple(shown), cursor=last and cursor_after(last, *asked))


def _place(cursor: str, asked: tuple[str, ...], query: SessionQuery, call: Call) -> str:
    """The session that the cursor names. Its status may have changed since it was shown."""
    place = place_of(cursor, *asked)
    session = call.store.get(place) if place is not None and ids.is_ulid(place) else None
    first, last = ids.bounds(query.since, query.until)
    if (
        session is None
        or not first <= session.session_id <= last
        or query.requester_name not in {None, session.requester_name}
        or query.resource not in {None, session.resource}
        or call.may(Action.READ, session) is None
    ):
        raise Invalid.field("cursor", _NOT_A_CURSOR)
    return session.session_id


def _shown(query: SessionQuery, call: Call) -> tuple[list[Session], bool]:
    """At most `query.limit` that the caller may read, and whether there may be more."""
    shown: list[Session] = []
    after, look_at = query.after, query.limit + 1
    for pages in range(_MOST_PAGES):
        page = call.store.find(replace(query, after=after, limit=look_at))
        readable = [s for s in page.sessions if call.may(Action.READ, s)]
        room = query.limit - len(shown)
        shown += readable[:room]
        if len(readable) > room or page.after is None:
            return shown, len(readable) > room
        if len(shown) == query.limit or (shown and pages >= _PAGES_WITH_SOME):
            return shown, True
        after, look_at = page.after, _PAGE
    message = "none of the newest sessions is among these; name a requester or a resource"
    raise Invalid.field("status", message)


def list_stuck(call: Call) -> list[Session]:
    """The sessions that the caller may read and that need an operator: access may exist that should
    not, and PAM's own tries have not ended it.
    """
    call.person(by_slack=True)
    # What was tried just now is put off for as long.
    tried = call.store.due(call.now + longest_ending(), _MOST_STUCK)
    stuck = (session for session in tried if deadlines.is_stuck(session, call.now))
    return [session for session in stuck if call.may(Action.READ, session)]


def list_resources(call: Call) -> list[Resource]:
    """What the caller may ask for; nothing for a principal that nobody listed."""
    person = call.caller.person
    if person is None:
        return []
    plain = _plain(call)
    return [r for r in call.policy.resources() if call.policy.may_request(person, r, plain).allowed]


def approvals_needed(resource: Resource, call: Call) -> ApprovalsNeeded | None:
    """Of an ordinary request of the caller's; None where no number is lawful."""
    person = call.person(by_slack=True)
    try:
        return call.policy.approvals_needed(person, resource, _plain(call))
    except UnlawfulForAll:
        return None


def _plain(call: Call) -> Circumstances:
    """No emergency, no ticket."""
    return Circumstances(surface=call.caller.surface, auth=call.caller.auth)


def _name(requester: str, person: Person, policy: CedarPolicy) -> str:
    """A person's name from what was typed; an unknown one simply matches nothing."""
    if requester == person.principal:
        return person.name
    return policy.identities.named(requester) or requester
