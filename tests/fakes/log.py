"""The log of PAM in memory: the places that records go to, and what reads them back."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from local import crowd
from pam import signatures
from pam.domain import new_records, timestamps
from pam.domain.audit_record import Entry, Record, RecordType, canonical_json
from pam.domain.checkpoint import Head, Leaf
from pam.domain.errors import Code, StaleHead, WitnessRefused
from pam.domain.people import Actor, ActorKind
from pam.domain.session import Session
from pam.ids import new_id
from pam.operations.seal_records import Notary, have_witnessed, seal_records
from pam.operations.witness_checkpoint import witness_checkpoint
from pam.ports.audit import Seen
from tests.fakes.story import COMPILED, NOON, Story

INTERVAL = timedelta(minutes=5)
ORIGIN, WITNESS = "mod046.pam/test", "mod046.pam-witness/test"
BOB = Actor(principal="arn:aws:iam::000000000000:user/bob", kind=ActorKind.PERSON)


def a_refusal(detail: str = "no", now: datetime = NOON) -> Record:
    """Of bob, and of no session."""
    return new_records.refusal(
        entry=Entry(type=RecordType.REFUSED, actor=BOB, detail=detail),
        code=Code.NOT_ELIGIBLE,
        resource="",
        requester=BOB.principal,
        now=now,
        new_id=new_id,
    )


class Signer:
    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    def public_key(self) -> bytes:
        return self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, text: str) -> bytes:
        return self._key.sign(text.encode(), ec.ECDSA(SHA256()))


class CosignerKey:
    def __init__(self) -> None:
        self._key = ed25519.Ed25519PrivateKey.generate()

    def public_key(self) -> bytes:
        return self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


@dataclass
class FakeArchive:
    """`ports.audit.AuditArchive` and `ports.audit.CheckpointArchive`; nothing is ever replaced."""

    objects: dict[str, list[str]] = field(default_factory=dict)
    """Lines by owner."""
    intervals: dict[int, str] = field(default_factory=dict)
    cosignatures: dict[int, str] = field(default_factory=dict)
    policy_sets: dict[str, str] = field(default_factory=dict)

    def keep(self, records: Sequence[Record]) -> None:
        owner = records[0]["session_id"] or records[0]["event_id"]
        self.objects.setdefault(owner, []).extend(canonical_json(record) for record in records)

    def add_interval(self, number: int, text: str) -> str:
        return self.intervals.setdefault(number, text)

    def newest_interval(self) -> int:
        return max(self.intervals, default=0)

    def interval(self, number: int) -> str | None:
        return self.intervals.get(number)

    def policy_set(self, digest: str) -> str | None:
        return self.policy_sets.get(digest)

    def cosignature(self, number: int) -> str | None:
        return self.cosignatures.get(number)

    def add_cosignature(self, number: int, line: str) -> None:
        self.cosignatures.setdefault(number, line)


@dataclass
class FakeCheckpoints:
    """`ports.audit.Unsealed` and `ports.audit.LogHead`."""

    waiting: dict[tuple[str, int, str], Leaf] = field(default_factory=dict)
    newest: Head = field(default_factory=Head)

    def put(self, records: Sequence[Record]) -> None:
        for leaf in map(Leaf.of, records):
            self.waiting[leaf.session_id, leaf.sequence, leaf.event_id] = leaf

    def leaves(self, limit: int) -> list[Leaf]:
        return [self.waiting[key] for key in sorted(self.waiting)[:limit]]

    def remove(self, leaves: Sequence[Leaf]) -> None:
        for leaf in leaves:
            self.waiting.pop((leaf.session_id, leaf.sequence, leaf.event_id), None)

    def head(self) -> Head:
        return self.newest

    def advance(self, before: Head, after: Head) -> None:
        if self.newest != before:
            raise StaleHead
        self.newest = after


@dataclass
class FakeWitness:
    """`ports.audit.Witness` by the real operation, with its memory at hand."""

    key: CosignerKey = field(default_factory=CosignerKey)
    memory: dict[str, Seen] = field(default_factory=dict)
    now: datetime = NOON

    def seen(self, origin: str) -> int:
        return self.memory[origin].number if origin in self.memory else 0

    def cosign(self, note: str, consistency: Sequence[bytes], public_key: bytes) -> str:
        try:
            return witness_checkpoint(
                note,
                consistency,
                public_key,
                name=WITNESS,
                now=self.now,
                memory=self,
                verify=signatures.log_signed,
                cosigner=self.key,
            )
        except StaleHead as first:
            # As the function answers.
            raise WitnessRefused from first

    def recall(self, origin: str) -> Seen | None:
        return self.memory.get(origin)

    def remember(self, origin: str, before: Seen | None, after: Seen) -> None:
        if self.memory.get(origin) != before:
            raise StaleHead
        self.memory[origin] = after


@dataclass
class Log:
    """Records as they come, checkpoints as they are due, and all the places to look at."""

    story: Story = field(default_factory=Story)
    archive: FakeArchive = field(default_factory=FakeArchive)
    checkpoints: FakeCheckpoints = field(default_factory=FakeCheckpoints)
    witness: FakeWitness = field(default_factory=FakeWitness)
    signer: Signer = field(default_factory=Signer)
    lines: list[str] = field(default_factory=list)
    """Of the log group."""
    lone: dict[str, Record] = field(default_factory=dict)
    odd: set[str] = field(default_factory=set)
    """Sessions of whose item somebody changed what stands beside the document."""
    interval: timedelta = INTERVAL

    @property
    def notary(self) -> Notary:
        return Notary(origin=ORIGIN, signer=self.signer, interval=self.interval)

    def deliver(self, records: Sequence[Record]) -> None:
        self.archive.policy_sets[COMPILED.digest] = COMPILED.to_json()
        self.lines += [canonical_json(record) for record in records]
        self.archive.keep(records)
        self.checkpoints.put(records)

    def open(self, reason: str = "ledger stuck, see INC-1") -> Session:
        """Somebody new asks whenever one person has as many as they may."""
        turn = len(self.story.store.sessions) // crowd.SESSIONS_EACH
        session = self.story.request(who=crowd.ENGINEERS[turn], reason=reason)
        self.deliver(self.story.store.records(session.session_id))
        return session

    def act(self, session: Session, count: int = 1) -> Session:
        """So many more records of the session, of what need not be lawful to be recorded."""
        stored = self.story.store.sessions[session.session_id]
        entries = tuple(
            Entry(type=RecordType.REFUSED, actor=BOB, detail=f"approve {n}") for n in range(count)
        )
        after, records = new_records.chain(
            stored, entries, now=self.story.later(seconds=1), new_id=new_id
        )
        self.story.store.save(stored, after, records)
        self.deliver(records)
        return after

    def forge(self, session_id: str, *entries: Entry, **facts: Any) -> None:
        """Records of what did not happen, chained and delivered as PAM would: by somebody who can
        write the table, or who runs PAM's code. `facts` are claimed of it.
        """
        stored = self.story.store.sessions[session_id]
        claimed = replace(stored, **facts)
        after, records = new_records.chain(claimed, entries, now=self.story.now, new_id=new_id)
        self.story.store.save(stored, after, records)

    def remake(self, session: Session) -> None:
        """The session from nothing, under whatever id it has."""
        asked = Entry(
            type=RecordType.REQUESTED,
            actor=Actor(principal=session.requester, kind=ActorKind.PERSON),
            policy_version=COMPILED.digest,
        )
        begun = replace(session, sequence=0, last_hash="")
        after, records = new_records.chain(begun, (asked,), now=self.story.now, new_id=new_id)
        self.story.store.create(after, records, None)

    def carry(self) -> None:
        """Delivers what has not been delivered of any session."""
        for session_id in self.story.store.sessions:
            known = len(self.archive.objects.get(session_id, []))
            records = self.story.store.records(session_id)[known:]
            if records:
                self.deliver(records)

    def refuse(self) -> Record:
        """A refusal that belongs to no session."""
        record = a_refusal("POST /pam/request: no", self.story.later(seconds=1))
        self.lone[record["event_id"]] = record
        self.deliver([record])
        return record

    def seal(self, *, witnessed: bool = True) -> Head:
        sealed = seal_records(
            now=self.story.later(minutes=5),
            unsealed=self.checkpoints,
            log=self.checkpoints,
            archive=self.archive,
            notary=self.notary,
        )
        if witnessed:
            self.have_witnessed()
        return sealed.head

    def have_witnessed(self, head: Head | None = None) -> int:
        return have_witnessed(
            head or self.checkpoints.newest,
            log=self.checkpoints,
            archive=self.archive,
            notary=self.notary,
            witness=self.witness,
        )

    # What `pam audit export` and `pam audit verify` read.

    @property
    def origin(self) -> str:
        return ORIGIN

    def head(self) -> Head:
        return self.checkpoints.newest

    def public_key(self) -> bytes:
        return self.signer.public_key()

    def session_of(self, session_id: str) -> Session | None:
        return self.story.store.get(session_id)

    def whole_session(self, session_id: str) -> tuple[Session, bool] | None:
        session = self.session_of(session_id)
        return session and (session, session_id not in self.odd)

    def archived_records(self, session_id: str, event_id: str = "") -> list[str]:
        return list(self.archive.objects.get(session_id or event_id, []))

    def sessions_since(
        self, first_id: str, last_id: str, *, person: str = "", resource: str = ""
    ) -> Iterator[str]:
        for name, one in sorted(self.story.store.sessions.items()):
            theirs = person in {"", one.requester_name} and resource in {"", one.resource}
            if first_id <= name <= last_id and theirs:
                yield name

    def archived_owners(self, first_id: str, last_id: str) -> Iterator[tuple[str, str]]:
        for owner in sorted(self.archive.objects):
            alone = json.loads(self.archive.objects[owner][0])["session_id"] == ""
            if first_id <= owner <= last_id:
                yield ("", owner) if alone else (owner, "")

    def table_records(self, session_id: str) -> list[Record]:
        return self.story.store.records(session_id)

    def lone_record(self, event_id: str) -> Record | None:
        return self.lone.get(event_id)

    def logged_lines(self, since: datetime, until: datetime) -> Iterator[str]:
        first, last = timestamps.render(since), timestamps.render(until)
        for line in self.lines:
            raw = line[line.find('"recorded_at":"') + 15 :][: len(first)]
            if not line.startswith("{") or first <= raw <= last:
                yield line


def a_log(sessions: int, records_each: int, *, per_checkpoint: int = 5) -> Log:
    """Sessions that take turns, with refusals in between and an interval of silence."""
    log = Log()
    for number in range(sessions):
        session = log.open(reason=f"ledger stuck, see INC-{number}: Zürich \u2028 straße")
        log.act(session, records_each - 1)
        if number % per_checkpoint == 0:
            log.refuse()
            log.seal()
    log.seal()
    log.seal()
    return log
