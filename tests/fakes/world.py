"""An in-memory world for operations: a store with the same conditions as the real one, a target
that remembers who holds access, a workflow, and what people were told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from pam.domain import deadlines, ids, timestamps
from pam.domain.apart import Act
from pam.domain.audit_record import ENDS, Record, RecordType
from pam.domain.block import Block, Blocklist
from pam.domain.echo import Expected
from pam.domain.ending import ReceiptMethod
from pam.domain.errors import (
    IssuerUnavailable,
    NoSuchExecution,
    StaleSession,
    TryAgain,
    Unreached,
)
from pam.domain.handled_call import HandledCall
from pam.domain.lifecycle import Status
from pam.domain.limits import OpenNow, OpenSession, open_as
from pam.domain.pictures import Occasion, Picture
from pam.domain.resource import Target
from pam.domain.session import Session
from pam.ports.calls import RequestIdUsed
from pam.ports.people import Execution, Failure
from pam.ports.sessions import IdempotencyKey, Once, Page, SessionQuery
from pam.ports.targets import AwsCredentials, Receipt


@dataclass
class FakeStore:
    """`ports.sessions.SessionStore` in memory. `before_save` acts between a read and its write."""

    sessions: dict[str, Session] = field(default_factory=dict)
    trails: dict[str, list[Record]] = field(default_factory=dict)
    keys: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    refusals: list[Record] = field(default_factory=list)
    findings: list[Record] = field(default_factory=list)
    done: set[str] = field(default_factory=set)
    granted: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Person and resource, by session."""
    tokens: dict[str, str] = field(default_factory=dict)
    blocks: dict[tuple[str, str], Block] = field(default_factory=dict)
    about_people: list[Record] = field(default_factory=list)
    """Records of blocks, one for each version of the list."""
    counted: dict[str, dict[str, OpenSession | None]] = field(default_factory=dict)
    """By person and session: as what the session counts."""
    added: dict[str, int] = field(default_factory=dict)
    """By person: how often something was added to what they have open."""
    awaited: list[Expected] = field(default_factory=list)
    acts: dict[tuple[str, tuple[str, ...], str], Act] = field(default_factory=dict)
    before_create: Callable[[], None] | None = None
    before_block: Callable[[], None] | None = None
    before_save: Callable[[Session], None] | None = None

    def get(self, session_id: str) -> Session | None:
        return self.sessions.get(session_id)

    def several(self, session_ids: Sequence[str]) -> list[Session]:
        return [self.sessions[each] for each in session_ids if each in self.sessions]

    def create(
        self,
        session: Session,
        records: Sequence[Record],
        key: IdempotencyKey | None,
        held: OpenNow | None = None,
    ) -> None:
        if self.before_create is not None:
            act, self.before_create = self.before_create, None
            act()
        self._add(session.requester_name, held)
        if session.session_id in self.sessions:
            raise StaleSession
        if key is not None:
            if (key.person, key.key) in self.keys:
                raise StaleSession
            self.keys[key.person, key.key] = (session.session_id, key.fingerprint)
        self._added(session, held)
        self.sessions[session.session_id] = session
        self.trails[session.session_id] = list(records)

    def save(
        self,
        before: Session,
        after: Session,
        records: Sequence[Record],
        once: Once | tuple[Once, ...] | None = None,
        held: OpenNow | None = None,
        expected: Expected | None = None,
    ) -> None:
        if self.before_save is not None:
            act, self.before_save = self.before_save, None
            act(before)
        stored = self.sessions[before.session_id]
        if _version(stored) != _version(before):
            raise StaleSession
        taken = {record["sequence"] for record in self.trails[before.session_id]}
        if taken & {record["sequence"] for record in records}:
            raise StaleSession
        self._add(after.requester_name, held)
        self._do(once)
        if open_as(before) != open_as(after) or held is not None:
            self._added(after, held)
        self.sessions[before.session_id] = after
        self.trails[before.session_id] += records
        self.awaited += [expected] if expected else []
        if after.status is Status.ACTIVE and before.status is not Status.ACTIVE:
            self.granted[after.session_id] = (after.requester_name, after.resource)
        if before.status is Status.ACTIVE and after.status is not Status.ACTIVE:
            self.granted.pop(after.session_id, None)

    def _add(self, person: str, held: OpenNow | None) -> None:
        if held is not None and held.version != self.added.get(person, 0):
            raise StaleSession

    def _added(self, session: Session, held: OpenNow | None) -> None:
        if held is not None:
            self.added[session.requester_name] = held.version + 1
        self.recount(session)

    def recount(self, session: Session) -> None:
        mine = self.counted.setdefault(session.requester_name, {})
        mine[session.session_id] = open_as(session)

    def uncount(self, person: str, session_id: str) -> None:
        self.counted.get(person, {}).pop(session_id, None)

    def open_now(self, person: str) -> OpenNow:
        return OpenNow(
            version=self.added.get(person, 0),
            sessions=tuple(s for s in self.counted.get(person, {}).values() if s is not None),
            unreviewed=tuple(
                sorted(
                    session.session_id
                    for session in self.sessions.values()
                    if session.requester_name == person and session.review and session.review.open
                )
            ),
        )

    def unconfirmed(self, person: str) -> list[str]:
        return [each.session_id for each in self.open_now(person).sessions if not each.confirmed]

    def acts_of(self, person: str) -> list[Act]:
        return [act for (name, _, _), act in sorted(self.acts.items()) if name == person]

    def note_act(self, act: Act) -> None:
        self.acts[act.person, act.groups, act.principal] = act

    def _do(self, once: Once | tuple[Once, ...] | None) -> None:
        keys = {each.key for each in ((once,) if isinstance(once, Once) else once or ())}
        if keys & self.done:
            raise StaleSession
        self.done |= keys

    def is_done(self, once: Once) -> bool:
        return once.key in self.done

    def note(self, once: Once) -> None:
        self.done.add(once.key)

    def expected(self, begin: datetime, end: datetime) -> list[Expected]:
        return [each for each in self.awaited if begin <= each.at <= end]

    def find_by_key(self, key: IdempotencyKey) -> tuple[str, str] | None:
        return self.keys.get((key.person, key.key))

    def records(self, session_id: str) -> list[Record]:
        return list(self.trails.get(session_id, []))

    def records_after(self, session_id: str, sequence: int, most: int = 0) -> list[Record]:
        later = [each for each in self.records(session_id) if each["sequence"] > sequence]
        return later[: most or None]

    def record(self, owner: str, sequence: int) -> Record | None:
        alone = (*self.refusals, *self.findings, *self.about_people)
        lone = {f"NONE#{each['event_id']}": [each] for each in alone}
        found = self.trails.get(owner) or lone.get(owner, [])
        return next((each for each in found if each["sequence"] == sequence), None)

    def end_delivered_at(self, session_id: str) -> datetime | None:
        return self._last(session_id, ENDS)

    def lease_delivered_at(self, session_id: str) -> datetime | None:
        return self._last(session_id, frozenset({RecordType.LEASED}))

    def _last(self, session_id: str, kinds: frozenset[RecordType]) -> datetime | None:
        """As if the auditor had carried all at once."""
        found = [each["at"] for each in self.records(session_id) if each["type"] in kinds]
        return timestamps.parse(found[-1]) if found else None

    def last_in_the_way(self, session_id: str, first: int, room: int) -> int | None:
        taken = {each["sequence"] for each in self.records(session_id)}
        begins = first
        while taken & set(range(begins, begins + room)):
            begins += 1
        return begins - 1 if begins > first else None

    def add_refusal(self, record: Record) -> None:
        session_id = record["session_id"]
        (self.trails[session_id] if session_id else self.refusals).append(record)

    def add_finding(self, record: Record, once: Once) -> None:
        self._do(once)
        self.findings.append(record)

    def grants(self, person: str, resource: str) -> list[str]:
        return [each for each, whose in self.granted.items() if whose == (person, resource)]

    def find(self, query: SessionQuery) -> Page:
        first, last = ids.bounds(query.since, query.until)
        found = [
            session
            for session in sorted(
                self.sessions.values(),
                key=lambda each: each.session_id,
                reverse=not query.oldest_first,
            )
            if query.status in {None, session.status}
            and query.requester_name in {None, session.requester_name}
            and query.resource in {None, session.resource}
            and _beyond(session.session_id, query)
            and first <= session.session_id <= last
        ]
        page = found[: query.limit]
        more = len(found) > query.limit
        return Page(sessions=tuple(page), after=page[-1].session_id if more else None)

    def opened_since(self, since: datetime, most: int) -> list[str]:
        first = ids.bounds(since, since)[0]
        return sorted((each for each in self.sessions if each >= first), reverse=True)[:most]

    def open_sessions(self, person: str | None = None) -> list[Session]:
        waiting = (s for s in self.sessions.values() if deadlines.due_at(s) is not None)
        return [
            session
            for session in waiting
            if person in {None, session.requester_name} and session not in self.ends_that_stand()
        ]

    def ends_that_stand(self) -> list[Session]:
        return [each for each in self.sessions.values() if each.closed and each.traces_until]

    def blocks_of(self, person: str) -> list[Block]:
        return [block for block in self.blocklist().blocks if block.person == person]

    def blocks_on(self, resource: str, people: Sequence[str]) -> dict[str, list[Block]]:
        return {
            person: [block for block in self.blocks_of(person) if block.covers(resource)]
            for person in people
        }

    def blocklist(self) -> Blocklist:
        named = sorted(self.blocks.items())
        return Blocklist(version=len(self.about_people), blocks=tuple(b for _, b in named))

    def put_block(self, before: Blocklist, block: Block, record: Record) -> None:
        if self.before_block is not None:
            act, self.before_block = self.before_block, None
            act()
        if before.version != len(self.about_people):
            raise StaleSession
        self.blocks[block.person, block.resource] = block
        self.about_people.append(record)

    def due(
        self, now: datetime, limit: int, unreadable: Callable[[str], None] | None = None
    ) -> list[Session]:
        due = [s for s in self.sessions.values() if deadlines.duties_due(s, now)]
        due.sort(key=lambda each: (deadlines.due_at(each), each.session_id))
        at_stake = [each for each in due if each.access_may_exist]
        return at_stake[:limit] + [each for each in due if each not in at_stake][:limit]

    def open_reviews(self, most: int) -> list[str]:
        owing = (s.session_id for s in self.sessions.values() if s.review and s.review.open)
        return sorted(owing)[:most]

    def overdue_reviews(self, person: str, now: datetime) -> list[str]:
        return sorted(
            session.session_id
            for session in self.sessions.values()
            if session.requester_name == person and session.review and session.review.overdue(now)
        )

    def forget_traces(self, session: Session) -> None:
        stored = self.sessions[session.session_id]
        self.sessions[session.session_id] = replace(stored, traces_until=None)

    def note_try(self, session: Session, now: datetime) -> None:
        stored = self.sessions[session.session_id]
        if _version(stored) != _version(session):
            raise StaleSession
        tried = replace(session, tries=session.tries + 1, tried_at=now)
        self.sessions[session.session_id] = tried

    def put_task_token(self, session_id: str, token: str, now: datetime) -> None:
        self.tokens[session_id] = token

    def task_token(self, session_id: str) -> str | None:
        return self.tokens.get(session_id)

    def types(self, session_id: str) -> list[str]:
        return [str(record["type"]) for record in self.trails[session_id]]


