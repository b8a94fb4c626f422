"""The trail as an auditor has it: archived beyond reach, sealed, exported, proven."""

import csv
import io
import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cli.trail import layout
from local.cast import Cast, NotSeenError, Person, is_refused, until
from tests.e2e.trails import REASON, a_session, bucket, key_of, keys, offline

pytestmark = pytest.mark.guarantee("G13")


@pytest.fixture(scope="module")
def since(cast: Cast) -> str:
    """Other tests of this stack forge, as somebody who may: what they left is sealed before."""
    cast.checkpoint()
    return datetime.now(UTC).isoformat()


@pytest.fixture(scope="module")
def sealed(cast: Cast, since: str) -> str:
    return a_session(cast, cast.person("alice"), cast.person("root"))


def test_an_auditor_exports_a_session_and_proves_it_without_aws(
    cast: Cast, sealed: str, tmp_path: Path
) -> None:
    folder = tmp_path / "export"
    exported = cast.pam("ada", "audit", "export", str(folder), "--session", sealed)
    assert exported.returncode == 0, exported.stderr
    assert REASON not in (folder / layout.RECORDS).read_text(encoding="utf-8")
    assert REASON in (folder / layout.TEXTS).read_text(encoding="utf-8")
    proven = offline(folder, "--key", key_of(cast))
    assert proven.returncode == 0, proven.stderr
    assert proven.stdout.startswith("PROVEN: 7 records")
    assert f"--key {key_of(cast)}" in exported.stdout
    told = offline(folder, "--json")
    assert (told.returncode, json.loads(told.stdout)["proven"]) == (7, False)
    assert told.stderr.startswith("NOT ANCHORED: ")
    records = folder / layout.RECORDS
    records.write_bytes(records.read_bytes().replace(b'"Leased"', b'"leased"'))
    wrong = offline(folder)
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert wrong.stderr.startswith(f"NOT PROVEN: records.jsonl line 5: record 5 of {sealed} was")


def test_the_witness_has_cosigned_what_is_exported(
    cast: Cast, sealed: str, root: Person, tmp_path: Path
) -> None:
    folder, key = tmp_path / "export", tmp_path / "witness.der"
    answer = root.client("kms").get_public_key(KeyId="alias/pam-local-witness")
    key.write_bytes(answer["PublicKey"])
    assert cast.pam("ada", "audit", "export", str(folder), "--session", sealed).returncode == 0
    anchors = ("--key", key_of(cast), "--witness-key", str(key))
    proven = offline(folder, *anchors, "--json")
    assert proven.returncode == 0, proven.stderr
    assert json.loads(proven.stdout)["cosigned"] > 0
    for cosignature in (folder / layout.COSIGNATURES).iterdir():
        cosignature.unlink()
    wrong = offline(folder, *anchors)
    assert (wrong.returncode, "cosign" in wrong.stderr) == (1, True)


def test_all_of_a_time_is_exported_for_a_siem_too(
    cast: Cast, since: str, sealed: str, tmp_path: Path
) -> None:
    folder = tmp_path / "all"
    exported = cast.pam(
        "ada", "audit", "export", str(folder), "--from", since, "--format", "ocsf", "--json"
    )
    assert exported.returncode == 0, exported.stderr
    events = [json.loads(line) for line in (folder / "ocsf.jsonl").read_text().splitlines()]
    assert len(events) == json.loads(exported.stdout)["records"]
    # PAM may tell just then of what other tests of this stack did before; that is of other classes.
    of_session = [event for event in events if sealed in json.dumps(event)]
    assert {event["class_uid"] for event in of_session} == {3001, 3003}
    assert offline(folder, "--key", key_of(cast)).returncode == 0
    told = offline(folder, "--from", since, "--key", key_of(cast), "--json", act="report")
    assert told.returncode == 0, told.stderr
    report = json.loads(told.stdout)
    assert report["head"]["proof"]["verdict"] == "PROVEN"
    (line,) = [one for one in report["sessions"] if one["session_id"] == sealed]
    assert (line["status"], line["reason"], line["fault"]) == ("ENDED", REASON, "")


def test_one_persons_report_is_made_of_the_stores(cast: Cast, since: str, sealed: str) -> None:
    asked = ("--from", since, "--who", "alice", "--resource", "core-sandbox-admin")
    told = cast.pam("ada", "audit", "report", *asked, "--format", "csv")
    rows = csv.DictReader(io.StringIO(told.stdout))
    (row,) = [row for row in rows if row["session_id"] == sealed]
    assert (row["person"], row["status"], row["reason"]) == ("alice", "ENDED", REASON)
    assert (row["receipt_method"], row["receipt_proven"]) == ("deny-read-back", "yes")
    assert f"SHA256:{key_of(cast)}" in told.stderr or "NOT PROVEN" in told.stderr
    assert "NOT ALL: " in told.stderr


