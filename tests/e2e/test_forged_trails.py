"""Somebody with all rights over the table forges, and the auditor's command names it.

As root of the emulator, who stands for an administrator of the account: the table is theirs, the
archive and the keys of log and witness are not.
"""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from local.cast import Cast, Person, until
from local.state import ROOT
from pam.aws.dynamodb_sessions import DynamoDbSessions
from pam.domain import new_records
from pam.domain.audit_record import Entry, RecordType
from pam.domain.lifecycle import Status
from pam.domain.people import Actor, ActorKind
from pam.ids import new_id
from pam.names import Tables
from pam.policy.compiler import load
from tests.e2e.trails import a_session, key_of, keys, offline

pytestmark = pytest.mark.guarantee("G13")


def table_of(cast: Cast) -> str:
    return str(cast.parameter("/bank/local/mod046/session-store/table-name"))


def items_of(cast: Cast, root: Person, session_id: str) -> list[dict[str, Any]]:
    answer = root.client("dynamodb").query(
        TableName=table_of(cast),
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": f"SESSION#{session_id}"}},
    )
    return list(answer["Items"])


def verified(cast: Cast, session_id: str) -> tuple[int, list[str]]:
    """What the live comparison says of this session; other tests have their own to answer for."""
    done = cast.pam("ada", "audit", "verify", "--json")
    faults = json.loads(done.stdout)["faults"]
    return done.returncode, [fault for fault in faults if session_id in fault]


def test_a_session_that_was_removed_from_the_table_is_named_by_each_record(
    cast: Cast, alice: Person, root: Person
) -> None:
    session_id = a_session(cast, alice, root)
    client, table = root.client("dynamodb"), table_of(cast)
    items = items_of(cast, root, session_id)
    assert verified(cast, session_id)[1] == []
    for item in items:
        client.delete_item(TableName=table, Key={name: item[name] for name in ("pk", "sk")})
    try:
        code, faults = verified(cast, session_id)
    finally:
        # What was delivered first, so that nothing is delivered twice.
        for item in sorted(items, key=lambda each: each["sk"]["S"]):
            client.put_item(TableName=table, Item=item)
    assert code == 1
    assert f"record 1 of {session_id}: in the log group, not in the table" in faults
    assert f"record 7 of {session_id}: sealed by a checkpoint, not in the table" in faults
    assert verified(cast, session_id)[1] == []


ACTIVE = {"status": {"S": "ACTIVE"}}
BESIDE = "its item in the table says something else beside its document"
STATUS = "its status in the table is not what its records tell"


@pytest.mark.parametrize(
    ("beside", "within", "told"),
    [(ACTIVE, {}, [BESIDE]), ({}, ACTIVE, [BESIDE, STATUS])],
)
def test_a_session_made_active_by_one_write_is_named(
    cast: Cast,
    alice: Person,
    root: Person,
    beside: dict[str, Any],
    within: dict[str, Any],
    told: list[str],
) -> None:
    session_id = a_session(cast, alice, root)
    client, table = root.client("dynamodb"), table_of(cast)
    (item,) = (i for i in items_of(cast, root, session_id) if i["sk"]["S"] == "SESSION")
    document = item["document"]["M"] | within
    forged = item | beside | {"document": {"M": document}}
    client.put_item(TableName=table, Item=forged)
    try:
        code, faults = verified(cast, session_id)
    finally:
        client.put_item(TableName=table, Item=item)
    assert code == 1
    assert faults[: len(told)] == [f"{session_id}: {each}" for each in told]


def test_a_session_that_nobody_approved_is_named_though_everything_holds(
    cast: Cast, alice: Person, root: Person, tmp_path: Path
) -> None:
    """Chained as PAM chains, delivered and archived by the auditor, sealed, signed and cosigned."""
    session_id = forged_session(cast, alice, root)
    until(
        lambda: (
            any("-00000004." in key for key in keys(cast, root, f"records/{session_id}/")) or None
        ),
        "all that was forged to be archived",
    )
    cast.checkpoint()
    folder = tmp_path / "export"
    export = cast.pam("ada", "audit", "export", str(folder), "--session", session_id)
    assert export.returncode == 0, export.stderr
    proven = offline(folder, "--key", key_of(cast))
    assert proven.returncode == 1
    assert proven.stderr == (
        f"NOT PROVEN: record 2 of {session_id}: unlawful: Leased: credentials were handed out "
        "while the session was PENDING_APPROVAL\n"
    )
    assert verified(cast, session_id)[1] == [proven.stderr.removeprefix("NOT PROVEN: ").rstrip()]


def forged_session(cast: Cast, alice: Person, root: Person) -> str:
    """Requested, Leased, Revoking, Revoked: as if alice had been let in without any vote."""
    store = DynamoDbSessions(root.client("dynamodb"), Tables.of("local", table_of(cast)))
    asked = store.get(str(alice.request("core-ledger-admin")["session_id"]))
    assert asked is not None
    alice.post("/pam/end", {"session_id": asked.session_id})
    now = datetime.now(UTC)
    version = load(ROOT / "policy", ROOT / "local" / "identities.yaml").digest
    actor = Actor(principal=alice.principal, kind=ActorKind.PERSON)
    kinds = (RecordType.REQUESTED, RecordType.LEASED, RecordType.REVOKING, RecordType.REVOKED)
    entries = tuple(Entry(type=kind, actor=actor, policy_version=version) for kind in kinds)
    begun = replace(asked, session_id=new_id(now), status=Status.REVOKED, sequence=0, last_hash="")
    session, records = new_records.chain(begun, entries, now=now, new_id=new_id)
    store.create(session, records, None)
    return str(session.session_id)