def _beyond(session_id: str, query: SessionQuery) -> bool:
    if query.after is None:
        return True
    return session_id > query.after if query.oldest_first else session_id < query.after


def _version(session: Session) -> tuple[int, Status, int]:
    return (session.sequence, session.status, session.notices)


@dataclass
class FakeIssuer:
    """A target. `held` are the sessions whose access exists there; `down` makes it not answer."""

    held: set[str] = field(default_factory=set)
    ended: list[str] = field(default_factory=list)
    cleared: list[str] = field(default_factory=list)
    left: set[str] = field(default_factory=set)
    """What stands there of sessions, whether they have access or not."""
    asked_about: list[Target] = field(default_factory=list)
    down: bool = False
    unreached: bool = False
    taken: Exception | None = None
    """What `reserve` raises, if another session has the target."""
    during_activate: Callable[[], None] | None = None
    during_lease: Callable[[], None] | None = None
    let_in_again: set[str] = field(default_factory=set)
    """Whose end was undone at the target."""
    boundary_fault: str = ""

    def reserve(self, session: Session, now: datetime) -> None:
        if self.taken is not None:
            raise self.taken

    def activate(self, session: Session, now: datetime) -> None:
        if self.unreached:
            message = "the target was not reached"
            raise Unreached(message)
        self._answer()
        if self.during_activate is not None:
            self.during_activate()
        self.held.add(session.session_id)

    def lease(self, session: Session, now: datetime) -> AwsCredentials:
        self._answer()
        assert session.expires_at is not None
        if self.during_lease is not None:
            self.during_lease()
        return AwsCredentials(
            access_key_id="ASIAEXAMPLE",
            secret_access_key="the-secret-key",
            session_token="the-session-token",
            expires_at=min(session.expires_at, now + timedelta(minutes=30)),
            live_until=max(session.expires_at, now + timedelta(minutes=15)),
        )

    def end(self, session: Session, now: datetime) -> Receipt:
        self._answer()
        self.held.discard(session.session_id)
        self.let_in_again.discard(session.session_id)
        self.ended.append(session.session_id)
        return Receipt(
            method=ReceiptMethod.DENY_READ_BACK,
            evidence="refused",
            traces_until=session.leases_end_at,
        )

    def clear_traces(self, session: Session, now: datetime) -> None:
        self._answer()
        self.cleared.append(session.session_id)
        self.left.discard(session.session_id)

    def sessions_at(self, target: Target) -> list[str]:
        self._answer()
        return sorted(self.left | self.held)

    def missing(self, target: Target, active: Sequence[Session]) -> dict[str, str]:
        self._answer()
        self.asked_about.append(target)
        return {each.session_id: "gone" for each in active if each.session_id not in self.held}

    def undone(self, target: Target, ended: Sequence[Session]) -> list[str]:
        self._answer()
        self.asked_about.append(target)
        return [each.session_id for each in ended if each.session_id in self.let_in_again]

    def unbounded(self, target: Target) -> str:
        self._answer()
        return self.boundary_fault

    def tidy(self, target: Target, now: datetime) -> None:
        self._answer()

    def _answer(self) -> None:
        if self.down:
            message = "the target did not answer"
            raise IssuerUnavailable(message)


