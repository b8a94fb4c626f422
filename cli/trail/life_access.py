"""Access as records tell it: whose word it waits for, how long it lasts, who gets credentials; and
the look back that an emergency owes.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from cli.trail.life_so_far import Life, refuse, signer_of
from pam.domain import timestamps
from pam.domain.audit_record import ACTIVE_UNTIL, Record
from pam.domain.lifecycle import AWAITING, Status
from pam.domain.review import Judgement, LookBack
from pam.domain.session import Confirmation
from pam.policy.cedar import Action, CedarPolicy

_ROUNDED_UP = timedelta(seconds=1)
"""A window begins with the whole second after its activation."""


def confirm(life: Life, record: Record, policy: CedarPolicy) -> None:
    """What an emergency owes begins here, as in `confirm_session`."""
    session, at = life.session, timestamps.parse(record["at"])
    if not session.unconfirmed or session.status is Status.REVOKING:
        refuse("nothing waits to be confirmed")
    if session.status is Status.PENDING_APPROVAL and at > session.approval_expires_at:
        refuse("the time to confirm was over")
    person = signer_of(record, policy)
    if not policy.may(Action.CONFIRM, person, session).allowed:
        refuse(f"it was not asked for in the name of {person.name}")
    resource = policy.resource(session.resource)
    if session.held_until_confirmed and resource is not None:
        review = policy.review_for(resource, session.circumstances, now=at)
        session = replace(session, review=review)
    word = Confirmation(principal=record["actor"]["principal"], at=at)
    life.session = replace(session, confirmation=word)


def lease(life: Life, record: Record, policy: CedarPolicy) -> None:
    session = life.session
    if session.standing:
        refuse("credentials were handed out of a kind that has none")
    if session.status is not Status.ACTIVE or session.expires_at is None:
        refuse(f"credentials were handed out while the session was {session.status}")
    if timestamps.parse(record["at"]) >= session.expires_at:
        refuse("credentials were handed out after the session's time")
    if session.unconfirmed:
        refuse("credentials were handed out in a name that nobody had confirmed")
    if not policy.may(Action.LEASE, signer_of(record, policy), session).allowed:
        refuse("credentials were handed out to somebody who may not have them")


def activate(life: Life, record: Record) -> None:
    at = timestamps.parse(record["at"])
    latest = at + life.session.duration + _ROUNDED_UP
    said = record["detail"].removeprefix(ACTIVE_UNTIL)
    ends = parsed(said) if said != record["detail"] else latest
    if ends > latest:
        refuse("it lasts longer than the policy set allows for the resource")
    life.session = replace(life.session, activated_at=at, expires_at=ends)


def parsed(text: str) -> datetime:
    try:
        return timestamps.parse(text)
    except ValueError:
        refuse("it does not say until when it lasts")


def alert(life: Life, record: Record) -> None:
    del record
    if not life.session.circumstances.break_glass:
        refuse("it is no break-glass session")
    if life.session.held_until_confirmed:
        refuse("the person in whose name it is has not confirmed it")
    life.alerted = True


def review(life: Life, record: Record, policy: CedarPolicy) -> None:
    session, reviewer = life.session, signer_of(record, policy)
    review = session.review
    if review is None:
        refuse("the session owes no review")
    if session.status in AWAITING | {Status.ACTIVATING}:
        refuse(f"the session is {session.status}, and there is nothing to look back on")
    if reviewer.name in review.people:
        refuse(f"{reviewer.name} has reviewed it already")
    if not review.open:
        refuse("the review is finished")
    if not policy.may(Action.REVIEW, reviewer, session).allowed:
        refuse(f"no policy lets {reviewer.name} review it")
    said = record["detail"].partition(":")[0]
    if said not in set(Judgement):
        refuse("it does not say what was found")
    look = LookBack(
        name=reviewer.name,
        principal=record["actor"]["principal"],
        judgement=Judgement(said),
        comment="",
        at=timestamps.parse(record["at"]),
        for_domain=policy.reviews_for_domain(reviewer, session),
    )
    review = review.with_look(look)
    finished = policy.settle(session, review.gathered).allowed
    life.session = replace(session, review=review.settled() if finished else review)


def erase(life: Life, record: Record, policy: CedarPolicy) -> None:
    session, eraser = life.session, signer_of(record, policy)
    if not session.closed:
        refuse(f"texts were erased while the session was {session.status}")
    if session.review is not None and session.review.open:
        refuse("texts were erased before the review was finished")
    if not policy.may(Action.ERASE, eraser, session).allowed:
        refuse(f"no policy lets {eraser.name} erase its texts")
