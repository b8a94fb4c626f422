"""An approver says yes or no. The vote that makes the grant lawful lets the workflow go on."""

from collections.abc import Container
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pam.domain import approval, proofs
from pam.domain.approval import Ballot, Casting, Vote, by_slack
from pam.domain.audit_record import Entry, PolicyTrace, RecordType
from pam.domain.ending import Ending
from pam.domain.errors import (
    Code,
    Conflict,
    Invalid,
    NotEligible,
    NotFound,
    Refusal,
    SelfApproval,
    StepUp,
)
from pam.domain.lifecycle import Status
from pam.domain.people import Person
from pam.domain.session import Session
from pam.operations.answer_workflow import answer_workflow
from pam.operations.call import Call
from pam.operations.linked_votes import check_link_votes
from pam.operations.refuse_blocked import kept_out, refuse
from pam.operations.transition import Step, load, transition
from pam.policy.cedar import CedarPolicy, Decision
from pam.ports.people import Workflow
from pam.ports.proofs import Signer


@dataclass(frozen=True, slots=True, kw_only=True)
class BallotPaper:
    """What an approver hands in. `duration` may shorten the session, never lengthen it."""

    session_id: str
    decision: Ballot
    comment: str = ""
    duration: timedelta | None = None


def vote(paper: BallotPaper, call: Call, *, workflow: Workflow, signer: Signer) -> Session:
    """Counts the vote, exactly once, and acts on what it decides. Raises a Refusal."""

    def decide(session: Session) -> Step:
        voter, allowed = _voter(session, paper.decision, call)
        concerned = {voter.name, *concerned_by(session)}
        blocked = kept_out(concerned, session.resource, now=call.now, store=call.store)
        refuse(blocked.get(voter.name), session_id=session.session_id)
        _check_open(session, voter, paper, call.now)
        cast = Vote(
            name=voter.name,
            principal=call.caller.principal,
            domain=voter.domain,
            decision=paper.decision,
            comment=paper.comment,
            at=call.now,
            surface=call.caller.surface,
            auth=call.caller.auth,
            duration=paper.duration,
        )
        cast = replace(cast, proof=signer.sign(proofs.of_vote(session.session_id, cast)))
        step = _counted(session, cast, allowed, blocked, call)
        if step.after.status is Status.APPROVED:
            refuse(blocked.get(session.requester_name), session_id=session.session_id)
        return step

    try:
        session = transition(call.store, paper.session_id, decide, now=call.now)
    except Conflict:
        # A call that was cut short after its vote stood may not have told the workflow.
        answer_workflow(load(call.store, paper.session_id), store=call.store, workflow=workflow)
        raise
    answer_workflow(session, store=call.store, workflow=workflow)
    return session


def _voter(session: Session, ballot: Ballot, call: Call) -> tuple[Person, Decision]:
    person = call.person(session_id=session.session_id, by_slack=True)
    cast = Casting(
        ballot=ballot,
        surface=call.caller.surface,
        auth=call.caller.auth,
        slack_approvals=by_slack(session.votes),
    )
    decision = call.policy.may_vote(person, session, cast)
    if not decision.allowed:
        raise _refused(decision, person, session)
    if call.caller.link is not None:
        check_link_votes(call.caller.link, ballot, session.session_id, call)
    return person, decision


def _refused(decision: Decision, person: Person, session: Session) -> Refusal:
    ids = decision.policy_ids
    if decision.code is Code.SELF_APPROVAL:
        message = "nobody approves their own request"
        return SelfApproval(message, session_id=session.session_id, policy_ids=ids)
    if decision.code is Code.STEP_UP:
        command = f"pam approve {session.session_id}"
        message = f"an approval of this session does not count this way; vote by `{command}`"
        return StepUp(
            message, session_id=session.session_id, policy_ids=ids, step_up_command=command
        )
    message = f"no policy lets {person.name} vote on this session"
    return NotEligible(message, session_id=session.session_id, policy_ids=ids)


