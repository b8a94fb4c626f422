"""Two people who did not use it look back at a break-glass session."""

from dataclasses import dataclass, replace

from pam.domain.audit_record import PolicyTrace, RecordType
from pam.domain.errors import Code, Conflict, NotEligible, SelfApproval
from pam.domain.lifecycle import AWAITING, Status
from pam.domain.people import Person
from pam.domain.review import Judgement, LookBack, Review
from pam.domain.session import Session
from pam.operations.call import Call
from pam.operations.transition import Step, transition
from pam.policy.cedar import Action, Decision

_NOTHING_YET = AWAITING | {Status.ACTIVATING}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewPaper:
    """What a reviewer hands in."""

    session_id: str
    judgement: Judgement
    comment: str = ""


def review_session(paper: ReviewPaper, call: Call) -> Session:
    """Records the look, once a person; whether it is the last, policy says. Raises a Refusal.

    An open session may be reviewed as soon as there is access to look at, a closed one at any time.
    """

    def decide(session: Session) -> Step:
        reviewer, allowed = _reviewer(session, call)
        call.refuse_blocked(reviewer.name, session.resource, session_id=session.session_id)
        review = _owed(session, reviewer)
        look = LookBack(
            name=reviewer.name,
            principal=call.caller.principal,
            judgement=paper.judgement,
            comment=paper.comment,
            at=call.now,
            for_domain=call.policy.reviews_for_domain(reviewer, session),
        )
        reviewed = review.with_look(look)
        if call.policy.settle(session, reviewed.gathered).allowed:
            reviewed = reviewed.settled()
        entry = call.entry(
            RecordType.REVIEWED,
            detail=paper.judgement.value,
            comment=paper.comment,
            trace=PolicyTrace(
                policy_ids=allowed.policy_ids,
                required=call.policy.looks_needed(session),
                received=len(reviewed.people),
            ),
        )
        return Step(replace(session, review=reviewed), (entry,))

    return transition(call.store, paper.session_id, decide, now=call.now)


def _reviewer(session: Session, call: Call) -> tuple[Person, Decision]:
    session_id = session.session_id
    person = call.person(session_id=session_id, command=f"pam review {session_id}")
    decision = call.policy.may(Action.REVIEW, person, session)
    if decision.allowed:
        return person, decision
    ids = decision.policy_ids
    if decision.code is Code.SELF_APPROVAL:
        message = "nobody reviews their own session"
        raise SelfApproval(message, session_id=session.session_id, policy_ids=ids)
    message = f"no policy lets {person.name} review this session"
    raise NotEligible(message, session_id=session.session_id, policy_ids=ids)


def _owed(session: Session, reviewer: Person) -> Review:
    review = session.review
    if review is None:
        message = "this session owes no review"
    elif reviewer.name in review.people:
        message = f"{reviewer.name} has reviewed this session already"
    elif not review.open:
        message = f"this session has been reviewed: {review.outcome}"
    elif session.status in _NOTHING_YET:
        message = f"the session is {session.status.value}; there is nothing to look back on yet"
    else:
        return review
    raise Conflict(message, session_id=session.session_id)
