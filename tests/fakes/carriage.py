"""Where the auditor carries records, with the claims and marks of the real table."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pam.domain.audit_record import Record
from pam.ports.audit import Claimed
from tests.fakes.world import FakeStore

_CLAIM_LIVES = timedelta(seconds=20)


@dataclass
class FakeCarriage:
    """`ports.audit.AuditOutbox`, `ports.audit.AuditSink` and `ports.audit.AuditArchive` at once."""

    store: FakeStore
    marks: dict[str, int] = field(default_factory=dict)
    claims: dict[str, datetime] = field(default_factory=dict)
    logged: dict[str, list[int]] = field(default_factory=dict)
    archived: dict[str, list[int]] = field(default_factory=dict)
    published: Counter[str] = field(default_factory=Counter)
    policy_sets: set[str] = field(default_factory=set)
    unsealed: Counter[str] = field(default_factory=Counter)
    """How often each record was put up for sealing."""

    def claim(self, owner: str, now: datetime) -> Claimed | None:
        if owner in self.claims and self.claims[owner] >= now:
            return None
        self.claims[owner] = now + _CLAIM_LIVES
        stored = self.store.sessions.get(owner)
        return Claimed(delivered=self.marks.get(owner, -1), taken=stored.sequence if stored else 0)

    def undelivered(self, owner: str, claimed: Claimed) -> list[Record]:
        records = self.store.records(owner)
        return [each for each in records if each["sequence"] > claimed.delivered]

    def append(self, records: Sequence[Record]) -> None:
        self._add(self.logged, records)

    def keep(self, records: Sequence[Record]) -> None:
        self._add(self.archived, records)

    def keep_policy_sets(self, digests: Collection[str] = ()) -> None:
        self.policy_sets.update(digests)

    def publish(self, records: Sequence[Record]) -> None:
        self.published.update(record["event_id"] for record in records)

    def settle(self, owner: str, delivered: int, records: Sequence[Record], now: datetime) -> None:
        del now
        if self.marks.get(owner, -1) != delivered:
            return
        self.marks[owner] = records[-1]["sequence"]
        self.claims.pop(owner, None)
        self.unsealed.update(record["event_id"] for record in records)

    def release(self, owner: str) -> None:
        self.claims.pop(owner, None)

    @staticmethod
    def _add(place: dict[str, list[int]], records: Sequence[Record]) -> None:
        for record in records:
            place.setdefault(record["session_id"], []).append(record["sequence"])
