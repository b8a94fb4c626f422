"""Who the caller is to PAM, and what waits for them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from pam.domain.block import EVERYTHING
from pam.domain.lifecycle import AWAITING, Status
from pam.domain.people import Person
from pam.domain.session import Session
from pam.operations.call import Call
from pam.operations.find_person import find_person
from pam.operations.refuse_blocked import is_blocked
from pam.policy.cedar import Action, CedarPolicy
from pam.ports.sessions import SessionQuery, SessionStore

_PAGE = 100
_MOST_PAGES = 10
"""Of requests that wait for votes: so many that nobody could vote on them all."""
_MOST_SHOWN = 100
_MOST_LOOKED_AT = 200
"""Of reviews that are owed, by whomever: three a person at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox:
    """Sessions that wait for an act of the caller's, each list with the oldest first."""

    votes: tuple[Session, ...]
    reviews: tuple[Session, ...]
    confirmations: tuple[Session, ...]


def read_me(call: Call) -> tuple[Person, tuple[str, ...]]:
    """The caller, and all principals that PAM knows as theirs. Raises NotEligible for nobody."""
    person = call.person()
    known = find_person(person.name, store=call.store, policy=call.policy)
    return person, tuple(sorted({*known.principals, person.principal}))


def read_inbox(call: Call) -> Inbox:
    """Empty for whoever is blocked from everything. Raises NotEligible for nobody."""
    person = call.person()
    if is_blocked(person.name, EVERYTHING, now=call.now, store=call.store):
        return Inbox(votes=(), reviews=(), confirmations=())
    own = [
        each.session_id for each in call.store.open_now(person.name).sessions if not each.confirmed
    ]
    return Inbox(
        votes=tuple(
            _oldest(s for s in _waiting(call.now, call.store) if _may_vote(person, s, call.policy))
        ),
        reviews=tuple(
            _oldest(
                s
                for s in _loaded(call.store.open_reviews(_MOST_LOOKED_AT), call.store)
                if _may_review(person, s, call.policy)
            )
        ),
        confirmations=tuple(
            _oldest(
                s
                for s in _loaded(own, call.store)
                if s.unconfirmed and call.policy.may(Action.CONFIRM, person, s).allowed
            )
        ),
    )


def _loaded(session_ids: Iterable[str], store: SessionStore) -> Iterator[Session]:
    for session_id in session_ids:
        session = store.get(session_id)
        if session is not None:
            yield session


def _waiting(now: datetime, store: SessionStore) -> Iterator[Session]:
    query = SessionQuery(status=Status.PENDING_APPROVAL, limit=_PAGE)
    for _ in range(_MOST_PAGES):
        page = store.find(query)
        yield from (s for s in page.sessions if now < s.approval_expires_at)
        if page.after is None:
            return
        query = replace(query, after=page.after)


def _may_vote(person: Person, session: Session, policy: CedarPolicy) -> bool:
    voted = any(vote.name == person.name for vote in session.votes)
    return not voted and policy.may(Action.APPROVE, person, session).allowed


def _may_review(person: Person, session: Session, policy: CedarPolicy) -> bool:
    review = session.review
    return (
        review is not None
        and review.open
        and session.status not in AWAITING | {Status.ACTIVATING}
        and person.name not in review.people
        and policy.may(Action.REVIEW, person, session).allowed
    )


def _oldest(sessions: Iterator[Session]) -> list[Session]:
    return sorted(sessions, key=lambda session: session.session_id)[:_MOST_SHOWN]
