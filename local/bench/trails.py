"""Trails that are made up in the form that PAM gives them, about as long a line as PAM's own."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cli.trail import layout
from cli.trail.files import create_private, make_private_folder, pem, write_private
from local.state import ROOT
from pam.domain import checkpoint, signed_note, timestamps
from pam.domain.audit_record import FIRST_PREVIOUS_HASH, Record, canonical_json, hash_of
from pam.domain.checkpoint import Head, Interval, Leaf
from pam.ids import new_id
from pam.names import log_origin
from pam.policy.compiled import CompiledPolicy
from pam.policy.compiler import load

OF_A_SESSION, _OF_AN_INTERVAL = 20, 1000
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_INTERVAL = timedelta(minutes=5)
_BEGINNING = (
    ("Requested", "alice", ""),
    ("Voted", "bob", "approve"),
    ("Voted", "carol", "approve"),
    ("Approved", "carol", ""),
    ("Activating", "", ""),
    ("Activated", "", ""),
    ("Leased", "alice", ""),
)
_ENDING = (("Revoking", "alice", "given back"), ("Ended", "alice", "given back"))
_VOTED = 3
"""The record by which both votes are cast."""


def records_of(number: int, count: int, *, now: datetime) -> list[Record]:
    """A session's trail, lawful from beginning to end, about as long a line as those of PAM."""
    session_id, previous = new_id(now + timedelta(milliseconds=number)), ""
    records: list[Record] = []
    activity = ("Activity", "alice", "s3:GetObject in us-east-1 on an object")
    told = [*_BEGINNING, *[activity] * (count - len(_BEGINNING) - len(_ENDING)), *_ENDING]
    for sequence, (kind, who, detail) in enumerate(told, start=1):
        at = timestamps.render(now + timedelta(seconds=number, milliseconds=sequence))
        approvers = [name for _, name, _ in told[1 : min(sequence, _VOTED)]]
        record: dict[str, Any] = {
            "event_id": new_id(now + timedelta(seconds=number, milliseconds=sequence)),
            "session_id": session_id,
            "sequence": sequence,
            "type": kind,
            "at": at,
            "actor": {
                "principal": _arn(who) if who else "mod046:approval-workflow",
                "kind": "person" if who else "workflow",
                "source_ip": "192.0.2.1",
                "user_agent": "pam/1.0 (cli)",
            },
            "requester": _arn("alice"),
            "resource": "core-ledger-admin",
            "environment": "prod",
            "domain": "bank-core",
            "reason": f"hmac-sha256:{number:064x}",
            "ticket": "INC-1",
            "break_glass": False,
            "approvers": [_arn(name) for name in approvers],
            "outcome": "success",
            "detail": detail,
            "target": {
                "account": "000000000000",
                "region": "eu-west-1",
                "arn": "arn:aws:iam::000000000000:role/pam-target-core-ledger-admin",
            },
            "lease_id": "",
            "access_key_id": "",
            "decision": {"policy_ids": ["prod-needs-two-approvals"], "required": 2, "received": 1},
            "policy_version": _policy().digest,
            "request_id": "",
            "recorded_at": at,
            "schema_version": 1,
            "previous_hash": previous or FIRST_PREVIOUS_HASH,
        }
        previous = hash_of(record)
        records.append(record | {"hash": previous})
    return records


def _arn(name: str) -> str:
    return f"arn:aws:iam::000000000000:user/{name}"


@cache
def _policy() -> CompiledPolicy:
    """As the local stack has it."""
    return load(ROOT / "policy", ROOT / "local" / "identities.yaml")


def write_trail(folder: Path, records: int) -> str:
    """The fingerprint of its key."""
    folder.mkdir()
    key, origin, head = ec.generate_private_key(ec.SECP256R1()), log_origin("bench"), Head()
    public_key = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    for part in (layout.CHECKPOINTS, layout.COSIGNATURES, layout.POLICIES):
        make_private_folder(folder / part)
    write_private(folder / layout.PUBLIC_KEY, pem(public_key))
    write_private(folder / layout.policy_name(_policy().digest), _policy().to_json())
    with create_private(folder / layout.RECORDS) as output:
        for some in _many(records // _OF_AN_INTERVAL):
            leaves = [Leaf.of(record) for record in some]
            output.writelines(f"{canonical_json(record)}\n".encode() for record in some)
            now = _BEGIN + _INTERVAL * (head.number + 1)
            drawn, growth = checkpoint.drawn_up(
                head, leaves, origin=origin, now=now, interval=_INTERVAL
            )
            line = signed_note.signature_line(
                origin,
                signed_note.log_key_id(public_key),
                key.sign(drawn.text().encode(), ec.ECDSA(SHA256())),
            )
            interval = Interval(
                note=signed_note.note_of(drawn.text(), line),
                before=head.frontier,
                leaves=tuple(leaves),
                consistency=tuple(growth.consistency()),
            )
            write_private(folder / layout.checkpoint_name(drawn.number), interval.encode() + "\n")
            head = interval.head
    layout.Manifest(
        origin=origin,
        first=1,
        last=head.number,
        session_id="",
        since=timestamps.render(_BEGIN),
        until=timestamps.render(head.at or _BEGIN),
        exported_at=timestamps.render(head.at or _BEGIN),
    ).write(folder)
    return layout.fingerprint(public_key)


def _many(intervals: int) -> Iterator[list[Record]]:
    sessions = _OF_AN_INTERVAL // OF_A_SESSION
    for interval in range(intervals):
        yield [
            record
            for number in range(interval * sessions, (interval + 1) * sessions)
            for record in records_of(number, OF_A_SESSION, now=_BEGIN)
        ]
