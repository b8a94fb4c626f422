"""`pam audit report`: what it prints where, and its exit codes."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from cli.trail import layout
from pam.domain import timestamps
from tests.cli.auditing import folder, in_the_stores, key
from tests.cli.fake_api import Pam
from tests.fakes.log import Log, a_log

__all__ = ["folder", "key"]

pytestmark = pytest.mark.guarantee("G13")
SINCE = ("--from", "2026-03-01T12:00Z")
EVIL = "=cmd|'/C calc'!A0 is why"


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    made = a_log(3, 2)
    made.open(reason=EVIL)
    made.seal()
    return in_the_stores(made, monkeypatch)


def test_a_table_has_its_head_before_it(pam: Pam, log: Log, key: str) -> None:
    result = pam("audit", "report", *SINCE, "--to", "2026-03-02")
    assert result.exit_code == 1  # the newest checkpoint does not reach so far
    assert "NOT PROVEN: checkpoint 4: the newest one" in result.stdout
    result = pam("audit", "report", *SINCE)
    assert (result.exit_code, result.stderr) == (0, "")
    head, _, table = result.stdout.partition("\n\n")
    assert "4 session(s), 4 refusal(s), 0 break-glass" in head
    assert (
        f"sealed until {timestamps.render(log.story.now)}: what was recorded after that is not in"
        in head
    )
    assert "PROVEN: 8 records of that time" in head.splitlines()[5]
    assert f"signed by the key SHA256:{key}, which KMS has" in head
    assert "the log begins at 2026-03-01T" in head
    assert len(table.splitlines()) == 1 + 4
    assert all(session_id in table for session_id in log.story.store.sessions)


def test_a_time_that_is_sealed_to_its_end_needs_no_such_word(pam: Pam, log: Log) -> None:
    result = pam("audit", "report", *SINCE, "--to", timestamps.render(log.story.now))
    assert result.exit_code == 0
    assert "sealed until" not in result.stdout


def test_csv_goes_to_stdout_and_its_head_to_stderr(pam: Pam, log: Log) -> None:
    result = pam("audit", "report", *SINCE, "--format", "csv")
    assert result.exit_code == 0
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [row["session_id"] for row in rows] == sorted(log.story.store.sessions)
    assert {row["proof"] for row in rows} == {"PROVEN"}
    assert rows[-1]["reason"] == f"'{EVIL}"
    assert "PROVEN: 8 records of that time" in result.stderr


@pytest.mark.parametrize("option", [("--format", "json"), ("--json",)])
def test_json_is_one_document(pam: Pam, log: Log, key: str, option: tuple[str, ...]) -> None:
    result = pam("audit", "report", *SINCE, *option)
    document: dict[str, Any] = json.loads(result.stdout)
    assert (result.exit_code, result.stderr) == (0, "")
    assert document["head"]["proof"]["verdict"] == "PROVEN"
    assert document["head"]["proof"]["key_fingerprint"] == key
    assert document["sessions"][-1]["reason"] == EVIL
    nothing = pam("audit", "report", *SINCE, "--who", "nobody", *option)
    assert json.loads(nothing.stdout)["sessions"] == []


def test_an_exported_trail_is_reported_offline(pam: Pam, folder: Path, key: str) -> None:
    proven = pam("audit", "report", str(folder), *SINCE, "--key", key)
    assert (proven.exit_code, proven.stderr) == (0, "")
    assert "PROVEN: 8 records of that time" in proven.stdout
    loose = pam("audit", "report", str(folder), *SINCE)
    assert loose.exit_code == 7
    assert loose.stderr.startswith("NOT ANCHORED: ")
    assert "\nPROVEN" not in loose.stdout


def test_a_removed_record_is_exit_1_and_never_proven(pam: Pam, folder: Path, key: str) -> None:
    records = folder / layout.RECORDS
    records.write_bytes(b"".join(records.read_bytes().splitlines(keepends=True)[:-1]))
    for form in ("table", "csv", "json"):
        result = pam("audit", "report", str(folder), *SINCE, "--key", key, "--format", form)
        assert result.exit_code == 1
        assert result.stderr.splitlines()[-1].startswith("NOT PROVEN: record ")
        told = (result.stdout + result.stderr).replace("NOT PROVEN", "")
        assert "PROVEN" not in told


@pytest.mark.parametrize("option", [("--format", "json"), ("--json",)])
def test_what_is_not_proven_is_one_document_all_the_same(
    pam: Pam, folder: Path, option: tuple[str, ...]
) -> None:
    result = pam("audit", "report", str(folder), *SINCE, *option)
    assert result.exit_code == 7
    assert json.loads(result.stdout)["head"]["proof"]["verdict"] == "NOT ANCHORED"
    assert result.stderr.startswith("NOT ANCHORED: ")


def test_one_persons_report_says_what_it_does_not_prove(pam: Pam, log: Log) -> None:
    result = pam("audit", "report", *SINCE, "--who", "load01", "--resource", "core-ledger-admin")
    assert result.exit_code == 0
    assert " of load01 on core-ledger-admin" in result.stdout
    assert "records of these sessions, none missing" in result.stdout
    assert "NOT ALL: the table's list of sessions said which" in result.stdout


def test_a_time_before_the_log_says_when_it_begins(pam: Pam, log: Log, folder: Path) -> None:
    early = ("--from", "2025-11-01", "--to", "2025-12-01")
    offline = pam("audit", "report", str(folder), *early)
    assert offline.exit_code == 1
    assert "is not covered: the log begins only then\n" in offline.stderr
    assert "\nPROVEN" not in offline.stdout


def test_the_live_log_says_so_too(pam: Pam, log: Log) -> None:
    result = pam("audit", "report", "--from", "2025-11-01", "--to", "2025-12-01")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "the log begins at 2026-03-01T" in result.stderr
    part = pam("audit", "report", "--from", "2025-11-01")
    assert part.exit_code == 1
    assert "NOT PROVEN: checkpoint 1: what was recorded between 2025-11-01T" in part.stdout


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--from", "then"],
        ["--from", "2026-03-02", "--to", "2026-03-01"],
        [*SINCE, "--format", "xml"],
        [*SINCE, "--key", "yes"],
        [*SINCE, "--witness-key", "/nowhere"],
        ["/nowhere", *SINCE],
    ],
)
def test_what_is_typed_wrong_is_wrong_usage(pam: Pam, log: Log, options: list[str]) -> None:
    result = pam("audit", "report", *options)
    assert result.exit_code == 2
    assert "Traceback" not in result.stderr


def test_who_lacks_the_rights_is_told_which_policy_has_them() -> None:
    from botocore.exceptions import ClientError

    from cli.problems import Failure
    from cli.trail.stores import explained_to_auditors

    def answer(code: str) -> str:
        with pytest.raises(Failure) as told, explained_to_auditors("prod", None):
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "GetItem")
        return str(told.value)

    needed = "; an auditor needs the managed policy pam-prod-audit-reader"
    for code in ("AccessDenied", "AccessDeniedException"):
        assert answer(code) == f"GetItem was refused: {code}: no{needed}"
    assert answer("Throttled") == "GetItem was refused: Throttled: no"
