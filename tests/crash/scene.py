"""PAM whole, in memory, every call to the outside of which can be the last; and what must hold of
it at every instant, whatever died.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from cli.trail.chain import faults_of
from pam.aws.role_issuer import RoleIssuer
from pam.domain import deadlines, proofs
from pam.domain.activity import Activity
from pam.domain.errors import IssuerUnavailable, NotYet, Refusal, StaleSession, TryAgain
from pam.domain.ids import session_of_database_user
from pam.domain.kinds import AWS_ROLE, POSTGRES_USER, ROTATED_SECRET, Source
from pam.domain.lifecycle import TRANSITIONS, Status
from pam.domain.links import Link
from pam.domain.notices import Duty
from pam.domain.people import WORKFLOW, Caller
from pam.domain.proofs import Maker
from pam.domain.review import Judgement
from pam.domain.session import Session
from pam.edge.callers import slack_caller
from pam.operations import block_person
from pam.operations.admit_request import Admission, Claim, admit_request
from pam.operations.close_session import close_session
from pam.operations.decide_end import Verdict
from pam.operations.deliver_records import BusyError, deliver_records
from pam.operations.erase_texts import erase_texts
from pam.operations.keep_ends import Kept, keep_ends
from pam.operations.lease_credentials import Lease
from pam.operations.lift_block import lift_block
from pam.operations.open_session import AccessRequest
from pam.operations.record_activity import record_activity
from pam.operations.review_session import ReviewPaper, review_session
from pam.operations.search_targets import Search, search_targets
from pam.policy.cedar import CedarPolicy
from pam.policy.compiled import Identity
from pam.ports.people import Execution
from pam.postgres.secret_issuer import RotatedSecretIssuer
from pam.postgres.user_issuer import PostgresUserIssuer
from tests.fakes.carriage import FakeCarriage
from tests.fakes.dying import Died, Dying, Fuse
from tests.fakes.links import FakeLinks
from tests.fakes.story import COMPILED, HOME, NOON, Story, arn
from tests.fakes.targets import FakeAws, FakeCheckouts, FakeServer, Targets
from tests.fakes.world import FakeNotifier, FakeStore, FakeWorkflow

A_MINUTE = timedelta(minutes=1)
LATE = timedelta(minutes=10)
"""By when whatever is due has been done, if the belts run."""
MOST_TOLD = {"confirmation needed": 9, "still waiting": 8, "ending soon": 1, "review overdue": 1}
LONGEST_STORY = 100
"""Minutes in which something is done."""
PAT = Identity(
    accounts=("000000000000",),
    domain="bank-core",
    groups=("bank-core-engineers", "bank-core-approvers"),
    user="pat",
    person="pat",
)
"""One who may ask and who may approve."""
PEOPLE = replace(COMPILED, identities=(*COMPILED.identities, PAT))
POLICY = CedarPolicy(PEOPLE)
TARGETS = [each.target(account=HOME.account, region=HOME.region) for each in COMPILED.resources]

BECOMES = {
    "Requested": Status.PENDING_APPROVAL,
    "Approved": Status.APPROVED,
    "Denied": Status.DENIED,
    "Activating": Status.ACTIVATING,
    "Activated": Status.ACTIVE,
    "Revoking": Status.REVOKING,
    "Revoked": Status.REVOKED,
    "Expired": Status.EXPIRED,
    "Ended": Status.ENDED,
    "Failed": Status.FAILED,
    "Unanswered": Status.UNANSWERED,
    "Withdrawn": Status.WITHDRAWN,
}
"""What each record says that the session became; the other types leave it as it is."""

REFUSED = (Refusal, NotYet, TryAgain, StaleSession, BusyError)
"""What an operation may answer, besides doing what was asked."""


@dataclass
class Scene(Story):
    """A story whose ports pass a fuse, with the real issuers and the real auditor."""

    policy: CedarPolicy = POLICY
    fuse: Fuse = field(default_factory=Fuse)
    leases: list[Lease] = field(default_factory=list)
    """What people were handed."""
    full: list[Session] = field(default_factory=list)
    """For whose deny a role had no room."""
    undone: dict[str, datetime] = field(default_factory=dict)
    """Whose end a helper undid at the target, and when; until the next belts nobody can know."""
    checked: dict[str, int] = field(default_factory=dict)
    """Up to which record each chain is known to hold."""

    def __post_init__(self) -> None:
        self.real_store = FakeStore()
        self.carriage = FakeCarriage(self.real_store)
        self.real_workflow, self.real_notifier = FakeWorkflow(), FakeNotifier()
        aws, server = FakeAws(self.clock, self.fuse), FakeServer(self.clock, self.fuse)
        self.targets = Targets(aws, server)
        self.checkouts = FakeCheckouts(self._is_closed)
        databases: Any = server
        kept: Any = Dying(self.checkouts, self.fuse)
        self.all_issuers: dict[str, Any] = {
            AWS_ROLE: RoleIssuer(aws.client, self._has_no_room, self.clock),
            POSTGRES_USER: PostgresUserIssuer(server, databases, lambda *_: "no-token"),
            ROTATED_SECRET: RotatedSecretIssuer(server, databases, kept),
        }
        self.places: Any = Dying(self.carriage, self.fuse)
        store: Any = Dying(self.real_store, self.fuse)
        workflow: Any = Dying(self.real_workflow, self.fuse)
        notifier: Any = Dying(self.real_notifier, self.fuse)
        self.store, self.workflow, self.notifier = store, workflow, notifier
        auditor: Any = self
        self.audit_log = auditor

    @property
    def issuers(self) -> Any:
        return self.all_issuers

    def by_slack(self, name: str) -> Caller:
        """Somebody who linked their user of Slack long enough ago."""
        made = Link(
            principal=f"slack:T0BANK/U0{name.upper()}",
            person=name,
            accepted_by=arn(name),
            linked_at=NOON - timedelta(days=1),
            basis="",
        )
        proof = self.keys.mac(Maker.DOOR, proofs.of_link(made))
        links = FakeLinks() if self.links is None else self.links
        assert isinstance(links, FakeLinks)
        links.links[made.principal] = replace(made, proof=proof)
        self.links = links
        return slack_caller(made.principal, "slack-1", self.decides.identities.whose)

    def session(self, session_id: str) -> Session:
        return self.real_store.sessions[session_id]

    def clock(self) -> datetime:
        return self.now

    def _is_closed(self, session_id: str) -> bool:
        return self.session(session_id).closed

    def _has_no_room(self, session: Session) -> None:
        self.full.append(session)

    # What people and the workflow do, beyond what a story has.

    def settle(self, session: Session) -> None:
        """`ports.audit.AuditLog`: the auditor itself, called by the issuer."""
        try:
            delivered = self.deliver(session.session_id)
        except BusyError as busy:
            raise IssuerUnavailable(str(busy)) from busy
        assert delivered >= session.sequence

    def deliver(self, session_id: str) -> int:
        return deliver_records(
            session_id,
            clock=self.clock,
            outbox=self.places,
            sink=self.places,
            archive=self.places,
            policies=self.places,
        )

    def lease(self, session_id: str, who: str | Caller = "alice") -> Lease:
        given = super().lease(session_id, who)
        record = next(
            r for r in self.real_store.records(session_id) if r["lease_id"] == given.lease_id
        )
        assert record["sequence"] in self.carriage.logged[session_id], "its record stands first"
        self.leases.append(given)
        return given

    def use(self, lease: Lease) -> bool:
        """Uses what was handed out, and stays connected where one can."""
        if not self.targets.let_in(lease.credentials, self.now):
            return False
        username = getattr(lease.credentials, "username", "")
        if username:
            self.targets.server.connect_as(lease.lease_id, username)
        return True

    def admit(self, session_id: str) -> Admission:
        """The first state, for a session that is there."""
        arn = self.session(session_id).execution_arn
        return self._admit(
            Execution(arn=arn, started_at=self.now, input="{}", running=True), session_id, _no_claim
        )

    def start(self, execution: Execution, resource: str, *, break_glass: bool = False) -> Admission:
        """The first state, for an execution that a runbook started."""
        wish = AccessRequest(
            resource=resource,
            reason="runbook 7",
            duration=timedelta(minutes=10),
            break_glass=break_glass,
        )
        claim = Claim(session_id=None, requester="alice", request=wish)
        return self._admit(execution, None, lambda: claim)

    def _admit(
        self, execution: Execution, session_id: str | None, claim: Callable[[], Claim]
    ) -> Admission:
        return admit_request(
            execution,
            session_id,
            claim,
            now=self.now,
            store=self.store,
            policy=self.policy,
            notifier=self.notifier,
            signer=self.keys.of(Maker.ADMISSION),
            home=HOME,
        )

    def fail(self, session_id: str) -> Session:
        """The closing state of a workflow that cannot go on."""
        verdict = Verdict(outcome=Status.FAILED, actor=WORKFLOW, reason="the workflow failed: Lost")
        return close_session(
            session_id, verdict, now=self.now, store=self.store, issuers=self.issuers
        )

    def search(self) -> Search:
        found = search_targets(TARGETS, now=self.now, store=self.store, issuers=self.issuers)
        assert found.missing == [], "nobody touched a target but PAM"
        return found

    def keep_ends(self) -> Kept:
        kept = keep_ends(now=self.now, store=self.store, keepers=self.all_issuers)
        assert set(kept.undone) <= self.undone.keys(), "nobody touched a deny but PAM"
        return kept

    def undo_end(self, session_id: str, how: Callable[[str, dict[Any, Any]], None]) -> None:
        """A helper with rights on the role changes whatever stands there against this session:
        `how` is given the role, and its policies by role and name.
        """
        how(self.session(session_id).target.arn.rsplit("/", 1)[-1], self.targets.aws.denies)
        self.undone[session_id] = self.now

    def erase(self, session_id: str) -> Session:
        return erase_texts(
            session_id,
            self.call("sam"),
        )

    def block(
        self,
        session_id: str,
        who: str = "sam",
        *,
        length: timedelta | None = timedelta(hours=1),
        one_resource: bool = False,
    ) -> Session:
        return block_person.block_requester(
            session_id,
            block_person.BlockTerms(
                length=length, one_resource=one_resource, reason="laptop stolen"
            ),
            self.call(who),
            closer=self.closer,
            notifier=self.notifier,
        )

    def lift(self, person: str, who: str = "sam", *, resource: str | None = None) -> None:
        lift_block(
            arn(person),
            resource,
            "found again",
            self.call(who),
        )

    def end_all_blocked(self) -> None:
        block_person.end_all_blocked(
            now=self.now,
            store=self.store,
            policy=self.policy,
            closer=self.closer,
        )

    def review(self, who: str, session_id: str) -> Session:
        return review_session(
            ReviewPaper(session_id=session_id, judgement=Judgement.JUSTIFIED),
            self.call(who),
        )

    def record(self, activity_id: str, session_id: str) -> None:
        """An act of this session that CloudTrail tells; or of none, which is a finding."""
        known = self.real_store.sessions.get(session_id)
        activity = Activity(
            source=Source.CLOUDTRAIL,
            activity_id=activity_id,
            at=NOON,
            place=known.target.arn if known else "arn:aws:iam::111122223333:role/unknown",
            session_id=session_id,
            what="s3:DeleteBucket",
            principal="arn:aws:sts::111122223333:assumed-role/role/alice",
        )
        record_activity(
            activity,
            clock=self.clock,
            store=self.store,
            resources={},
            policy_version=self.policy.version,
        )

    # The belts.

    def tick(self, **length: float) -> None:
        """A minute later, and whatever runs every minute."""
        self.later(**(length or {"minutes": 1}))
        self.run_belts()
        self.check_belts()

    def run_belts(self) -> None:
        due = [
            (session.session_id, deadlines.duties_due(session, self.now))
            for session in self.store.due(self.now, 200)
        ]
        for session_id, duties in due:
            with suppress(NotYet, IssuerUnavailable, StaleSession):
                if Duty.END in duties:
                    self.sweep(session_id)
        for session_id, duties in due:
            if duties - {Duty.END}:
                self.tell(session_id)
        with suppress(StaleSession):
            self.end_all_blocked()
        self.keep_ends()
        for session_id, trail in self.real_store.trails.items():
            if self.carriage.marks.get(session_id) != len(trail):
                with suppress(BusyError):
                    self.deliver(session_id)

    def run_to_the_end(self) -> None:
        """Until nothing is due any more. Minutes in which nothing would be done are left out."""
        for _ in range(LONGEST_STORY):
            due = map(deadlines.due_at, self.real_store.sessions.values())
            idle = max(0, (min(filter(None, due), default=self.now) - self.now) // A_MINUTE)
            self.tick(minutes=idle + 1)
            self.check()
            if self.at_rest:
                break
        # What was written because a role was full stays until the last lease would be over.
        self.later(minutes=32)
        self.search()
        # What the search found is on record, and that record is delivered like any other.
        self.run_belts()
        self.check_over()

    @property
    def at_rest(self) -> bool:
        return all(deadlines.due_at(each) is None for each in self.real_store.sessions.values())

    # What must hold.

    def check(self) -> None:
        """At every instant."""
        for session in self.real_store.sessions.values():
            self._check_trail(session)
            deadline = deadlines.deadline(session)
            overdue = deadline is not None and self.now >= deadline + LATE
            assert not overdue, f"{session.status} since {deadline}, and nobody looks"
            if session.circumstances.break_glass and session.activating_at is not None:
                assert session.session_id in self.real_notifier.alarmed, "nobody heard of it"
        for lease in self.leases:
            self._check_lease(lease)
        self._check_keys()
        self._check_told()
        self._check_activities()

    def check_belts(self) -> None:
        """After the belts: whoever is blocked has nothing open, and whoever is to be told was."""
        for session in self.real_store.sessions.values():
            waiting = [at for duty, at in deadlines.duties(session).items() if duty is not Duty.END]
            assert self.now < min(waiting, default=self.now) + LATE, "nobody tells"
        for session_id in list(self.undone):
            # What was written within the last seconds is not looked at yet.
            if self.undone[session_id] + A_MINUTE <= self.now:
                del self.undone[session_id]
        for block in self.real_store.blocklist().blocks:
            for session in self.real_store.sessions.values():
                theirs = session.requester_name == block.person and block.covers(session.resource)
                if theirs and block.stands(self.now):
                    over = session.closed or session.status is Status.REVOKING
                    assert over, f"{session.status}, and {block.in_words()}"

    def _check_told(self) -> None:
        """Each notice at most once for each time that it is due, and once more for each crash; and
        none is noted that was not sent.
        """
        about = {session_id for _, session_id in self.real_notifier.told}
        for session_id, session in self.real_store.sessions.items():
            assert session.noticed_at is None or session_id in about, "noted, and not sent"
        for (what, session_id), times in Counter(self.real_notifier.told).items():
            session = self.session(session_id)
            assert times <= MOST_TOLD[what] + self.fuse.blown, f"{what}, for ever"
            if what == "review overdue":
                assert session.review is not None
                assert self.now >= session.review.due_at, "before its time"

    def _check_activities(self) -> None:
        told = [
            record["request_id"]
            for trail in (*self.real_store.trails.values(), self.real_store.findings)
            for record in trail
            if record["type"] == "Activity" and record["request_id"]
        ]
        done = [
            each
            for each in self.real_store.done
            if not each.startswith(("unproven/", "stranger/", "orphan/"))
        ]
        assert sorted(told) == sorted(done), "once each, or not remembered"

    def _check_trail(self, session: Session) -> None:
        trail = self.real_store.trails[session.session_id]
        if self.checked.get(session.session_id) == len(trail):
            return
        assert faults_of(trail, session_id=session.session_id) == []
        assert (session.sequence, session.last_hash) == (len(trail), trail[-1]["hash"])
        steps = [BECOMES[each["type"]] for each in trail if each["type"] in BECOMES]
        assert steps[0] is Status.PENDING_APPROVAL
        assert steps[-1] is session.status, "a step without its record, or the other way round"
        kinds = [each["type"] for each in trail]
        if "Revoking" in kinds:
            assert "Leased" not in kinds[kinds.index("Revoking") :], "a lease after the end"
        for before, after in pairwise(steps):
            assert after in TRANSITIONS[before]
        looks = session.review.given if session.review else ()
        assert kinds.count("Reviewed") == len(looks) == len({look.name for look in looks})
        escalated = session.review is not None and session.review.escalated_at is not None
        assert kinds.count("ReviewOverdue") == escalated
        self.checked[session.session_id] = len(trail)

    def _check_lease(self, lease: Lease) -> None:
        session = self.session(lease.session.session_id)
        assert session.expires_at is not None, "a lease of a session that never began"
        usable = self.targets.let_in(lease.credentials, self.now)
        if session.closed:
            undone = session.session_id in self.undone
            assert not usable or undone, f"{session.status}, and its credentials still work"
            assert not self._connected(lease), f"{session.status}, and still connected"
            return
        assert session.status in {Status.ACTIVE, Status.REVOKING}
        if self._ends_by_itself(session):
            assert not self.targets.let_in(lease.credentials, session.expires_at)
            assert not usable or self.now < session.expires_at
        if self.now >= session.expires_at + LATE:
            assert not usable
            assert not self._connected(lease)

    def _connected(self, lease: Lease) -> bool:
        return any(who == lease.lease_id for _, who in self.targets.server.connections)

    @staticmethod
    def _ends_by_itself(session: Session) -> bool:
        return session.target.kind != ROTATED_SECRET

    def _check_keys(self) -> None:
        """Of the credentials that nobody was handed, too."""
        for access_key, key in self.targets.aws.keys.items():
            if not self.targets.aws.lets_in(access_key, self.now):
                continue
            session = self.session(key.session_id)
            assert session.expires_at is not None
            assert self.now < session.expires_at
            assert not self.targets.aws.lets_in(access_key, session.expires_at)

    def check_over(self) -> None:
        """When all is over: nothing is left anywhere, and every record is where it belongs."""
        assert self.at_rest
        assert all(each.closed for each in self.real_store.sessions.values())
        assert self.targets.aws.denies == {}
        server = self.targets.server
        left = [name for name in server.users if session_of_database_user(name) is not None]
        assert left == []
        assert server.connections == []
        for session_id, session in self.real_store.sessions.items():
            if session.review is not None and session.review.open:
                assert ("review overdue", session_id) in self.real_notifier.told, "nobody was told"
        for what, holder in self.checkouts.held.items():
            assert self.checkouts.take(what, "the next one"), f"{holder} keeps it for ever"
        for session_id, trail in self.real_store.trails.items():
            numbers = [record["sequence"] for record in trail]
            assert sorted(set(self.carriage.logged[session_id])) == numbers
            assert sorted(set(self.carriage.archived[session_id])) == numbers
            for record in trail:
                assert self.carriage.published[record["event_id"]] >= 1
                assert self.carriage.unsealed[record["event_id"]] == 1, "sealed once"


def _no_claim() -> Claim:
    message = "the API has opened the session already"
    raise AssertionError(message)


def survives(act: Callable[[], object]) -> bool:
    """Whether it came to its end, be it with a refusal."""
    try:
        with suppress(*REFUSED):
            act()
    except Died:
        return False
    return True
