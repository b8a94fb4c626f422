"""Whatever people, the clock, the workflow and chance do, in whatever order: nobody has access but
by the rules of `docs/interface.md`, which are written here once more, apart from the policies.
"""

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from pam.domain import deadlines
from pam.domain.approval import Ballot
from pam.domain.block import EVERYTHING
from pam.domain.errors import Blocked, Conflict, IssuerUnavailable, LimitReached
from pam.domain.lifecycle import CLOSED, Status
from pam.domain.session import Session
from pam.operations.admit_request import NextState
from pam.operations.lease_credentials import Lease
from tests.crash.scene import REFUSED, Scene
from tests.fakes.dying import Died
from tests.fakes.story import KYC, KYC_SANDBOX, LEDGER, SANDBOX, UAT

AT_LEAST = 10_000
ALL_STEPS = 6
"""From a request to a lease."""
FEWEST_ENDS = 24
"""Sessions that came to each of the ends; the examples are the same each time."""
SETTINGS = settings(
    max_examples=1000,
    stateful_step_count=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)

DOMAIN = {
    "alice": "bank-core",
    "dave": "bank-core",
    "pat": "bank-core",
    "bob": "bank-core",
    "carol": "bank-core",
    "erin": "bank-core",
    "kim": "bank-kyc",
    "kate": "bank-kyc",
    "kurt": "bank-kyc",
    "sam": "platform",
    "ada": "audit",
}
ENGINEERS = {"alice", "dave", "kim", "pat"}
APPROVERS = {"bob", "carol", "erin", "kate", "kurt", "pat"}
OPERATORS = {"sam"}
STRANGER = "mallory"
PEOPLE = [*DOMAIN, STRANGER]
CORE, DATABASE, REPORTS = "bank-core", "core-ledger-db", "core-reporting-db"
RESOURCES = {
    LEDGER: ("prod", CORE),
    UAT: ("uat", CORE),
    SANDBOX: ("dev", CORE),
    KYC: ("prod", "bank-kyc"),
    KYC_SANDBOX: ("dev", "bank-kyc"),
    DATABASE: ("prod", CORE),
    REPORTS: ("uat", CORE),
}
FOR_GOOD = datetime.max.replace(tzinfo=UTC)
APPROVALS = {"prod": 2, "uat": 1, "dev": 0}

STEPS: Counter[str] = Counter()
"""By how they went."""
ENDS: Counter[str] = Counter()

BEHIND: dict[str, Callable[[Scene, str], object]] = {
    "tell": Scene.tell,
    "deliver": Scene.deliver,
    "record": lambda scene, session_id: scene.record(f"event of {session_id}", session_id),
}

people = st.sampled_from(PEOPLE)
askers = st.sampled_from([*sorted(ENGINEERS) * 6, *PEOPLE])
voters = st.sampled_from([*sorted(APPROVERS), *sorted(APPROVERS), *PEOPLE])
operators = st.sampled_from(["sam"] * 4 + ["ada", "bob", STRANGER])
sometimes = st.sampled_from([False, False, False, True])
deaths = st.one_of(st.none(), st.tuples(st.integers(1, 14), st.booleans()))


