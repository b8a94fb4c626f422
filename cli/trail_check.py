"""Proves an exported trail offline: no AWS, nobody's word, only the log's public key.

From the signed roots downwards: each checkpoint is signed and follows the one before; its leaves
make its root; each leaf has its record and each record its leaf; each record follows the one before
in its session. Stops at the first thing that is wrong.
"""

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli import trail
from cli.trail import Manifest, Unreadable
from pam.domain import checkpoint, merkle
from pam.domain.audit_record import FIRST_PREVIOUS_HASH, canonical_json, hash_of
from pam.domain.checkpoint import Checkpoint, Head, Interval, Leaf, Malformed
from pam.domain.free_text import commitment, commitments_in
from pam.names import witness_name


class Disproof(Exception):
    """What is wrong, and where: the first thing that does not hold."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where = where
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusted:
    """What the auditor brings along. Empty: the trail's own key is taken, and shown."""

    log_fingerprint: str = ""
    witness_key: bytes = b""


@dataclass(slots=True, kw_only=True)
class Proof:
    """What was proven."""

    manifest: Manifest
    key_fingerprint: str
    records: int = 0
    sessions: int = 0
    size: int = 0
    since: str = ""
    until: str = ""
    cosigned: int = 0
    unwitnessed: int = 0
    """Checkpoints at the end that the witness has not cosigned yet."""
    texts: int = 0


@dataclass(slots=True)
class _Chains:
    """Where each session's chain has come to."""

    from_the_beginning: bool
    ends: dict[str, tuple[int, str]] = field(default_factory=dict)

    def check(self, where: str, leaf: Leaf, previous_hash: str) -> None:
        if not leaf.session_id:
            if (leaf.sequence, previous_hash) != (0, FIRST_PREVIOUS_HASH):
                raise Disproof(where, "a record of no session, with a place in one")
            return
        end = self.ends.get(leaf.session_id)
        if end is None and not self.from_the_beginning and leaf.sequence > 1:
            end = (leaf.sequence - 1, previous_hash)
        sequence, last_hash = end or (0, FIRST_PREVIOUS_HASH)
        if leaf.sequence != sequence + 1:
            raise Disproof(where, f"out of sequence: record {sequence + 1} should stand here")
        if previous_hash != last_hash:
            raise Disproof(where, "it does not follow the record before it in its session")
        self.ends[leaf.session_id] = (leaf.sequence, leaf.record_hash)


def check_trail(folder: Path, trusted: Trusted) -> Proof:
    """Raises Disproof."""
    try:
        return _checked(folder, trusted)
    except Unreadable as error:
        raise Disproof(error.where, error.why) from error


