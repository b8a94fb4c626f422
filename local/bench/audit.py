"""Measures the audit trail, on this machine; prints figures and asserts nothing.

`python -m local bench-audit [--state-dir DIR]`. Trails are made up in the form that PAM gives them.
"""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from rich.console import Console
from rich.table import Table

from cli.trail import layout
from cli.trail.files import create_private, make_private_folder, pem, write_private
from local.aws import root_client
from local.cast import Cast, until
from local.stack import down, up
from local.state import ROOT
from pam.aws import table_keys
from pam.aws.attribute_values import to_item
from pam.domain import checkpoint, timestamps
from pam.domain.audit_record import FIRST_PREVIOUS_HASH, Record, canonical_json, hash_of
from pam.domain.checkpoint import Head, Interval, Leaf
from pam.domain.merkle import Frontier, Growth, includes, leaf_hash
from pam.ids import new_id
from pam.names import Tables, log_origin
from pam.policy.compiled import CompiledPolicy
from pam.policy.compiler import load

_RECORDS, _OF_A_SESSION, _OF_AN_INTERVAL = 100_000, 20, 1000
_LEAVES = 1_000_000
_CARRIED_SESSIONS = 100
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_INTERVAL = timedelta(minutes=5)
_MANY = 1000
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


def bench_audit(state_dir: Path) -> int:
    console = Console(highlight=False)
    table = Table("figure", "measured", "bar", title="audit, on this machine", title_justify="left")
    with tempfile.TemporaryDirectory() as folder:
        seconds, megabytes = _verified(Path(folder))
    table.add_row(f"{_RECORDS:,} records proven offline", f"{seconds:.1f} s", "10 s")
    table.add_row("memory for that", f"{megabytes:.0f} MB", "300 MB")
    table.add_row(f"one record of {_LEAVES:,} checked", f"{_one_proof() * 1e6:.0f} us", "1 ms")
    try:
        up(state_dir, tell=lambda line: console.print(f"  {line}", style="dim"), hand_over=False)
        rate = _carried(Cast(state_dir))
    finally:
        down(state_dir)
    table.add_row("records carried to log, archive and bus", f"{rate:.0f} a second", "200 a second")
    console.print(table)
    return 0


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


def _verified(folder: Path) -> tuple[float, float]:
    """Seconds and megabytes of a process of its own."""
    key = _write_trail(folder)
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "cli.main", "audit", "verify", str(folder), "--key", key],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    seconds = time.perf_counter() - began
    return seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def _write_trail(folder: Path) -> str:
    """The fingerprint of its key."""
    key, origin, head = ec.generate_private_key(ec.SECP256R1()), log_origin("bench"), Head()
    public_key = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    for part in (layout.CHECKPOINTS, layout.COSIGNATURES, layout.POLICIES):
        make_private_folder(folder / part)
    write_private(folder / layout.PUBLIC_KEY, pem(public_key))
    write_private(folder / layout.policy_name(_policy().digest), _policy().to_json())
    with create_private(folder / layout.RECORDS) as output:
        for some in _many(_RECORDS // _OF_AN_INTERVAL):
            leaves = [Leaf.of(record) for record in some]
            output.writelines(f"{canonical_json(record)}\n".encode() for record in some)
            now = _BEGIN + _INTERVAL * (head.number + 1)
            drawn, growth = checkpoint.drawn_up(
                head, leaves, origin=origin, now=now, interval=_INTERVAL
            )
            line = checkpoint.signature_line(
                origin,
                checkpoint.log_key_id(public_key),
                key.sign(drawn.text().encode(), ec.ECDSA(SHA256())),
            )
            interval = Interval(
                note=checkpoint.note_of(drawn.text(), line),
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
    sessions = _OF_AN_INTERVAL // _OF_A_SESSION
    for interval in range(intervals):
        yield [
            record
            for number in range(interval * sessions, (interval + 1) * sessions)
            for record in records_of(number, _OF_A_SESSION, now=_BEGIN)
        ]


def _one_proof() -> float:
    """Seconds to check one inclusion proof."""
    leaves = [leaf_hash(number.to_bytes(8, "big")) for number in range(_LEAVES)]
    growth = Growth(Frontier(), leaves)
    index, root = _LEAVES * 2 // 3, Frontier().grown(leaves).root()
    path = growth.inclusion(index)
    began = time.perf_counter()
    for _ in range(_MANY):
        if not includes(leaves[index], index, _LEAVES, path, root):
            message = "a proof that was made does not hold"
            raise AssertionError(message)
    return (time.perf_counter() - began) / _MANY


def _carried(cast: Cast) -> float:
    """Records a second, from the first one written to the last one delivered everywhere."""
    endpoint = cast.about["endpoint_url"]
    client = root_client("dynamodb", endpoint)
    table = str(cast.parameter("/bank/local/mod046/session-store/table-name"))
    now = datetime.now(UTC)
    marks = Tables.of("local", table).delivered
    _leave_unwatched(root_client("lambda", endpoint))
    trails = [records_of(n, _OF_A_SESSION, now=now) for n in range(_CARRIED_SESSIONS)]
    began = time.perf_counter()
    for records in trails:
        items = [
            {"Put": {"TableName": table, "Item": to_item(table_keys.record_item(r))}}
            for r in records
        ]
        client.transact_write_items(TransactItems=items)

    def all_there() -> bool | None:
        ids = [records[0]["session_id"] for records in trails]
        return all(_mark(client, marks, one) == _OF_A_SESSION for one in reversed(ids)) or None

    until(all_there, "the auditor to have carried everything", seconds=120)
    return _CARRIED_SESSIONS * _OF_A_SESSION / (time.perf_counter() - began)


def _mark(client: Any, table: str, session_id: str) -> int:
    """How far the auditor is with a session."""
    key = to_item(table_keys.delivered_key(session_id))
    item = client.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item", {})
    return int(item.get("sequence", {}).get("N", 0))


def _leave_unwatched(client: Any) -> None:
    """The records that are carried here belong to no session: each would be a finding, and would be
    carried as well.
    """
    functions = client.list_functions()["Functions"]
    (watch,) = (each for each in functions if each["Handler"] == "watch_store.handler")
    mappings = client.list_event_source_mappings(FunctionName=watch["FunctionName"])
    for mapping in mappings["EventSourceMappings"]:
        client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
