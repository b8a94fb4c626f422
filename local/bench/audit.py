"""The audit trail: proven offline, one record of it, and carried to where it is kept."""

import hashlib
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from local.aws import root_client
from local.bench.bare import Bare
from local.bench.figure import Breakdown, Figure, of_seconds
from local.bench.place import Place
from local.bench.rounds import in_turn, timed
from local.bench.trails import OF_A_SESSION, records_of, write_trail
from local.cast import until
from local.state import ROOT
from pam.aws import table_keys
from pam.aws.attribute_values import to_item
from pam.domain.audit_record import canonical_json
from pam.domain.merkle import Frontier, Growth, includes, leaf_hash
from pam.ids import new_id
from pam.names import Tables

_RECORDS = 100_000
_LEAVES = 1_000_000
_CARRIED_SESSIONS = 25
_TOLD = 5
"""Of a session's records, how many go to the bus as well."""
_ROUNDS = 3
_PROVEN_BAR, _PATH_BAR, _CARRIED_BAR = 8, 3, 3
_MANY = 1000


def bench(place: Place) -> Iterator[Figure | Breakdown]:
    with tempfile.TemporaryDirectory() as folder:
        yield from _proven_offline(Path(folder))
    yield _one_proof()
    yield _carried(place)


def _proven_offline(folder: Path) -> Iterator[Figure]:
    """Each in a process of its own, which reads no more than that folder."""
    large = folder / "large"
    key = write_trail(large, _RECORDS)
    taken = in_turn(
        {
            "proven": lambda: _child("cli.main", "audit", "verify", str(large), "--key", key),
            "bare": lambda: _child("local.bench.bare_proof", str(large)),
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


def _child(module: str, *arguments: str) -> float:
    """Seconds of processor time of `python -m module`."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, module)
    return used.ru_utime + used.ru_stime


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
    marks = Tables.of("local", table).delivered
    _set_watching(endpoint, watching, enabled=False)
    try:
        taken = in_turn(
            {
                "carried": partial(_carry, client, table, marks),
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


def _carry(client: Any, table: str, marks: str) -> float:
    now = datetime.now(UTC)
    trails = [records_of(n, OF_A_SESSION, now=now) for n in range(_CARRIED_SESSIONS)]

    def all_there() -> bool | None:
        ids = [records[0]["session_id"] for records in trails]
        return all(_mark(client, marks, one) == OF_A_SESSION for one in reversed(ids)) or None

    def carry() -> None:
        for records in trails:
            items = [
                {"Put": {"TableName": table, "Item": to_item(table_keys.record_item(r))}}
                for r in records
            ]
            client.transact_write_items(TransactItems=items)
        until(all_there, "the auditor to have carried everything", seconds=120)

    return timed(carry) / (_CARRIED_SESSIONS * OF_A_SESSION)


def _mark(client: Any, table: str, session_id: str) -> int:
    """How far the auditor is with a session."""
    key = to_item(table_keys.delivered_key(session_id))
    item = client.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item", {})
    return int(item.get("sequence", {}).get("N", 0))


def _keep_barely(bare: Bare) -> float:
    now = datetime.now(UTC)
    trails = [
        [canonical_json(record) for record in records_of(n, OF_A_SESSION, now=now)]
        for n in range(_CARRIED_SESSIONS)
    ]

    def keep() -> None:
        for lines in trails:
            bare.keep(new_id(now), lines, _TOLD)

    return timed(keep) / (_CARRIED_SESSIONS * OF_A_SESSION)


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
