"""An in-memory world for operations: a store with the same conditions as the real one, a target
that remembers who holds access, a workflow, and what people were told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from pam.domain.audit_record import Record
from pam.domain.block import Block, Blocklist
from pam.domain.errors import IssuerUnavailable, StaleSession, TryAgain, Unreached
from pam.domain.lifecycle import Status
from pam.domain.resource import Target
from pam.domain.session import Session
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
    tokens: dict[str, str] = field(default_factory=dict)
    blocks: dict[tuple[str, str], Block] = field(default_factory=dict)
    about_people: list[Record] = field(default_factory=list)
    """Records of blocks, one for each version of the list."""
    before_block: Callable[[], None] | None = None
    before_save: Callable[[Session], None] | None = None

    def get(self, session_id: str) -> Session | None:
        return self.sessions.get(session_id)

    def create(
        self, session: Session, records: Sequence[Record], key: IdempotencyKey | None
    ) -> None:
        if session.session_id in self.sessions:
            raise StaleSession
        if key is not None:
            if (key.person, key.key) in self.keys:
                raise StaleSession
            self.keys[key.person, key.key] = (session.session_id, key.fingerprint)
        self.sessions[session.session_id] = session
        self.trails[session.session_id] = list(records)

    def save(
        self,
        before: Session,
        after: Session,
        records: Sequence[Record],
        once: Once | None = None,
    ) -> None:
        if self.before_save is not None:
            act, self.before_save = self.before_save, None
            act(before)
        stored = self.sessions[before.session_id]
        if _version(stored) != _version(before):
            raise StaleSession
        self._do(once)
        self.sessions[before.session_id] = after
        self.trails[before.session_id] += records

    def _do(self, once: Once | None) -> None:
        if once is not None:
            if once.key in self.done:
                raise StaleSession
            self.done.add(once.key)

    def is_done(self, once: Once) -> bool:
        return once.key in self.done

    def find_by_key(self, key: IdempotencyKey) -> tuple[str, str] | None:
        return self.keys.get((key.person, key.key))

    def records(self, session_id: str) -> list[Record]:
        return list(self.trails.get(session_id, []))

    def add_refusal(self, record: Record) -> None:
        self.refusals.append(record)

    def add_finding(self, record: Record, once: Once) -> None:
        self._do(once)
        self.findings.append(record)

    def grants(self, person: str, resource: str) -> list[str]:
        return [
            session.session_id
            for session in self.sessions.values()
            if (session.requester_name, session.resource) == (person, resource)
            and session.status is Status.ACTIVE
        ]

    def find(self, query: SessionQuery) -> Page:
        found = [
            session
            for session in sorted(
                self.sessions.values(), key=lambda each: each.session_id, reverse=True
            )
            if query.status in {None, session.status}
            and query.requester in {None, session.requester_name}
            and query.resource in {None, session.resource}
            and (query.cursor is None or session.session_id < query.cursor)
        ]
        page = found[: query.limit]
        more = len(found) > query.limit
        return Page(sessions=tuple(page), cursor=page[-1].session_id if more else None)

    def open_sessions(self, person: str | None = None) -> list[Session]:
        waiting = (s for s in self.sessions.values() if s.due_at is not None)
        return [
            session
            for session in waiting
            if person in {None, session.requester_name} and session not in self.ends_that_stand()
        ]

    def ends_that_stand(self) -> list[Session]:
        return [each for each in self.sessions.values() if each.closed and each.traces_until]

    def blocks_of(self, person: str) -> list[Block]:
        return [block for block in self.blocklist().blocks if block.person == person]

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
        due = [s for s in self.sessions.values() if s.due_at and s.due_at <= now]
        due.sort(key=lambda each: (each.due_at, each.session_id))
        at_stake = [each for each in due if each.access_may_exist]
        return at_stake[:limit] + [each for each in due if each not in at_stake][:limit]

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
        return Receipt(method="seen", evidence="refused", traces_until=session.leases_end_at)

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

    def _take(self) -> None:
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

    def approval_needed(self, session: Session, resource_title: str) -> None:
        self.asked.append(session.session_id)

    def break_glass(self, session: Session, resource_title: str) -> None:
        if self.down:
            message = "no topic"
            raise ConnectionError(message)
        self.alarmed.append(session.session_id)

    def still_waiting(self, session: Session, resource_title: str) -> None:
        self._tell("still waiting", session)

    def ending_soon(self, session: Session, resource_title: str) -> None:
        self._tell("ending soon", session)

    def review_overdue(self, session: Session, resource_title: str) -> None:
        self._tell("review overdue", session)

    def _tell(self, what: str, session: Session) -> None:
        if self.down:
            message = "no topic"
            raise ConnectionError(message)
        self.told.append((what, session.session_id))
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
