"""The store of sessions, of their audit trails, and of what is known about people."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pam.domain.apart import Act
from pam.domain.audit_record import Record
from pam.domain.block import Block, Blocklist
from pam.domain.echo import Expected
from pam.domain.lifecycle import Status
from pam.domain.limits import OpenNow
from pam.domain.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyKey:
    """A caller's key for one request, and a fingerprint of what was asked with it."""

    person: str
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """What is done a single time, however often it is delivered; remembered until `until`."""

    key: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionQuery:
    """Which sessions to list. `requester_name` is a person's. Newest first (or oldest), from the
    one next to the session `after` on; `limit` bounds how many are looked at. `since` and `until`
    are of the time in the id, to the millisecond, both included; `after` lies between them.
    """

    status: Status | None = None
    requester_name: str | None = None
    resource: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int = 50
    after: str | None = None
    oldest_first: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Those that match, of the ones looked at. `after` is where to go on; None: that was all."""

    sessions: tuple[Session, ...]
    after: str | None


class SessionStore(Protocol):
    """Sessions and their audit trail; each write is one transaction of both.

    Reads are consistent save for `find`, `opened_since`, `due`, `open_sessions` and
    `ends_that_stand`, which go through indexes.
    """

    def get(self, session_id: str) -> Session | None: ...

    def several(self, session_ids: Sequence[str]) -> list[Session]:
        """Those of them that are there, each once, in this order, all in one read (of each
        hundred).
        """

    def create(
        self,
        session: Session,
        records: Sequence[Record],
        key: IdempotencyKey | None,
        held: OpenNow | None = None,
    ) -> None:
        """Raises StaleSession if the session id or the idempotency key exists already, or if
        something was added to what the person has open since `held` was read.
        """

    def save(
        self,
        before: Session,
        after: Session,
        records: Sequence[Record],
        once: Once | tuple[Once, ...] | None = None,
        held: OpenNow | None = None,
        expected: Expected | None = None,
    ) -> None:
        """Replaces `before` by `after`, and leaves word of what is `expected`. Raises StaleSession
        if it is no longer what is stored, if one of `once` is done already, or if something was
        added to what the person has since `held`.
        """

    def opened_since(self, since: datetime, most: int) -> list[str]:
        """Ids of the sessions that were opened since then, newest first: at most so many."""

    def open_now(self, person: str) -> OpenNow:
        """What this person has, as the limits count it."""

    def unconfirmed(self, person: str) -> list[str]:
        """Ids of the sessions that wait for this person's word, as the limits count them."""

    def recount(self, session: Session) -> None:
        """Puts right what a session, read just now, counts as, and whether it owes a review; unless
        it has gone on since.
        """

    def uncount(self, person: str, session_id: str) -> None:
        """Nothing of this id counts for the person any more: they have no such session."""

    def acts_of(self, person: str) -> list[Act]:
        """In which offices this person has acted, each as it was last noted."""

    def note_act(self, act: Act) -> None: ...

    def is_done(self, once: Once) -> bool: ...

    def note(self, once: Once) -> None:
        """That this is done, whether or not it was before."""

    def expected(self, begin: datetime, end: datetime) -> list[Expected]:
        """The calls of leases that were given in this time, both ends included."""

    def find_by_key(self, key: IdempotencyKey) -> tuple[str, str] | None:
        """Session id and fingerprint of an earlier request with this key."""

    def records(self, session_id: str) -> list[Record]:
        """The session's audit records in order of sequence."""

    def records_after(self, session_id: str, sequence: int, most: int = 0) -> list[Record]:
        """Those with a higher sequence, in order: at most so many, 0 for all."""

    def record(self, owner: str, sequence: int) -> Record | None:
        """One record of a session, or the one (of sequence 0) of `NONE#<event id>`. What lies in
        its place and is none is a record without fields.
        """

    def end_delivered_at(self, session_id: str) -> datetime | None:
        """When the auditor last carried a record by which the session ended; None if it has not.
        Who writes sessions and records cannot write this.
        """

    def lease_delivered_at(self, session_id: str) -> datetime | None:
        """The same of its last lease: none leaves before its record is delivered."""

    def last_in_the_way(self, session_id: str, first: int, room: int) -> int | None:
        """The sequence of the record behind which as many places are free as are needed; None if
        they are free from `first` on.
        """

    def add_refusal(self, record: Record) -> None:
        """A refusal that belongs to no session."""

    def add_finding(self, record: Record, once: Once) -> None:
        """A finding that belongs to no session. Raises StaleSession if `once` is done already."""

    def grants(self, person: str, resource: str) -> list[str]:
        """Ids of the sessions by which this person holds this resource now, or held it just now."""

    def find(self, query: SessionQuery) -> Page: ...

    def open_sessions(self, person: str | None = None) -> list[Session]:
        """Those that are not over, a person's or all; one that was just opened may be missing."""

    def ends_that_stand(self) -> list[Session]:
        """Sessions that are over and have left something at their target that keeps them out; one
        that just ended may be missing.
        """

    def blocks_of(self, person: str) -> list[Block]:
        """Every block of a person that is kept, in force or not."""

    def blocks_on(self, resource: str, people: Sequence[str]) -> dict[str, list[Block]]:
        """Of each of these people those blocks that are on this resource or on everything, in
        force or not; all in one read.
        """

    def blocklist(self) -> Blocklist:
        """Every block that is kept, by name, with the version of it all."""

    def put_block(self, before: Blocklist, block: Block, record: Record) -> None:
        """Puts a block in place of the one of this person and resource, with its record. Raises
        StaleSession if `before` is no longer what is stored.
        """

    def due(
        self, now: datetime, limit: int, unreadable: Callable[[str], None] | None = None
    ) -> list[Session]:
        """Sessions whose `due_at` has come, as the index has them: those where access may exist
        first, then the others, at most `limit` of each, the longest due first. What cannot be read
        takes none of their places.

        `unreadable` hears the id of one that is not understood; without it that raises.
        """

    def open_reviews(self, most: int) -> list[str]:
        """Ids of the sessions that owe a review, of whomever; the oldest first."""

    def overdue_reviews(self, person: str, now: datetime) -> list[str]:
        """Ids of the sessions by this person whose review is overdue, oldest first."""

    def forget_traces(self, session: Session) -> None:
        """Notes that nothing of a closed session is left at its target. No step, no record."""

    def note_try(self, session: Session, now: datetime) -> None:
        """Counts one more try of what is due, and puts off the next. No step, no record. Raises
        StaleSession.
        """

    def put_task_token(self, session_id: str, token: str, now: datetime) -> None: ...

    def task_token(self, session_id: str) -> str | None: ...
