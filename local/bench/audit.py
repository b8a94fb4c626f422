"""The audit trail: proven offline, one record of it, and carried to where it is kept.

Trails are made up in the form that PAM gives them.
"""

import hashlib
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cli.trail import layout
from cli.trail.files import create_private, make_private_folder, pem, write_private
from local.aws import root_client
from local.bench.bare import Bare
from local.bench.figure import MEGABYTES, Breakdown, Figure, of_seconds
from local.bench.place import Place
from local.bench.rounds import in_turn, timed
from local.cast import until
from local.state import ROOT
from pam.aws import table_keys
from pam.aws.attribute_values import to_item
from pam.aws.audit_outbox import DynamoDbOutbox
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
_CARRIED_SESSIONS = 25
_TOLD = 5
"""Of a session's records, how many go to the bus as well."""
_FEW = 1000
_ROUNDS = 3
_PROVEN_BAR, _MEMORY_BAR, _PATH_BAR, _CARRIED_BAR = 8, 1.5, 3, 3
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


def bench(place: Place) -> Iterator[Figure | Breakdown]:
    with tempfile.TemporaryDirectory() as folder:
        yield from _proven_offline(Path(folder))
    yield _one_proof()
    yield _carried(place)


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


def _proven_offline(folder: Path) -> Iterator[Figure]:
    """Each in a process of its own, which reads no more than that folder."""
    large, small = folder / "large", folder / "small"
    key = _write_trail(large, _RECORDS)
    few = _write_trail(small, _FEW)
    taken = in_turn(
        {
            "proven": lambda: _child("cli.main", "audit", "verify", str(large), "--key", key)[0],
            "bare": lambda: _child("local.bench.bare_proof", str(large))[0],
        },
        _ROUNDS,
    )
    yield of_seconds(
        f"{_RECORDS:,} records proven offline, each step replayed (processor time)",
        taken["proven"],
        "the same lines read as JSON, hashed twice, each checkpoint's signature checked",
        taken["bare"],
        bar=_PROVEN_BAR,
        bound="Each record is decoded, hashed in canonical form, and judged by all before it.",
    )
    yield Figure(
        name="memory for that",
        value=_child("cli.main", "audit", "verify", str(large), "--key", key)[1],
        unit=MEGABYTES,
        reference=f"the same for {_FEW:,} records",
        reference_value=_child("cli.main", "audit", "verify", str(small), "--key", few)[1],
        bar=_MEMORY_BAR,
        bound="What is open of each session is held until its last record.",
        runs=1,
    )


def _child(module: str, *arguments: str) -> tuple[float, float]:
    """Seconds of processor time, and megabytes at most, of `python -m module`."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, module)
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def _write_trail(folder: Path, records: int) -> str:
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


def _one_proof() -> Figure:
    leaves = [leaf_hash(number.to_bytes(8, "big")) for number in range(_LEAVES)]
    growth = Growth(Frontier(), leaves)
    index, root = _LEAVES * 2 // 3, Frontier().grown(leaves).root()
    path = growth.inclusion(index)
    node = b"\x01" + leaves[0] + leaves[1]

    def check() -> None:
        if not includes(leaves[index], index, _LEAVES, path, root):
            message = "a proof that was made does not hold"
            raise AssertionError(message)

    def hashes() -> None:
        for _ in path:
            hashlib.sha256(node).digest()

    taken = in_turn(
        {"check": lambda: timed(check), "hashes": lambda: timed(hashes)},
        _MANY,
    )
    return of_seconds(
        f"one record's proof in a log of {_LEAVES:,}",
        taken["check"],
        f"the {len(path)} hashes on its path",
        taken["hashes"],
        bar=_PATH_BAR,
        bound="Beside the hashes it is Python that walks the path.",
    )


def _carried(place: Place) -> Figure:
    """Seconds a record, from the first one written to the last one delivered everywhere."""
    endpoint = place.cast.about["endpoint_url"]
    table = str(place.cast.parameter("/bank/local/mod046/session-store/table-name"))
    watching = _watching(root_client("lambda", endpoint))
    client = root_client("dynamodb", endpoint)
    outbox = DynamoDbOutbox(client, Tables.of("local", table))
    _set_watching(endpoint, watching, enabled=False)
    try:
        taken = in_turn(
            {
                "carried": partial(_carry, client, table, outbox),
                "bare": partial(_keep_barely, place.bare),
            },
            _ROUNDS,
        )
    finally:
        _set_watching(endpoint, watching, enabled=True)
    return of_seconds(
        "one of many records carried to log group, archive and bus",
        taken["carried"],
        "three bare writes of each session's records, one after the other: log group, archive, bus",
        taken["bare"],
        bar=_CARRIED_BAR,
        bound="Each batch is claimed, read and settled in the table as well, by a function.",
        note=f"{1 / statistics.median(taken['carried']):.0f} a second, from the table on",
    )


def _carry(client: Any, table: str, outbox: DynamoDbOutbox) -> float:
    now = datetime.now(UTC)
    trails = [records_of(n, _OF_A_SESSION, now=now) for n in range(_CARRIED_SESSIONS)]

    def all_there() -> bool | None:
        ids = [records[0]["session_id"] for records in trails]
        return all(outbox.undelivered(one)[0] == _OF_A_SESSION for one in reversed(ids)) or None

    def carry() -> None:
        for records in trails:
            items = [
                {"Put": {"TableName": table, "Item": to_item(table_keys.record_item(r))}}
                for r in records
            ]
            client.transact_write_items(TransactItems=items)
        until(all_there, "the auditor to have carried everything", seconds=120)

    return timed(carry) / (_CARRIED_SESSIONS * _OF_A_SESSION)


def _keep_barely(bare: Bare) -> float:
    now = datetime.now(UTC)
    trails = [
        [canonical_json(record) for record in records_of(n, _OF_A_SESSION, now=now)]
        for n in range(_CARRIED_SESSIONS)
    ]

    def keep() -> None:
        for lines in trails:
            bare.keep(new_id(now), lines, _TOLD)

    return timed(keep) / (_CARRIED_SESSIONS * _OF_A_SESSION)


def _watching(client: Any) -> list[str]:
    """The mappings by which the watch sees the table. The records that are carried here belong to
    no session: each would be a finding, and would be carried as well.
    """
    functions = client.list_functions()["Functions"]
    (watch,) = (each for each in functions if each["Handler"] == "watch_store.handler")
    mappings = client.list_event_source_mappings(FunctionName=watch["FunctionName"])
    return [mapping["UUID"] for mapping in mappings["EventSourceMappings"]]


def _set_watching(endpoint: str, mappings: list[str], *, enabled: bool) -> None:
    client = root_client("lambda", endpoint)
    for each in mappings:
        client.update_event_source_mapping(UUID=each, Enabled=enabled)
