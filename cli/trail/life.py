"""The life of one session as its records tell it, each step judged by what came before it.

Whether a step may follow is the one table of transitions; whether somebody may take it is asked of
the policy set that the step's own record names. Each function refuses with a sentence, as a Refusal
or an IllegalTransition.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NoReturn

from pam.domain import approval, deadlines, timestamps
from pam.domain.approval import ApprovalsNeeded, Ballot, Casting, Vote, by_slack
from pam.domain.audit_record import ACTIVE_UNTIL, VOTE_STRUCK, Record, RecordType
from pam.domain.circumstances import Circumstances
from pam.domain.errors import NotEligible
from pam.domain.lifecycle import AWAITING, Status
from pam.domain.people import ActorKind, Auth, Person, Surface
from pam.domain.resource import Environment, Resource, Target
from pam.domain.review import Judgement, LookBack
from pam.domain.session import Confirmation, Session
from pam.policy.cedar import Action, CedarPolicy

_ROUNDED_UP = timedelta(seconds=1)
"""A window begins with the whole second after its activation."""
_LONGEST_CALL = timedelta(minutes=15)
"""AWS lets no function run for longer, and each of its records has the time at which it began."""

REACHES: Mapping[str, Status] = {
    RecordType.REQUESTED: Status.PENDING_APPROVAL,
    RecordType.APPROVED: Status.APPROVED,
    RecordType.DENIED: Status.DENIED,
    RecordType.ACTIVATING: Status.ACTIVATING,
    RecordType.ACTIVATED: Status.ACTIVE,
    RecordType.REVOKING: Status.REVOKING,
    RecordType.REVOKED: Status.REVOKED,
    RecordType.EXPIRED: Status.EXPIRED,
    RecordType.ENDED: Status.ENDED,
    RecordType.FAILED: Status.FAILED,
    RecordType.UNANSWERED: Status.UNANSWERED,
    RecordType.WITHDRAWN: Status.WITHDRAWN,
}
"""The status that a record of this type takes its session to; other types leave it as it is."""
OF_A_SESSION = frozenset(REACHES) | {
    RecordType.VOTED,
    RecordType.CONFIRMED,
    RecordType.LEASED,
    RecordType.BREAK_GLASS,
    RecordType.REVIEWED,
    RecordType.ERASED,
}
"""Types that stand in a session, and nowhere else."""
_CONSTANT = ("requester", "resource", "environment", "domain", "break_glass", "target", "ticket")
"""What a session is about: the same in every record of it."""


@dataclass(slots=True, kw_only=True)
class Life:
    """A session as far as its records have told."""

    session: Session
    facts: Record
    latest: datetime
    """The latest time that any of its records has."""
    alerted: bool = False
    denied_by: str = ""


def begin(record: Record, policy: CedarPolicy) -> Life:
    """The session that this person may ask for."""
    if record["type"] != RecordType.REQUESTED:
        refuse("a session begins with Requested")
    if record["approvers"]:
        refuse("it names an approver who has not approved")
    resource = policy.resource(record["resource"])
    if resource is None:
        refuse("the policy set has no such resource")
    target = _target(record, resource)
    requester = policy.identities.identify(record["requester"])
    circumstances = _circumstances(record)
    if not policy.may_request(requester, resource, circumstances).allowed:
        refuse("no policy lets this requester ask for it")
    claimed = record["actor"]["kind"] == ActorKind.RUNBOOK
    if not claimed:
        asked = _person(record, policy)
        if asked.name != requester.name:
            refuse(f"{asked.name} asked in the name of {requester.name}")
    asked_at = timestamps.parse(record["at"])
    session = Session(
        session_id=record["session_id"],
        status=Status.PENDING_APPROVAL,
        requester=record["requester"],
        requester_name=requester.name,
        requester_domain=requester.domain,
        resource=resource.resource_id,
        environment=Environment(record["environment"]),
        domain=record["domain"],
        target=target,
        reason="",
        circumstances=circumstances,
        asked_duration=resource.max_duration,
        duration=resource.max_duration,
        needed=ApprovalsNeeded(total=0, domain=0),
        created_at=asked_at,
        approval_expires_at=asked_at + resource.approval_window,
        execution_arn="",
    )
    if not session.held_until_confirmed:
        review = policy.review_for(resource, circumstances, now=asked_at)
        session = replace(session, review=review)
    return Life(session=session, facts=record, latest=asked_at)


def go_on(life: Life, record: Record, policy: Callable[[], CedarPolicy]) -> None:
    """The session one record further on. `policy` gives the set that the record names."""
    _check_facts(life, record)
    if record["type"] in _DECIDED_BY_POLICY:
        _DECIDED_BY_POLICY[record["type"]](life, record, policy())
    elif record["type"] in _SHOWN_BY_THE_REST:
        _SHOWN_BY_THE_REST[record["type"]](life, record)
    reached = REACHES.get(record["type"])
    if reached is not None:
        life.session = life.session.advance(reached)


def stand_alone(record: Record) -> None:
    if record["type"] in OF_A_SESSION:
        refuse("it belongs to a session, and stands in none")


def refuse(why: str) -> NoReturn:
    raise NotEligible(why)


def _target(record: Record, resource: Resource) -> Target:
    """Votes for one resource must not open another."""
    told = record["target"] or {}
    account, region = (str(told.get(name, "")) for name in ("account", "region"))
    meant = resource.target(account=account, region=region)
    if (record["environment"], record["domain"]) != (resource.environment, resource.domain):
        refuse("its environment or domain is not that of the resource")
    if dict(told) != dict(meant.names):
        refuse("its target is not that of the resource")
    return Target(kind=meant.kind, names=meant.names)


def _circumstances(record: Record) -> Circumstances:
    """From the record of the request: its own actor tells how it came in."""
    surface, auth = _way_in(record)
    try:
        return Circumstances(
            surface=surface,
            auth=auth if record["actor"]["kind"] == ActorKind.PERSON else None,
            break_glass=record["break_glass"],
            ticket=record["ticket"],
            signals={str(k): str(v) for k, v in record["decision"].get("signals", {}).items()},
        )
    except (AttributeError, LookupError, TypeError, ValueError):
        refuse("it does not say how it was asked for")


def _way_in(record: Record) -> tuple[Surface, Auth]:
    """Records of before there was more than one way for a person do not tell."""
    actor = record["actor"]
    usual = Surface.API if actor["kind"] == ActorKind.PERSON else Surface.RUNBOOK
    try:
        return Surface(actor.get("surface") or usual), Auth(actor.get("auth") or Auth.SIGV4)
    except ValueError:
        refuse("it does not say which way it came in")


def _check_facts(life: Life, record: Record) -> None:
    for name in _CONSTANT:
        if record[name] != life.facts[name]:
            refuse(f"another {name.replace('_', '-')} than was asked for")
    approved = set(life.session.approvers)
    if record["type"] == RecordType.VOTED:
        approved.add(record["actor"]["principal"])
    if not set(record["approvers"]) <= approved:
        refuse("it names an approver who has not approved")
    at = timestamps.parse(record["at"])
    if at < life.latest - _LONGEST_CALL:
        refuse("it is dated before what stands before it")
    life.latest = max(at, life.latest)
    if life.denied_by and life.session.status in AWAITING and record["type"] != RecordType.DENIED:
        refuse("one denial ends a session, and Denied should stand here")


def _strike(life: Life, record: Record) -> None:
    """A vote that nobody vouches for counts no more; the record names the approvers who do."""
    if not record["detail"].startswith(VOTE_STRUCK):
        return
    named, votes = set(record["approvers"]), life.session.votes
    standing = (v for v in votes if v.decision is not Ballot.APPROVE or v.principal in named)
    life.session = replace(life.session, votes=tuple(standing))


def _vote(life: Life, record: Record, policy: CedarPolicy) -> None:
    session, voter = life.session, _person(record, policy)
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
    surface, auth = _way_in(record)
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


def _confirm(life: Life, record: Record, policy: CedarPolicy) -> None:
    """What an emergency owes begins here, as in `confirm_session`."""
    session, at = life.session, timestamps.parse(record["at"])
    if not session.unconfirmed or session.status is Status.REVOKING:
        refuse("nothing waits to be confirmed")
    if session.status is Status.PENDING_APPROVAL and at > session.approval_expires_at:
        refuse("the time to confirm was over")
    person = _signer(record, policy)
    if not policy.may(Action.CONFIRM, person, session).allowed:
        refuse(f"it was not asked for in the name of {person.name}")
    resource = policy.resource(session.resource)
    if session.held_until_confirmed and resource is not None:
        review = policy.review_for(resource, session.circumstances, now=at)
        session = replace(session, review=review)
    word = Confirmation(principal=record["actor"]["principal"], at=at)
    life.session = replace(session, confirmation=word)


def _grant(life: Life, record: Record, policy: CedarPolicy) -> None:
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


def _lease(life: Life, record: Record, policy: CedarPolicy) -> None:
    session = life.session
    if session.standing:
        refuse("credentials were handed out of a kind that has none")
    if session.status is not Status.ACTIVE or session.expires_at is None:
        refuse(f"credentials were handed out while the session was {session.status}")
    if timestamps.parse(record["at"]) >= session.expires_at:
        refuse("credentials were handed out after the session's time")
    if session.unconfirmed:
        refuse("credentials were handed out in a name that nobody had confirmed")
    if not policy.may(Action.LEASE, _signer(record, policy), session).allowed:
        refuse("credentials were handed out to somebody who may not have them")


def _review(life: Life, record: Record, policy: CedarPolicy) -> None:
    session, reviewer = life.session, _signer(record, policy)
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


def _erase(life: Life, record: Record, policy: CedarPolicy) -> None:
    session, eraser = life.session, _signer(record, policy)
    if not session.closed:
        refuse(f"texts were erased while the session was {session.status}")
    if session.review is not None and session.review.open:
        refuse("texts were erased before the review was finished")
    if not policy.may(Action.ERASE, eraser, session).allowed:
        refuse(f"no policy lets {eraser.name} erase its texts")


def _activate(life: Life, record: Record) -> None:
    at = timestamps.parse(record["at"])
    latest = at + life.session.duration + _ROUNDED_UP
    said = record["detail"].removeprefix(ACTIVE_UNTIL)
    ends = _parsed(said) if said != record["detail"] else latest
    if ends > latest:
        refuse("it lasts longer than the policy set allows for the resource")
    life.session = replace(life.session, activated_at=at, expires_at=ends)


def _parsed(text: str) -> datetime:
    try:
        return timestamps.parse(text)
    except ValueError:
        refuse("it does not say until when it lasts")


def _alert(life: Life, record: Record) -> None:
    del record
    if not life.session.circumstances.break_glass:
        refuse("it is no break-glass session")
    if life.session.held_until_confirmed:
        refuse("the person in whose name it is has not confirmed it")
    life.alerted = True


def _deny(life: Life, record: Record) -> None:
    if life.denied_by != record["actor"]["principal"]:
        refuse("this principal's vote did not deny it")


def _person(record: Record, policy: CedarPolicy) -> Person:
    """Who acted: never one whom the policy set lists as nobody."""
    if record["actor"]["kind"] != ActorKind.PERSON:
        refuse("no person did it")
    return policy.identities.identify(record["actor"]["principal"])


def _signer(record: Record, policy: CedarPolicy) -> Person:
    """The same, of what is never done by Slack."""
    if _way_in(record)[1] is Auth.SLACK:
        refuse("it was done by Slack")
    return _person(record, policy)


_DECIDED_BY_POLICY: Mapping[str, Callable[[Life, Record, CedarPolicy], None]] = {
    RecordType.VOTED: _vote,
    RecordType.CONFIRMED: _confirm,
    RecordType.APPROVED: _grant,
    RecordType.ACTIVATING: _grant,
    RecordType.LEASED: _lease,
    RecordType.REVIEWED: _review,
    RecordType.ERASED: _erase,
}
_SHOWN_BY_THE_REST: Mapping[str, Callable[[Life, Record], None]] = {
    RecordType.ACTIVATED: _activate,
    RecordType.BREAK_GLASS: _alert,
    RecordType.DENIED: _deny,
    RecordType.DRIFT: _strike,
}