@dataclass
class FakeWorkflow:
    started: list[str] = field(default_factory=list)
    approvals: list[str] = field(default_factory=list)
    refusals: list[tuple[str, str]] = field(default_factory=list)
    stopped: list[tuple[str, str]] = field(default_factory=list)
    used_up: set[str] = field(default_factory=set)
    """Tokens that no task waits for."""
    executions: dict[str, Execution] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)
    """What Step Functions says: which there are, and which are in a closing state, and why."""
    down: bool = False
    throttled: bool = False

    def execution_arn(self, session_id: str) -> str:
        return f"arn:aws:states:eu-west-1:111122223333:execution:pam:{session_id}"

    def start(self, session: Session) -> None:
        if self.down:
            message = "the approval workflow could not be started; try again"
            raise IssuerUnavailable(message)
        self._take()
        self.started.append(session.session_id)

    def approved(self, token: str) -> None:
        self._take()
        self.approvals.append(token)

    def refused(self, token: str, *, error: str, cause: str) -> None:
        self._take()
        self.refusals.append((token, error))

    def stop(self, session: Session, *, error: str, cause: str) -> None:
        self._take()
        self.stopped.append((session.session_id, error))

    def waits(self, token: str) -> bool:
        return token not in self.used_up

    def describe(self, execution_arn: str) -> Execution:
        if execution_arn not in self.executions:
            raise NoSuchExecution(execution_arn)
        return self.executions[execution_arn]

    def failure(self, execution_arn: str) -> Failure | None:
        return self.failures.get(execution_arn)

    def _take(self) -> None:
        if self.down:
            message = "the approval workflow did not answer; try again"
            raise IssuerUnavailable(message)
        if self.throttled:
            raise TryAgain