@dataclass
class Case:
    """What the rules say of one session."""

    requester: str
    resource: str
    break_glass: bool
    window: timedelta
    asked_at: datetime
    votes: dict[str, Ballot] = field(default_factory=dict)
    admitted: bool = False
    began: datetime | None = None
    over: bool = False
    leased: int = 0
    looks: set[str] = field(default_factory=set)

    @property
    def across(self) -> bool:
        return DOMAIN[self.requester] != RESOURCES[self.resource][1]

    @property
    def denied(self) -> bool:
        return Ballot.DENY in self.votes.values()

    @property
    def lawful(self) -> bool:
        """Prod two, uat one, dev none; across domains one more, and one of the resource's domain.
        An emergency lifts the count.
        """
        environment, domain = RESOURCES[self.resource]
        approving = [who for who, ballot in self.votes.items() if ballot is Ballot.APPROVE]
        needed = 0 if self.break_glass else APPROVALS[environment] + self.across
        gate = not self.across or any(DOMAIN[who] == domain for who in approving)
        return not self.denied and gate and len(approving) >= needed

    def decides(self, who: str) -> bool:
        """Whether who is one of those whose word counts, now or afterwards."""
        if who not in APPROVERS or who == self.requester:
            return False
        return DOMAIN[who] in {RESOURCES[self.resource][1], DOMAIN[self.requester]}

    def may_look_back(self, who: str) -> bool:
        owed = self.break_glass and RESOURCES[self.resource][0] != "dev"
        seen = self.began is not None or self.over
        return owed and seen and self.decides(who) and who not in self.looks and len(self.looks) < 2

    def completes(self, who: str, ballot: Ballot) -> bool:
        """Whether with this vote it is granted."""
        return replace(self, votes={**self.votes, who: ballot}).lawful

    def may_vote(self, who: str, now: datetime) -> bool:
        if not self.decides(who) or who in self.votes:
            return False
        waiting = not self.lawful and not self.denied and not self.over
        return waiting and now < self.asked_at + timedelta(hours=4)

    def open_at(self, now: datetime) -> bool:
        """Whether the access may be used."""
        if not self.lawful or self.began is None or self.over:
            return False
        return now < self.began + self.window