def test_the_live_stores_agree(cast: Cast, sealed: str) -> None:
    told: list[str] = []

    def agree() -> dict[str, Any] | None:
        compared = cast.pam("ada", "audit", "verify", "--json", "--key", key_of(cast))
        document: dict[str, Any] = json.loads(compared.stdout)
        # Other tests of this stack forge, as somebody who may; what PAM did itself must agree.
        told[:] = [
            fault for fault in document["faults"] if sealed in fault or "checkpoint" in fault
        ]
        return None if told else document

    with suppress(NotSeenError):
        # Others throttle the auditor: what came to the log late is sealed by the checkpoint after.
        document = until(agree, "all that PAM did agrees in every place", seconds=150)
    assert told == []
    assert document["key_fingerprint"] == key_of(cast)
    assert document["sessions"] > 0


@pytest.mark.parametrize("who", ["alice", "bob", "sam"])
def test_only_an_auditor_reads_the_stores(cast: Cast, who: str, tmp_path: Path) -> None:
    refused = cast.pam(who, "audit", "export", str(tmp_path / who), "--from", "2026-01-01")
    assert refused.returncode == 1
    assert "AccessDenied" in refused.stderr
    assert "pam-local-audit-reader" in refused.stderr


def test_nobody_replaces_or_deletes_what_is_archived(
    cast: Cast, sealed: str, ada: Person, root: Person
) -> None:
    name = bucket(cast)
    key = keys(cast, root, f"records/{sealed}/")[0]
    version = root.client("s3").head_object(Bucket=name, Key=key)["VersionId"]
    for person in (ada, root):
        s3 = person.client("s3")
        with pytest.raises(ClientError):
            s3.delete_object(Bucket=name, Key=key, VersionId=version)
        with pytest.raises(ClientError):
            s3.put_object(Bucket=name, Key=key, Body=b"forged", IfNoneMatch="*")
        with pytest.raises(ClientError):
            s3.put_object_retention(
                Bucket=name,
                Key=key,
                VersionId=version,
                Retention={"Mode": "COMPLIANCE", "RetainUntilDate": "2026-01-01T00:00:00Z"},
            )
    retention = root.client("s3").get_object_retention(Bucket=name, Key=key)["Retention"]
    assert retention["Mode"] == "COMPLIANCE"


def test_only_the_auditors_function_writes_records(cast: Cast, sealed: str) -> None:
    for who in ("alice", "sam", "ada"):
        s3 = cast.person(who).client("s3")
        key = f"records/{sealed}/00000099-00000099.jsonl"
        put = {"Bucket": bucket(cast), "Key": key, "Body": b"forged", "IfNoneMatch": "*"}
        assert is_refused(lambda s3=s3, put=put: s3.put_object(**put))


@pytest.mark.guarantee("G12")
def test_an_erasure_request_is_answered_and_the_trail_is_proven_as_before(
    cast: Cast, alice: Person, root: Person, tmp_path: Path
) -> None:
    session_id = a_session(cast, alice, root)
    shown = cast.pam("ada", "audit", "show", session_id)
    assert f"reason: {REASON}" in shown.stdout
    assert cast.pam("ada", "audit", "erase", session_id).returncode == 3
    erased = cast.pam("sam", "audit", "erase", session_id)
    assert erased.returncode == 0, erased.stderr
    shown = cast.pam("ada", "audit", "show", session_id)
    assert shown.returncode == 0
    assert "Jane" not in shown.stdout
    assert "reason: [erased]" in shown.stdout
    folder = tmp_path / "export"
    assert cast.pam("ada", "audit", "export", str(folder), "--session", session_id).returncode == 0
    assert "Jane" not in "".join(path.read_text() for path in folder.rglob("*.*"))
    assert offline(folder, "--key", key_of(cast)).returncode == 0


def test_silence_is_sealed_too(cast: Cast) -> None:
    first, second = cast.checkpoint(), cast.checkpoint()
    assert second["number"] > first["number"]
    # One that the clock has had witnessed already counts as none of these.
    assert until(lambda: cast.checkpoint()["witnessed"] or None, "one to be witnessed") >= 1