def _check_open(session: Session, voter: Person, paper: BallotPaper, now: datetime) -> None:
    if any(earlier.name == voter.name for earlier in session.votes):
        message = f"{voter.name} has voted on this session already"
        raise Conflict(message, session_id=session.session_id)
    if session.status is not Status.PENDING_APPROVAL:
        message = f"the session is {session.status.value}; there is nothing to vote on"
        raise Conflict(message, session_id=session.session_id)
    if now >= session.approval_expires_at:
        message = "the time to vote on this session is over"
        raise Conflict(message, session_id=session.session_id)
    if paper.duration is not None and not timedelta(0) < paper.duration <= session.asked_duration:
        seconds = int(session.asked_duration.total_seconds())
        raise Invalid.field(
            "duration_seconds", f"an approver may only shorten: between 1 and {seconds}"
        )


def concerned_by(session: Session) -> set[str]:
    """Of whom it is asked whether they are blocked before there is access."""
    return {session.requester_name, *(vote.name for vote in session.votes)}


def _counted(
    session: Session, cast: Vote, allowed: Decision, blocked: Container[str], call: Call
) -> Step:
    voted = replace(
        session,
        votes=(*session.votes, cast),
        duration=min(session.duration, cast.duration or session.duration),
    )

    def entry(kind: RecordType, decision: Decision, detail: str = "", comment: str = "") -> Entry:
        trace = PolicyTrace(
            policy_ids=decision.policy_ids,
            required=session.needed.total,
            received=voted.gathered.total,
        )
        return call.entry(kind, detail=detail, comment=comment, trace=trace)

    said = (cast.decision.value, cast.comment)
    entries = (entry(RecordType.VOTED, allowed, *said),)
    if cast.decision is Ballot.DENY:
        ending = Ending.never_granted(
            Status.DENIED,
            by=cast.principal,
            reason=cast.comment or f"denied by {cast.principal}",
            written=bool(cast.comment),
            now=call.now,
        )
        denied = voted.advance(Status.DENIED, ended_at=call.now, ending=ending)
        return Step(denied, (*entries, entry(RecordType.DENIED, allowed, *said)))
    lawful = grant_decision(voted, call.policy, blocked=blocked)
    if not lawful.allowed or voted.held_until_confirmed:
        return Step(voted, entries)
    approved = voted.advance(Status.APPROVED, approved_at=call.now)
    return Step(approved, (*entries, entry(RecordType.APPROVED, lawful)))


def grant_decision(session: Session, policy: CedarPolicy, *, blocked: Container[str]) -> Decision:
    """Whether the votes gathered make the grant lawful under today's policy, for today's requester
    and by those who are approvers today, and are not blocked. `blocked` names whoever is kept from
    the resource, as read just now.

    Asked at the last vote and again before anything is made. Raises NotEligible or NotFound if the
    requester or the resource is no longer listed.
    """
    resource = policy.resource(session.resource)
    if resource is None:
        message = f"{session.resource} is no longer in the catalogue"
        raise NotFound(message, session_id=session.session_id)
    try:
        requester = policy.identities.identify(session.requester)
    except NotEligible as gone:
        raise NotEligible(gone.detail, session_id=session.session_id) from None
    if requester.name != session.requester_name:
        message = f"{session.requester} is no longer {session.requester_name}"
        raise NotEligible(message, session_id=session.session_id)
    eligible = policy.may_request(requester, resource, session.circumstances)
    if not eligible.allowed:
        message = f"no policy lets {requester.name} have {resource.resource_id} any more"
        raise NotEligible(message, session_id=session.session_id, policy_ids=eligible.policy_ids)
    unblocked = (vote for vote in session.votes if vote.name not in blocked)
    standing = approval.gathered(policy.counted(unblocked, session), resource_domain=session.domain)
    return policy.grant(requester, resource, standing, session.circumstances)
