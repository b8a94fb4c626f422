"""Who the caller is to PAM, and what waits for them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

from pam.domain.block import EVERYTHING
from pam.domain.lifecycle import AWAITING, Status
from pam.domain.people import Person
from pam.domain.session import Session
from pam.operations.call import Call
from pam.operations.find_person import find_person
from pam.operations.refuse_blocked import is_blocked
from pam.policy.cedar import Action, CedarPolicy
from pam.ports.sessions import SessionQuery
from pam.side_by_side import side_by_side

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
    """The caller, and all principals by which PAM would know them now; what they acted by once, or
    linked once, may be nobody's today. Raises NotEligible for nobody.
    """
    person = call.person(by_slack=True)
    known = find_person(person.name, store=call.store, policy=call.policy)
    theirs = {each for each in known.principals if call.policy.identities.knows(each)}
    return person, tuple(sorted({*theirs, person.principal}))


def read_inbox(call: Call) -> Inbox:
    """Empty for whoever is blocked from everything. Raises NotEligible for nobody."""
    person = call.person(by_slack=True)
    blocked, votes, owed, own = side_by_side(
        partial(is_blocked, person.name, EVERYTHING, now=call.now, store=call.store),
        partial(_waiting, person, call),
        partial(call.store.open_reviews, _MOST_LOOKED_AT),
        partial(call.store.unconfirmed, person.name),
    )
    if blocked:
        return Inbox(votes=(), reviews=(), confirmations=())
    loaded = call.store.several([*owed, *own])
    return Inbox(
        votes=tuple(votes),
        reviews=tuple(_oldest(s for s in loaded if _may_review(person, s, call.policy))),
        confirmations=tuple(_oldest(s for s in loaded if _may_confirm(person, s, call.policy))),
    )


def _waiting(person: Person, call: Call) -> list[Session]:
    """The oldest first, and read no further than there is room to show them."""
    query = SessionQuery(status=Status.PENDING_APPROVAL, limit=_PAGE, oldest_first=True)
    found: list[Session] = []
    for _ in range(_MOST_PAGES):
        page = call.store.find(query)
        found += (
            s
            for s in page.sessions
            if call.now < s.approval_expires_at and _may_vote(person, s, call.policy)
        )
        if page.after is None or len(found) >= _MOST_SHOWN:
            break
        query = replace(query, after=page.after)
    return found[:_MOST_SHOWN]


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


def _may_confirm(person: Person, session: Session, policy: CedarPolicy) -> bool:
    return session.unconfirmed and policy.may(Action.CONFIRM, person, session).allowed


def _oldest(sessions: Iterator[Session]) -> list[Session]:
    return sorted(sessions, key=lambda session: session.session_id)[:_MOST_SHOWN]
