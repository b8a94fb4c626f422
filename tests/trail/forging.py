"""A day of PAM as it is, and what somebody could write into its log who has its rights."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from cli.trail.check import Trusted, check_trail
from pam.domain import new_records, timestamps
from pam.domain.approval import Ballot, Vote
from pam.domain.audit_record import Entry, RecordType
from pam.domain.people import WORKFLOW, Actor, ActorKind
from pam.domain.resource import Environment
from pam.domain.review import Judgement
from pam.domain.session import Session
from pam.ids import new_id
from pam.operations.end_due import end_due
from pam.operations.erase_texts import erase_texts
from pam.operations.review_session import ReviewPaper, review_session
from tests.fakes.log import Log
from tests.fakes.story import KYC, LEDGER, PLAIN, POLICY, SANDBOX, UAT, arn
from tests.trail.conftest import exported


def entry(kind: RecordType, who: str | Actor = WORKFLOW, detail: str = "", **more: Any) -> Entry:
    actor = who if isinstance(who, Actor) else Actor(principal=arn(who), kind=ActorKind.PERSON)
    told = {"policy_version": POLICY.version} | more
    return Entry(type=kind, actor=actor, detail=detail, **told)


def voted(who: str, decision: str = "approve") -> Entry:
    return entry(RecordType.VOTED, who, decision)


def reviewed(who: str, finding: str = "justified") -> Entry:
    return entry(RecordType.REVIEWED, who, finding)


ACTIVATING, ACTIVATED = entry(RecordType.ACTIVATING), entry(RecordType.ACTIVATED)
APPROVED, LEASED = (
    entry(RecordType.APPROVED, "bob"),
    entry(RecordType.LEASED, "alice", lease_id="L"),
)


def a_whole_day(log: Log) -> None:
    story = log.story
    used = story.granted()
    story.lease(used.session_id)
    story.lease(used.session_id)
    story.revoke(used.session_id)
    log.story.store.sessions[used.session_id] = used.without_texts()
    dev = story.request(resource=SANDBOX)
    story.activate(dev.session_id)
    story.end(dev.session_id)
    denied = story.request()
    story.vote("bob", denied.session_id)
    story.vote("carol", denied.session_id, Ballot.DENY, comment="not today")
    story.end(story.request().session_id)
    across = story.request(resource=KYC)
    for approver in ("bob", "carol", "kate"):
        story.vote(approver, across.session_id)
    story.activate(across.session_id)
    emergencies(log)
    in_a_name = story.by_runbook("dave").session_id
    story.activate(in_a_name)
    story.lease(in_a_name, who="dave")
    unanswered = story.request(who="dave")
    expired = story.granted(who="dave", seconds=60)
    story.lease(expired.session_id, who="dave")
    for session, hours in ((expired, 1), (unanswered, 4)):
        story.later(hours=hours)
        end_due(session.session_id, now=story.now, store=story.store, issuers=story.issuers)


def emergencies(log: Log) -> None:
    """One that is asked for in person, and one that its person confirms. Texts go in the end."""
    story = log.story
    asked_for = story.request(break_glass=True).session_id
    confirmed = story.by_runbook("dave", UAT, break_glass=True).session_id
    story.confirm(confirmed, "dave")
    for session_id, who in ((asked_for, "alice"), (confirmed, "dave")):
        story.activate(session_id)
        story.end(session_id, who)
        for reviewer in ("bob", "carol"):
            review_session(
                ReviewPaper(session_id=session_id, judgement=Judgement.JUSTIFIED),
                story.call(reviewer),
            )
        erase_texts(session_id, story.call("sam"))


EMERGENCY = replace(PLAIN, break_glass=True)
Forgery = Callable[[Log], Session]


def asked(log: Log, *entries: Entry, **facts: Any) -> Session:
    """A request for the ledger, and what somebody wrote behind it."""
    resource = facts.pop("ask_for", LEDGER)
    emergency = facts.pop("emergency", False)
    session = log.story.request(resource=resource, break_glass=emergency)
    for each in entries:
        log.forge(session.session_id, each, **facts)
    return session


def granted(log: Log, *entries: Entry, **facts: Any) -> Session:
    session = log.story.granted()
    for each in entries:
        log.forge(session.session_id, each, **facts)
    return session


def begun(log: Log, *kinds: Entry, **facts: Any) -> Session:
    """A session that never was asked for through PAM: its chain is made from nothing."""
    real = log.story.request()
    del log.story.store.sessions[real.session_id], log.story.store.trails[real.session_id]
    made = replace(real, sequence=0, last_hash="", **facts)
    after, records = new_records.chain(made, kinds, now=log.story.now, new_id=new_id)
    log.story.store.create(after, records, None)
    return after


def by(name: str) -> Vote:
    return Vote(
        name=name,
        principal=arn(name),
        domain="bank-core",
        decision=Ballot.APPROVE,
        comment="",
        at=Log().story.now,
    )


def overtime(log: Log) -> Session:
    session = log.story.granted(seconds=60)
    log.story.later(seconds=62)
    log.forge(session.session_id, LEASED)
    return session


def a_day_later(log: Log, *entries: Entry) -> Session:
    """An approved request that somebody takes up again."""
    session = log.story.request()
    for approver in ("bob", "carol"):
        log.story.vote(approver, session.session_id)
    log.story.later(hours=24)
    for each in entries:
        log.forge(session.session_id, each)
    return session


def a_day_before(log: Log, *entries: Entry) -> Session:
    session = log.story.request()
    log.story.later(hours=-24)
    for each in entries:
        log.forge(session.session_id, each)
    log.story.later(hours=24)
    return session


def too_late(log: Log) -> Session:
    session = log.story.request()
    log.story.later(hours=4, seconds=1)
    log.forge(session.session_id, voted("bob"))
    return session


def reviewed_by(log: Log, *names: str, emergency: bool = True) -> Session:
    session = log.story.request(break_glass=True) if emergency else log.story.granted()
    if emergency:
        log.story.activate(session.session_id)
    for name in names:
        log.forge(session.session_id, reviewed(name))
    return session


def in_a_name(log: Log, *entries: Entry, emergency: bool = True, hours: int = 0) -> Session:
    """What a runbook asked for in alice's name, and what somebody wrote behind it."""
    admission = log.story.by_runbook("alice", break_glass=emergency)
    if not emergency:
        log.story.activate(admission.session_id)
    log.story.later(hours=hours)
    for each in entries:
        log.forge(admission.session_id, each)
    return log.story.store.sessions[admission.session_id]


