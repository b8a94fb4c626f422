"""Proves an exported trail offline: no AWS, nobody's word, only the keys that the auditor brings.

From the signed roots downwards: each checkpoint is signed and follows the one before; its leaves
make its root; each leaf has its record and each record its leaf; each record follows the one before
in its session, and was lawful. Stops at the first thing that is wrong.
"""

import base64
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from cli.trail import layout
from cli.trail.checkpoints import (
    Disproof,
    ExportedCheckpoints,
    Shown,
    Trusted,
    check_reach,
    check_witness,
    proven_intervals,
)
from cli.trail.files import Folder, Unreadable, once_each
from cli.trail.law import Law
from cli.trail.layout import Manifest
from cli.trail.records import Chains, Texts, check_end, sealed_record
from pam.domain import merkle, timestamps
from pam.domain.checkpoint import Checkpoint, Interval, Leaf

__all__ = ["Disproof", "Proof", "Span", "Trusted", "check_trail"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What the auditor wants covered, no matter what the trail says of itself."""

    since: datetime | None = None
    until: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Proof:
    """What was proven. `anchored`: by a key that the auditor brought, and not the trail's own."""

    manifest: Manifest
    key_fingerprint: str
    anchored: bool
    records: int = 0
    sessions: int = 0
    size: int = 0
    since: str = ""
    until: str = ""
    cosigned: int = 0
    unwitnessed: int = 0
    """Checkpoints at the end that the witness has not cosigned yet."""
    witnessed_until: str = ""
    witness_age_seconds: int | None = None
    """Of the newest cosigned checkpoint, at the end of the time that was asked for."""
    texts: int = 0
    policy_sets: list[str] = field(default_factory=list)
    """Digests of those that decided: whether they are the bank's is for its reviews to say."""


def check_trail(path: Path, trusted: Trusted, span: Span | None = None) -> Proof:
    """Raises Disproof."""
    try:
        return _checked(Folder(path), trusted, span or Span())
    except Unreadable as error:
        raise Disproof(error.where, error.why) from error


def _checked(folder: Folder, trusted: Trusted, span: Span) -> Proof:
    manifest = Manifest.read(folder)
    public_key = folder.public_key(layout.PUBLIC_KEY)
    proof = Proof(
        manifest=manifest,
        key_fingerprint=layout.fingerprint(public_key),
        anchored=bool(trusted.log_fingerprint),
    )
    if trusted.log_fingerprint and trusted.log_fingerprint != proof.key_fingerprint:
        raise Disproof(layout.PUBLIC_KEY, "not the key that you trust")
    shown = Shown()
    intervals = proven_intervals(
        ExportedCheckpoints(folder),
        range(manifest.first, manifest.last + 1),
        origin=manifest.origin,
        public_key=public_key,
        witness_key=trusted.witness_key,
        shown=shown,
    )
    law = Law(lambda digest: _policy_text(folder, digest))
    _check_records(folder, manifest, intervals, law, proof)
    _check_time(manifest, shown, trusted, span, proof)
    _check_proofs(folder, manifest, proof.records)
    _check_strangers(folder, manifest, law)
    return proof


def _check_records(
    folder: Folder, manifest: Manifest, intervals: Iterator[Interval], law: Law, proof: Proof
) -> None:
    texts, chains = Texts(folder), Chains(folder, from_the_beginning=manifest.first == 1)
    lines = folder.lines(layout.RECORDS)
    for interval in intervals:
        for leaf in interval.leaves:
            if manifest.session_id not in {"", leaf.session_id}:
                continue
            record = sealed_record(lines, leaf)
            for earlier in chains.preceding(leaf):
                texts.see(earlier)
                law.see(earlier)
            place = f"record {leaf.sequence} of {leaf.session_id or leaf.event_id}"
            chains.follow(place, record)
            texts.see(record)
            law.see(record)
            proof.records += 1
    check_end(lines, layout.RECORDS, "a record that no checkpoint sealed")
    chains.check_end()
    if manifest.session_id and not proof.records:
        why = f"no checkpoint here sealed a record of {manifest.session_id}"
        raise Disproof(layout.MANIFEST, why)
    proof.sessions = len(chains.ends)
    proof.policy_sets = sorted(law.digests)
    proof.texts = texts.check()


def _check_time(
    manifest: Manifest, shown: Shown, trusted: Trusted, span: Span, proof: Proof
) -> None:
    """That the checkpoints cover the time of the export, and the time that the auditor asks for."""
    since, until, exported_at = manifest.times
    check_reach(shown, since=since, until=until)
    check_reach(shown, since=span.since or since, until=span.until or until)
    if trusted.witness_key:
        check_witness(shown, max(until, exported_at))
    first, newest = shown.first, shown.newest
    if first is not None and newest is not None:
        proof.since, proof.until = timestamps.render(first.at), timestamps.render(newest.at)
        proof.size = newest.size
    proof.cosigned, proof.unwitnessed = shown.cosigned, shown.unwitnessed
    age = shown.age(until)
    if age is not None and shown.newest_cosigned is not None:
        proof.witnessed_until = timestamps.render(shown.newest_cosigned.at)
        proof.witness_age_seconds = int(age.total_seconds())


def _policy_text(folder: Folder, digest: str) -> str | None:
    name = layout.policy_name(digest)
    return folder.text(name) if folder.has(name) else None


def _check_proofs(folder: Folder, manifest: Manifest, records: int) -> None:
    """The single proofs beside a session's records: each against the checkpoint that it names."""
    if not manifest.session_id:
        if folder.has(layout.PROOFS):
            raise Disproof(layout.PROOFS, "only the trail of one session has proofs")
        return
    proven: set[tuple[str, int, str, str]] = set()
    known: dict[int, Checkpoint] = {}
    for number, line in folder.lines(layout.PROOFS):
        where = f"{layout.PROOFS} line {number}"
        if number > records:
            raise Disproof(where, "more proofs than records")
        try:
            leaf = _proven(folder, json.loads(line, object_pairs_hook=once_each), known)
        except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
            raise Disproof(where, "not a proof") from error
        if leaf is None:
            raise Disproof(where, "the proof does not hold")
        proven.add((leaf.session_id, leaf.sequence, leaf.event_id, leaf.record_hash))
    wanted = {
        (record["session_id"], record["sequence"], record["event_id"], record["hash"])
        for record in (json.loads(line) for _, line in folder.lines(layout.RECORDS))
    }
    if proven != wanted:
        raise Disproof(layout.PROOFS, "not the proofs of these records")


def _proven(folder: Folder, raw: Any, known: dict[int, Checkpoint]) -> Leaf | None:
    """The leaf whose proof this is; None if it proves nothing. Raises what `raw` makes it raise."""
    leaf = Leaf.listed(raw["session_id"], raw["sequence"], raw["event_id"], raw["record_hash"])
    sealed_by, index = int(raw["checkpoint"]), int(raw["index"])
    path = [base64.b64decode(node, validate=True) for node in raw["path"]]
    if sealed_by not in known:
        text = ExportedCheckpoints(folder).interval(sealed_by)
        if text is None:
            return None
        known[sealed_by] = Interval.decode(text).checkpoint
    sealed = known[sealed_by]
    held = merkle.includes(leaf.hashed(), index, sealed.size, path, sealed.root)
    return leaf if held else None


def _check_strangers(folder: Folder, manifest: Manifest, law: Law) -> None:
    """What lies beside the evidence, and belongs to none of it."""
    numbers = range(manifest.first, manifest.last + 1)
    for part, name_of in (
        (layout.CHECKPOINTS, layout.checkpoint_name),
        (layout.COSIGNATURES, layout.cosignature_name),
    ):
        for name in folder.names(part):
            if name in layout.LEFT_BY_A_DESKTOP:
                continue
            number = 0
            with suppress(ValueError):
                number = int(name.partition(".")[0])
            if number not in numbers or f"{part}/{name}" != name_of(number):
                where = f"{part}/{name}"
                raise Disproof(where, "outside of what the manifest covers")
    for name in folder.names(layout.POLICIES):
        expected = name.removesuffix(".json") in law.digests or name in layout.LEFT_BY_A_DESKTOP
        if not expected:
            where = f"{layout.POLICIES}/{name}"
            raise Disproof(where, "a policy set that no record names")