class AnyCourse(RuleBasedStateMachine):
    """Each rule is a call that may come at any time, from anybody, twice, and may be its process's
    last: then either all of what it records happened, or none.
    """

    sessions: Bundle[str] = Bundle("sessions")
    leases: Bundle[Lease] = Bundle("leases")

    def __init__(self) -> None:
        super().__init__()
        self.scene = Scene()
        self.cases: dict[str, Case] = {}
        self.blocked_until: dict[tuple[str, str], datetime] = {}
        """By person and resource; `EVERYTHING` for all of them."""
        self.keys = 0

    def blocked(self, person: str, resource: str = EVERYTHING) -> bool:
        found = [self.blocked_until.get((person, where)) for where in (EVERYTHING, resource)]
        return any(until is not None and self.scene.now < until for until in found)

    def kept_from(self, case: Case) -> bool:
        return self.blocked(case.requester, case.resource)

    def tried(self, act: Callable[[], Any], death: tuple[int, bool] | None) -> tuple[str, Any]:
        """How it went, and the answer."""
        went, answer = self._tried(act, death)
        STEPS[went] += 1
        return went, answer

    def _tried(self, act: Callable[[], Any], death: tuple[int, bool] | None) -> tuple[str, Any]:
        number, after = death or (0, False)
        self.scene.fuse.arm(number, after=after)
        try:
            return "done", act()
        except REFUSED as refusal:
            return "refused", refusal
        except Died:
            return "died", None
        finally:
            self.scene.fuse.disarm()

    def of(self, who: str, sessions: tuple[str, ...]) -> list[str]:
        """Those of these that the person has open, or whose review is owed."""
        return [
            each
            for each in sessions
            if (session := self.stored(each)).requester_name == who
            and (not session.closed or (session.review is not None and session.review.open))
        ]

    def stored(self, session_id: str) -> Session:
        return self.scene.session(session_id)

    @rule(
        target=sessions,
        who=askers,
        resource=st.sampled_from(list(RESOURCES)),
        seconds=st.sampled_from([1, 20, 90, 600, 3000]),
        break_glass=sometimes,
        death=deaths,
    )
    def request(self, who: str, resource: str, seconds: int, break_glass: bool, death: Any) -> Any:
        before = set(self.scene.real_store.sessions)
        self.keys += 1

        def act() -> Session:
            return self.scene.request(
                who, resource, key=f"k{self.keys}", seconds=seconds, break_glass=break_glass
            )

        went, answer = self.tried(act, death)
        if went == "died":
            # The caller tries again with the same key.
            went, answer = self.tried(act, None)
        if isinstance(answer, LimitReached):
            assert len(self.of(who, answer.sessions)) >= self.scene.policy.limits.per_resource
        else:
            may = who in ENGINEERS and not self.blocked(who, resource)
            assert (went == "done") == may, answer
        new = set(self.scene.real_store.sessions) - before
        assert len(new) == (went == "done"), "one call with a key makes one session"
        if not new:
            return multiple()
        assert answer.session_id in new
        self.cases[answer.session_id] = Case(
            requester=who,
            resource=resource,
            break_glass=break_glass,
            window=timedelta(seconds=seconds),
            asked_at=self.scene.now,
        )
        return answer.session_id

    @rule(session_id=sessions, death=deaths)
    def admit(self, session_id: str, death: Any) -> None:
        self._admit(session_id, death)

    def _admit(self, session_id: str, death: Any) -> None:
        went, answer = self.tried(lambda: self.scene.admit(session_id), death)
        case = self.cases[session_id]
        if went == "done" and answer.next_state in {NextState.APPROVED, NextState.NEEDS_APPROVAL}:
            case.admitted = True
            assert (answer.next_state is NextState.APPROVED) == case.lawful

    @rule(session_id=sessions, death=deaths)
    def ask(self, session_id: str, death: Any) -> None:
        self.tried(lambda: self.scene.ask(session_id), death)

    @rule(
        session_id=sessions,
        who=voters,
        deny=st.sampled_from([False, False, False, False, True]),
        shorter=st.sampled_from([None, None, 15]),
        death=deaths,
    )
    def vote(self, session_id: str, who: str, deny: bool, shorter: int | None, death: Any) -> None:
        ballot = Ballot.DENY if deny else Ballot.APPROVE
        self._vote(session_id, who, ballot, shorter, death)

    def _vote(
        self, session_id: str, who: str, ballot: Ballot, shorter: int | None, death: Any
    ) -> None:
        case = self.cases[session_id]
        if shorter is not None and timedelta(seconds=shorter) > case.window:
            shorter = None
        expected = case.may_vote(who, self.scene.now) and not self.blocked(who, case.resource)
        if expected and self.kept_from(case):
            expected = not case.completes(who, ballot)
        went, answer = self.tried(lambda: self.scene.vote(who, session_id, ballot, shorter), death)
        counted = len(self.stored(session_id).votes) > len(case.votes)
        assert counted <= expected, f"{who}'s vote counts and must not"
        if went == "died":
            if not counted:
                return
        else:
            assert (went == "done") == counted == expected, answer
        if counted:
            case.votes[who] = ballot
            if shorter is not None:
                case.window = min(case.window, timedelta(seconds=shorter))
            expected_status = (
                Status.DENIED
                if case.denied
                else Status.APPROVED
                if case.lawful
                else Status.PENDING_APPROVAL
            )
            assert self.stored(session_id).status is expected_status

    @rule(session_id=sessions, death=deaths)
    def activate(self, session_id: str, death: Any) -> None:
        self._activate(session_id, death)

    def _activate(self, session_id: str, death: Any) -> None:
        case = self.cases[session_id]
        if case.break_glass and not case.admitted:
            # The workflow has this order.
            return
        before = self.stored(session_id)
        went, answer = self.tried(lambda: self.scene.activate(session_id), death)
        after = self.stored(session_id)
        if case.began is None and after.status is Status.ACTIVE:
            assert case.lawful
            assert not case.over
            assert not self.kept_from(case)
            began = after.activated_at
            assert began is not None
            assert timedelta(0) <= began - self.scene.now < timedelta(seconds=1)
            case.began = began
            assert after.expires_at == began + case.window
        elif isinstance(answer, Blocked):
            assert self.kept_from(case)
        elif went == "refused" and before.status is Status.APPROVED:
            assert isinstance(answer, Conflict), answer
            assert case.resource == REPORTS, "only what one at a time may have is refused"

    @rule(
        target=leases,
        session_id=sessions,
        own=st.sampled_from([True] * 4 + [False]),
        who=people,
        death=deaths,
    )
    def lease(self, session_id: str, own: bool, who: str, death: Any) -> Any:
        who = self.cases[session_id].requester if own else who
        lease = self._lease(session_id, who, death)
        return multiple() if lease is None else lease

    def _lease(self, session_id: str, who: str, death: Any) -> Lease | None:
        case = self.cases[session_id]
        expected = case.open_at(self.scene.now) and who == case.requester
        expected &= not self.kept_from(case)
        went, answer = self.tried(lambda: self.scene.lease(session_id, who), death)
        if went == "died":
            if self.stored(session_id).leases > case.leased:
                assert expected
            case.leased = self.stored(session_id).leases
            # A login's new password may be set by now, and nobody has it.
            return None
        if isinstance(answer, IssuerUnavailable):
            # Whoever carried the records died over it, and its claim has still to end.
            assert expected
            assert session_id in self.scene.carriage.claims
            case.leased = self.stored(session_id).leases
            return None
        assert (went == "done") == expected, answer
        if not expected:
            return None
        case.leased += 1
        assert self.scene.use(answer), "what was handed out works"
        lease: Lease = answer
        return lease

    @rule(
        target=leases,
        session_id=sessions,
        steps=st.integers(1, ALL_STEPS),
        then=st.sampled_from([None, None, "deny", "end", "review"]),
        death=deaths,
    )
    def go_on(self, session_id: str, steps: int, then: str | None, death: Any) -> Any:
        """What usually comes next, some steps of it: chance alone seldom gets as far as a lease,
        and seldom to somebody who denies in time or gives back what is in use.
        """
        leases = []
        steps = ALL_STEPS if then == "end" else steps
        for step in range(1, steps + 1):
            lease = self._go_on(session_id, death if step == steps else None)
            leases += [] if lease is None else [lease]
        case = self.cases[session_id]
        if then == "deny":
            for who in [who for who in PEOPLE if case.may_vote(who, self.scene.now)][:1]:
                self._vote(session_id, who, Ballot.DENY, None, death)
        elif then == "end":
            self._ended(session_id, case.requester, self.scene.end, True, death)
        elif then == "review":
            for who in [who for who in PEOPLE if case.may_look_back(who)][:2]:
                self._review(session_id, who, death)
        return multiple(*leases)

    def _go_on(self, session_id: str, death: Any) -> Lease | None:
        case = self.cases[session_id]
        match self.stored(session_id).status:
            case Status.PENDING_APPROVAL:
                willing = [who for who in PEOPLE if case.may_vote(who, self.scene.now)]
                if willing:
                    self._vote(session_id, willing[-1], Ballot.APPROVE, None, death)
            case Status.APPROVED if not case.admitted:
                self._admit(session_id, death)
            case Status.APPROVED | Status.ACTIVATING:
                self._activate(session_id, death)
            case Status.ACTIVE:
                return self._lease(session_id, case.requester, death)
        self.all_holds()
        return None

    @rule(lease=leases)
    def use(self, lease: Lease) -> None:
        STEPS["done"] += 1
        case = self.cases[lease.session.session_id]
        worked = self.scene.use(lease)
        if worked and not case.open_at(self.scene.now):
            # Decided, and not confirmed yet.
            status = self.stored(lease.session.session_id).status
            assert status in {Status.REVOKING, Status.ACTIVE}

    @rule(session_id=sessions, own=sometimes, who=people, death=deaths)
    def end(self, session_id: str, own: bool, who: str, death: Any) -> None:
        who = self.cases[session_id].requester if own else who
        self._ended(session_id, who, self.scene.end, self.cases[session_id].requester == who, death)

    @rule(session_id=sessions, own=sometimes, who=people, death=deaths)
    def revoke(self, session_id: str, own: bool, who: str, death: Any) -> None:
        who = "sam" if own else who
        self._ended(session_id, who, self.scene.revoke, who in OPERATORS, death)

    def _ended(
        self, session_id: str, who: str, act: Callable[..., Session], may: bool, death: Any
    ) -> None:
        before = self.stored(session_id)
        went, answer = self.tried(lambda: act(session_id, who), death)
        after = self.stored(session_id)
        if went == "died":
            assert may or after == before
            return
        assert (went == "done") == (may and not before.closed), answer
        if went == "done":
            assert after.closed, "at once, with a target that answers"

    @rule(
        session_id=sessions,
        who=operators,
        seconds=st.sampled_from([20, 20, 120, 600, None]),
        one_resource=st.booleans(),
        death=deaths,
        chance=st.integers(0, 2),
    )
    def block(
        self,
        session_id: str,
        who: str,
        seconds: int | None,
        one_resource: bool,
        death: Any,
        chance: int,
    ) -> None:
        if chance:
            return
        case = self.cases[session_id]
        length = None if seconds is None else timedelta(seconds=seconds)
        until = FOR_GOOD if length is None else self.scene.now + length
        where = case.resource if one_resource else EVERYTHING

        def act() -> Session:
            return self.scene.block(session_id, who, length=length, one_resource=one_resource)

        before = len(self.scene.real_store.about_people)
        went, answer = self.tried(act, death)
        wrote = len(self.scene.real_store.about_people) > before
        assert who in OPERATORS or not wrote
        assert went == "died" or (went == "done") == (who in OPERATORS), answer
        if wrote or went == "done":
            ENDS["blocked"] += 1
            earlier = self.blocked_until.get((case.requester, where), until)
            self.blocked_until[case.requester, where] = max(earlier, until)
        if went == "done":
            self._check_ended_for(case.requester, where)

    def _check_ended_for(self, person: str, where: str, over: frozenset[Status] = CLOSED) -> None:
        for session_id, case in self.cases.items():
            if case.requester == person and where in {EVERYTHING, case.resource}:
                status = self.stored(session_id).status
                assert status in over, "at once, with targets that answer"

    @rule(person=st.sampled_from(sorted(ENGINEERS)), who=operators, death=deaths)
    def lift(self, person: str, who: str, death: Any) -> None:
        standing = [
            where
            for (whose, where), until in self.blocked_until.items()
            if whose == person and self.scene.now < until
        ]
        before = len(self.scene.real_store.about_people)
        went, answer = self.tried(lambda: self.scene.lift(person, who), death)
        lifted = len(self.scene.real_store.about_people) - before
        assert who in OPERATORS or not lifted
        if went != "died":
            assert (went == "done") == (who in OPERATORS and standing != []), answer
            assert lifted == (len(standing) if went == "done" else 0)
        for block in self.scene.real_store.blocks_of(person):
            if block.lifted_at is not None:
                self.blocked_until.pop((person, block.resource), None)

    @rule(death=deaths)
    def end_all_blocked(self, death: Any) -> None:
        went, _ = self.tried(self.scene.end_all_blocked, death)
        if went == "done":
            for person, where in self.blocked_until:
                if self.blocked(person, where):
                    # An end whose call has died is the tick's to go on with.
                    self._check_ended_for(person, where, over=CLOSED | {Status.REVOKING})

    @rule(session_id=sessions, who=voters, death=deaths)
    def review(self, session_id: str, who: str, death: Any) -> None:
        self._review(session_id, who, death)

    def _review(self, session_id: str, who: str, death: Any) -> None:
        case = self.cases[session_id]
        expected = case.may_look_back(who) and not self.blocked(who, case.resource)
        went, answer = self.tried(lambda: self.scene.review(who, session_id), death)
        review = self.stored(session_id).review
        counted = review is not None and len(review.given) > len(case.looks)
        assert counted <= expected, f"{who}'s look counts and must not"
        assert went == "died" or (went == "done") == counted == expected, answer
        if counted:
            case.looks.add(who)
            ENDS["looked back"] += 1

    @rule(session_id=sessions, what=st.sampled_from(list(BEHIND)), death=deaths)
    def behind_the_scenes(self, session_id: str, what: str, death: Any) -> None:
        """Whatever carries and tells, again and again; what it leaves is checked after each."""
        self.tried(lambda: BEHIND[what](self.scene, session_id), death)

    @rule(session_id=sessions, death=deaths, chance=st.integers(0, 3))
    def fail(self, session_id: str, death: Any, chance: int) -> None:
        if chance == 0:
            self.tried(lambda: self.scene.fail(session_id), death)

    @rule(session_id=sessions, death=deaths)
    def end_due(self, session_id: str, death: Any) -> None:
        before = self.stored(session_id)
        self.tried(lambda: self.scene.end_due(session_id), death)
        deadline = deadlines.deadline(before)
        due = deadline is not None and self.scene.now >= deadline
        in_time = not due and before.status is not Status.REVOKING
        assert not in_time or self.stored(session_id) == before, "nobody's time is cut short"

    @rule(session_id=sessions, death=deaths)
    def sweep(self, session_id: str, death: Any) -> None:
        self.tried(lambda: self.scene.sweep(session_id), death)

    @rule(seconds=st.sampled_from([0.25, 1, 5, 10]))
    def wait(self, seconds: float) -> None:
        """Between two ticks: nobody has looked yet, and the access must be over all the same."""
        self.scene.later(seconds=seconds)

    @rule(minutes=st.sampled_from([1, 2, 5, 11]))
    def wait_long(self, minutes: int) -> None:
        for _ in range(minutes):
            self.scene.tick()
            self.scene.check()

    @rule(death=deaths, seconds=st.sampled_from([0.25, 1, 5]))
    def die_at_the_tick(self, death: Any, seconds: float) -> None:
        self.scene.later(seconds=seconds)
        self.tried(self.scene.run_belts, death)

    @rule(death=deaths)
    def search(self, death: Any) -> None:
        self.tried(self.scene.search, death)

    @rule(session_id=sessions, death=deaths)
    def erase(self, session_id: str, death: Any) -> None:
        before = self.stored(session_id)
        went, _ = self.tried(lambda: self.scene.erase(session_id), death)
        assert before.closed or went != "done"

    @invariant()
    def all_holds(self) -> None:
        self.scene.check()
        for session_id, case in self.cases.items():
            session = self.stored(session_id)
            over = session.closed or session.status is Status.REVOKING
            assert over or not case.over, "nothing comes back to life"
            case.over = over
            begun = session.activating_at is not None
            assert not begun or case.lawful, "made without its approvals"
            assert session.allows(self.scene.now) == case.open_at(self.scene.now)

    def teardown(self) -> None:
        self.scene.fuse.disarm()
        self.scene.run_to_the_end()
        ENDS.update(each.status.value for each in self.scene.real_store.sessions.values())
        ENDS["lease used"] += len(self.scene.leases)


@pytest.mark.guarantee("G2")
@pytest.mark.guarantee("G3")
@pytest.mark.guarantee("G4")
@pytest.mark.guarantee("G6")
def test_nobody_has_access_but_by_the_rules_whatever_happens(
    capsys: pytest.CaptureFixture[str],
) -> None:
    STEPS.clear()
    ENDS.clear()
    run_state_machine_as_test(AnyCourse, settings=SETTINGS)
    with capsys.disabled():
        sys.stdout.write(f"\n{STEPS.total()} steps: {dict(STEPS)}; ends: {dict(ENDS)}\n")
    assert STEPS.total() >= AT_LEAST
    assert ENDS["lease used"] >= 200
    assert min(ENDS["blocked"], ENDS["looked back"]) >= FEWEST_ENDS
    for status in CLOSED:
        assert ENDS[status.value] >= FEWEST_ENDS, f"{status.value} was hardly reached"