def _checked(folder: Path, trusted: Trusted) -> Proof:
    manifest = Manifest.read(folder)
    public_key = trail.read_pem(folder / trail.PUBLIC_KEY)
    proof = Proof(manifest=manifest, key_fingerprint=trail.fingerprint(public_key))
    if trusted.log_fingerprint and trusted.log_fingerprint != proof.key_fingerprint:
        raise Disproof(trail.PUBLIC_KEY, "not the key that you trust")
    texts = _Texts(folder)
    chains = _Chains(from_the_beginning=manifest.first == 1)
    lines = _lines(folder / trail.RECORDS)
    for interval in _intervals(folder, manifest, public_key, trusted, proof):
        for leaf in interval.leaves:
            if manifest.session_id in {"", leaf.session_id}:
                record = _record(lines, leaf)
                chains.check(_place(leaf), leaf, str(record["previous_hash"]))
                texts.see(record)
                proof.records += 1
    for number, _ in lines:
        where = f"{trail.RECORDS} line {number}"
        raise Disproof(where, "a record that no checkpoint sealed")
    proof.sessions = len(chains.ends)
    proof.texts = texts.check()
    _check_proofs(folder, manifest)
    _check_strangers(folder, manifest)
    return proof


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Numbered from 1. Only a line feed ends one: texts may hold other line separators."""
    if not path.exists():
        raise Unreadable(path.name, "missing")
    with path.open("rb") as opened:
        yield from enumerate(opened, start=1)


def _place(leaf: Leaf) -> str:
    return f"record {leaf.sequence} of {leaf.session_id or leaf.event_id}"


def _intervals(
    folder: Path, manifest: Manifest, public_key: bytes, trusted: Trusted, proof: Proof
) -> Iterator[Interval]:
    """Each interval, once it is proven to be the log's and to follow the one before."""
    head: Head | None = Head() if manifest.first == 1 else None
    for number in range(manifest.first, manifest.last + 1):
        where = f"checkpoint {number}"
        try:
            interval = _archived(folder, number)
            sealed = interval.checkpoint
        except Malformed as error:
            raise Disproof(where, str(error)) from error
        except Unreadable as error:
            raise Disproof(where, error.why) from error
        _check_signature(where, interval, sealed, manifest, public_key)
        if sealed.number != number:
            raise Disproof(where, f"it is checkpoint {sealed.number}")
        if head is None:
            # The first one shown: its signed root says what came before.
            head = Head(number=number - 1, frontier=interval.before, hashed=sealed.previous)
        if not interval.follows(head):
            raise Disproof(where, "its root is not that of its leaves after the one before")
        if head.at is not None and sealed.at <= head.at:
            raise Disproof(where, "its time is not after that of the one before")
        if not merkle.extends(
            interval.before.size,
            interval.before.root(),
            sealed.size,
            sealed.root,
            interval.consistency,
        ):
            raise Disproof(where, "its consistency proof does not hold")
        _count_witness(folder, number, sealed, trusted, proof)
        head = interval.head
        at = sealed.text().splitlines()[4].removeprefix("time ")
        proof.since, proof.until, proof.size = proof.since or at, at, sealed.size
        yield interval


def _archived(folder: Path, number: int) -> Interval:
    """Raises Malformed, Unreadable."""
    text = trail.read_text(trail.checkpoint_path(folder, number))
    if not text.endswith("\n"):
        message = "not an interval of the log in its one form"
        raise Malformed(message)
    return Interval.decode(text)


def _check_signature(
    where: str, interval: Interval, sealed: Checkpoint, manifest: Manifest, public_key: bytes
) -> None:
    from pam.signatures import log_signed

    if sealed.origin != manifest.origin:
        raise Disproof(where, f"of another log: {sealed.origin}")
    text, lines = checkpoint.split_note(interval.note)
    key_id = checkpoint.log_key_id(public_key)
    signatures = checkpoint.signatures_by(sealed.origin, key_id, lines)
    if len(lines) != 1 or not any(log_signed(public_key, text, one) for one in signatures):
        raise Disproof(where, "not signed by the log's key")


def _count_witness(
    folder: Path, number: int, sealed: Checkpoint, trusted: Trusted, proof: Proof
) -> None:
    """With the witness's key: every checkpoint must be cosigned, but for the newest, which the
    witness may not have been asked about yet.
    """
    from pam.signatures import witness_signed

    path = trail.cosignature_path(folder, number)
    if not trusted.witness_key:
        return
    if not path.exists():
        proof.unwitnessed += 1
        return
    where = f"checkpoint {number}"
    if proof.unwitnessed:
        raise Disproof(where, "cosigned, though one before it is not")
    name = witness_name(sealed.origin.rpartition("/")[2])
    key_id = checkpoint.cosigner_key_id(name, trusted.witness_key)
    found = checkpoint.signatures_by(name, key_id, [trail.read_text(path)])
    for blob in found:
        seconds, signature = int.from_bytes(blob[:8], "big"), blob[8:]
        message = checkpoint.cosigned_message(sealed.text(), seconds)
        if witness_signed(trusted.witness_key, message, signature):
            proof.cosigned += 1
            return
    raise Disproof(where, "not cosigned by the witness's key")