@dataclass
class FakeNotifier:
    asked: list[str] = field(default_factory=list)
    alarmed: list[str] = field(default_factory=list)
    told: list[tuple[str, str]] = field(default_factory=list)
    """What was sent unasked, and about which session."""
    while_telling: Callable[[], None] | None = None
    down: bool = False

    def show(self, picture: Picture) -> None:
        if self.down:
            message = "no topic"
            raise ConnectionError(message)
        match picture.occasion:
            case Occasion.APPROVAL_NEEDED:
                self.asked.append(picture.session_id)
            case Occasion.BREAK_GLASS:
                self.alarmed.append(picture.session_id)
            case Occasion.OPERATOR_BLOCKED:
                self.told.append((picture.occasion.value, picture.subject))
            case _:
                self.told.append((picture.occasion.value, picture.session_id))
                if self.while_telling is not None:
                    self.while_telling()


@dataclass
class FakeAuditLog:
    """Says up to where each session's records stand in the log group."""

    settled: dict[str, int] = field(default_factory=dict)
    down: bool = False

    def settle(self, session: Session) -> None:
        if self.down:
            message = "the audit log could not be written"
            raise IssuerUnavailable(message)
        self.settled[session.session_id] = session.sequence


@dataclass
class FakeCalls:
    """`ports.calls.NotedCalls` and `UnmatchedCalls` in memory."""

    noted: dict[tuple[str, str], HandledCall] = field(default_factory=dict)
    done: set[tuple[str, str]] = field(default_factory=set)
    down: bool = False

    def note(self, call: HandledCall) -> None:
        if self.down:
            message = "no table"
            raise ConnectionError(message)
        if _key(call) in self.noted:
            raise RequestIdUsed(call.request_id)
        self.noted[_key(call)] = call

    def answered(self, call: HandledCall, status: int) -> None:
        self.noted[_key(call)] = replace(call, status=status)

    def unmatched(self, limit: int) -> list[HandledCall]:
        waiting = [call for key, call in self.noted.items() if key not in self.done]
        return sorted(waiting, key=lambda call: call.noted_at)[:limit]

    def settled(self, call: HandledCall) -> None:
        self.done.add(_key(call))


def _key(call: HandledCall) -> tuple[str, str]:
    return call.request_id, call.again
