"""Votes as records tell them: each judged when it was cast, all of them when there is access."""

from dataclasses import replace
from datetime import datetime

from cli.trail.life_so_far import Life, person_of, refuse, way_in
from pam.domain import approval, deadlines, timestamps
from pam.domain.approval import Ballot, Casting, Vote, by_slack
from pam.domain.audit_record import VOTE_STRUCK, Record, RecordType
from pam.domain.lifecycle import Status
from pam.domain.people import Person
from pam.domain.session import Session
from pam.policy.cedar import CedarPolicy


def vote(life: Life, record: Record, policy: CedarPolicy) -> None:
    session, voter = life.session, person_of(record, policy)
    if session.status is not Status.PENDING_APPROVAL:
        refuse(f"the session is {session.status}, and there is nothing to vote on")
    if any(earlier.name == voter.name for earlier in session.votes):
        refuse(f"{voter.name} has voted already")
    at = timestamps.parse(record["at"])
    if at > session.approval_expires_at:
        refuse("the time to vote was over")
    said = record["detail"].partition(":")[0]
    if said not in set(Ballot):
        refuse("it says neither approve nor deny")
    _check_link_votes(voter, at, policy)
    surface, auth = way_in(record)
    cast = Vote(
        name=voter.name,
        principal=record["actor"]["principal"],
        domain=voter.domain,
        decision=Ballot(said),
        comment="",
        at=at,
        surface=surface,
        auth=auth,
    )
    casting = Casting(
        ballot=cast.decision,
        surface=surface,
        auth=auth,
        slack_approvals=by_slack(session.votes),
    )
    if not policy.may_vote(voter, session, casting).allowed:
        refuse(f"no policy lets {voter.name} vote on it")
    life.session = replace(session, votes=(*session.votes, cast))
    if cast.decision is Ballot.DENY:
        life.denied_by = cast.principal


def _check_link_votes(voter: Person, at: datetime, policy: CedarPolicy) -> None:
    link = policy.identities.whose(voter.principal).link
    if link is not None and at < link.votes_from:
        refuse(f"{voter.principal} was linked just before")


def grant(life: Life, record: Record, policy: CedarPolicy) -> None:
    """Approved and Activating: the votes so far must make the grant lawful, each time."""
    if life.session.held_until_confirmed:
        refuse("the person in whose name it is has not confirmed it")
    if record["type"] == RecordType.ACTIVATING:
        if life.session.circumstances.break_glass and not life.alerted:
            refuse("break-glass without its alert: no BreakGlass stands before it")
        if timestamps.parse(record["at"]) > deadlines.made_before(life.session):
            refuse("its approvals are from another time")
    if not _lawful(life.session, policy):
        refuse(f"{len(life.session.approvers)} approval(s) do not make this grant lawful")


def _lawful(session: Session, policy: CedarPolicy) -> bool:
    """Whether those who voted and are approvers in this policy set are enough for it."""
    resource = policy.resource(session.resource)
    requester = policy.identities.identify(session.requester)
    if resource is None:
        return False
    asked = session.circumstances
    if not policy.may_request(requester, resource, asked).allowed:
        return False
    standing = policy.counted(session.votes, session)
    gathered = approval.gathered(standing, resource_domain=session.domain)
    return policy.grant(requester, resource, gathered, asked).allowed


def deny(life: Life, record: Record) -> None:
    if life.denied_by != record["actor"]["principal"]:
        refuse("this principal's vote did not deny it")


def strike(life: Life, record: Record) -> None:
    """A vote that nobody vouches for counts no more; the record names the approvers who do."""
    if not record["detail"].startswith(VOTE_STRUCK):
        return
    named, votes = set(record["approvers"]), life.session.votes
    standing = (v for v in votes if v.decision is not Ballot.APPROVE or v.principal in named)
    life.session = replace(life.session, votes=tuple(standing))