def _record(lines: Iterator[tuple[int, bytes]], leaf: Leaf) -> dict[str, Any]:
    """The next record, which must be this leaf's."""
    place = _place(leaf)
    number, line = next(lines, (0, b""))
    if not number:
        raise Disproof(place, "missing, though a checkpoint sealed it")
    where = f"{trail.RECORDS} line {number}"
    try:
        text = line.decode("utf-8")
        record: dict[str, Any] = json.loads(text)
        shown = Leaf.of(record)
        digest = hash_of(record)
        rendered = f"{canonical_json(record)}\n"
    except (LookupError, RecursionError, TypeError, ValueError) as error:
        raise Disproof(where, f"not an audit record; {place} should stand here") from error
    if (shown.session_id, shown.sequence, shown.event_id) != (
        leaf.session_id,
        leaf.sequence,
        leaf.event_id,
    ):
        raise Disproof(where, f"{place} should stand here, not {_place(shown)}")
    if digest != shown.record_hash:
        raise Disproof(where, f"{place} was changed: its content does not have its hash")
    if digest != leaf.record_hash:
        raise Disproof(where, f"{place} is not the one that was sealed")
    if rendered != text:
        raise Disproof(where, f"{place} is not written in its one form")
    return record


class _Texts:
    """The texts that people wrote, against the commitments of the records."""

    def __init__(self, folder: Path) -> None:
        path = folder / trail.TEXTS
        raw = trail.read_json(path) if path.exists() else {}
        try:
            self._known = {
                (session_id, commitment(entry["key"], text))
                for session_id, entry in raw.items()
                for text in entry["texts"]
            }
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise Unreadable(trail.TEXTS, "not the texts of an exported trail") from error
        self._seen: set[tuple[str, str]] = set()

    def see(self, record: dict[str, Any]) -> None:
        for found in commitments_in(str(record["reason"]), str(record["detail"])):
            self._seen.add((str(record["session_id"]), found))

    def check(self) -> int:
        for session_id, _ in sorted(self._known - self._seen):
            raise Disproof(trail.TEXTS, f"a text of {session_id} that no record commits to")
        return len(self._known)


def _check_proofs(folder: Path, manifest: Manifest) -> None:
    """The single proofs beside a session's records: each against the checkpoint that it names."""
    path = folder / trail.PROOFS
    if not manifest.session_id:
        return
    proven: set[tuple[str, int, str, str]] = set()
    known: dict[int, Checkpoint] = {}
    for number, line in _lines(path):
        where = f"{trail.PROOFS} line {number}"
        try:
            raw = json.loads(line)
            leaf = Leaf.listed(
                raw["session_id"], raw["sequence"], raw["event_id"], raw["record_hash"]
            )
            hashed = leaf.hashed()
            sealed_by = int(raw["checkpoint"])
            if sealed_by not in known:
                known[sealed_by] = _archived(folder, sealed_by).checkpoint
            sealed = known[sealed_by]
            proven_path = [base64.b64decode(node, validate=True) for node in raw["path"]]
            index = int(raw["index"])
        except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
            raise Disproof(where, "not a proof") from error
        if not merkle.includes(hashed, index, sealed.size, proven_path, sealed.root):
            raise Disproof(where, "the proof does not hold")
        proven.add((leaf.session_id, leaf.sequence, leaf.event_id, leaf.record_hash))
    wanted = {
        (record["session_id"], record["sequence"], record["event_id"], record["hash"])
        for record in (json.loads(line) for _, line in _lines(folder / trail.RECORDS))
    }
    if proven != wanted:
        raise Disproof(trail.PROOFS, "not the proofs of these records")


def _check_strangers(folder: Path, manifest: Manifest) -> None:
    """Checkpoints that lie there and were not asked about."""
    expected = {
        trail.checkpoint_path(folder, number).name
        for number in range(manifest.first, manifest.last + 1)
    }
    strange: Iterable[str] = {path.name for path in (folder / trail.CHECKPOINTS).iterdir()}
    for name in sorted(set(strange) - expected):
        where = f"{trail.CHECKPOINTS}/{name}"
        raise Disproof(where, "outside of what the manifest covers")