def across(log: Log, *entries: Entry) -> Session:
    """An emergency of alice's in the other domain, which kate let happen, is over."""
    session = log.story.request(resource=KYC, break_glass=True)
    log.story.vote("kate", session.session_id)
    log.story.activate(session.session_id)
    log.story.end(session.session_id)
    for each in entries:
        log.forge(session.session_id, each)
    return session


def without_alert(log: Log) -> Session:
    return begun(
        log,
        entry(RecordType.REQUESTED, "alice"),
        entry(RecordType.APPROVED, "alice"),
        ACTIVATING,
        circumstances=EMERGENCY,
    )


def until_tomorrow(log: Log) -> Session:
    ends = timestamps.render(log.story.now + timedelta(hours=5))
    return asked(
        log,
        voted("bob"),
        voted("carol"),
        APPROVED,
        ACTIVATING,
        entry(RecordType.ACTIVATED, detail=f"until {ends}"),
    )


def other_target(log: Log) -> Session:
    real = log.story.request(resource=SANDBOX)
    arn = real.target.arn.replace("sandbox", "ledger")
    role = replace(real.target, names={**real.target.names, "arn": arn})
    requested = entry(RecordType.REQUESTED, "alice")
    facts = {"resource": SANDBOX, "environment": Environment.DEV, "target": role}
    return begun(log, requested, entry(RecordType.APPROVED, "alice"), **facts)


def struck(log: Log) -> Session:
    """Bob's vote was put there by somebody else: access goes by kate's, and he may look back."""
    story = log.story
    session_id = story.request(resource=KYC, break_glass=True).session_id
    for approver in ("bob", "kate"):
        story.vote(approver, session_id)
    stored = story.store.sessions[session_id]
    forged, other = stored.votes
    story.store.sessions[session_id] = replace(stored, votes=(replace(forged, proof=""), other))
    story.activate(session_id)
    story.lease(session_id)
    finding = ReviewPaper(session_id=session_id, judgement=Judgement.UNJUSTIFIED)
    return review_session(finding, story.call("bob"))


def in_name_of(log: Log) -> Session:
    return begun(log, entry(RecordType.REQUESTED, "dave"))


def verified(log: Log, folder: Path) -> int:
    log.carry()
    log.seal()
    return check_trail(exported(log, folder), Trusted()).sessions
