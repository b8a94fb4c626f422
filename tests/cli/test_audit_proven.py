"""`pam audit export` and `pam audit verify`: what they print, and their exit codes."""

import json
import os
import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from cli.trail import layout
from pam.domain import timestamps
from tests.cli.auditing import folder, in_the_stores, key
from tests.cli.fake_api import FakeApi, Pam, session
from tests.fakes.log import Log, a_log
from tests.trail.conftest import exported

__all__ = ["folder", "key"]

pytestmark = pytest.mark.guarantee("G13")


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    return in_the_stores(a_log(3, 2), monkeypatch)


@pytest.fixture
def witness(log: Log, tmp_path: Path) -> Path:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = Ed25519PublicKey.from_public_bytes(log.witness.key.public_key())
    path = tmp_path / "witness.der"
    path.write_bytes(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    return path


def test_with_the_key_it_is_proven(pam: Pam, folder: Path, key: str, witness: Path) -> None:
    result = pam("audit", "verify", str(folder), "--key", key, "--witness-key", str(witness))
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("PROVEN: 7 records")
    assert f"SHA256:{key}" in result.stdout
    assert "cosigned by the witness: 3 checkpoints; the newest of them was 0 s old" in result.stdout


def test_without_a_key_it_is_whole_and_not_anchored(
    pam: Pam, folder: Path, key: str, witness: Path
) -> None:
    for more in ([], ["--witness-key", str(witness)]):
        result = pam("audit", "verify", str(folder), *more)
        assert result.exit_code == 7
        assert result.stdout.startswith("WHOLE: 7 records")
        assert "PROVEN" not in result.stdout
        assert result.stderr.startswith("NOT ANCHORED: ")
        assert result.stderr.count("\n") == 1
        told = pam("audit", "verify", str(folder), "--json", *more)
        document = json.loads(told.stdout)
        assert (told.exit_code, document["proven"], document["anchored"]) == (7, False, False)


def test_a_trail_that_somebody_made_with_a_key_of_their_own_is_not_proven(
    pam: Pam, folder: Path, tmp_path: Path, key: str
) -> None:
    theirs = exported(a_log(2, 2), tmp_path / "theirs")
    assert pam("audit", "verify", str(theirs)).exit_code == 7
    result = pam("audit", "verify", str(theirs), "--key", key)
    assert result.exit_code == 1
    assert result.stderr == "NOT PROVEN: public-key.pem: not the key that you trust\n"


def test_broken_and_without_a_key_it_is_broken(pam: Pam, folder: Path) -> None:
    (folder / layout.RECORDS).write_bytes(b"")
    result = pam("audit", "verify", str(folder), "--json")
    assert (result.exit_code, json.loads(result.stdout)["proven"]) == (1, False)
    assert result.stderr.startswith("NOT PROVEN: record ")
    assert result.stderr.endswith("missing, though a checkpoint sealed it\n")


def test_what_must_be_covered_can_be_said(pam: Pam, folder: Path, key: str, log: Log) -> None:
    anchor = ("--key", key)
    inside = ("--from", "2026-03-01T12:01Z", "--to", "2026-03-01T12:05Z")
    assert pam("audit", "verify", str(folder), *anchor, *inside).exit_code == 0
    late = pam("audit", "verify", str(folder), *anchor, "--to", "2026-03-02")
    assert late.exit_code == 1
    assert "what was recorded in between is not covered" in late.stderr


@pytest.mark.parametrize(("age", "exit_code"), [("10m", 0), ("24h", 1)])
def test_a_time_may_be_an_age(pam: Pam, folder: Path, key: str, age: str, exit_code: int) -> None:
    aged = pam("audit", "verify", str(folder), "--key", key, "--from", age)
    assert aged.exit_code == exit_code
    assert ("is not covered: the log begins only then; --from 20" in aged.stderr) == bool(exit_code)
    if exit_code:
        (way_out,) = re.findall(r"--from (\S+) leaves that out", aged.stderr)
        again = pam("audit", "verify", str(folder), "--key", key, "--from", way_out)
        assert again.exit_code == 0, again.stderr


def test_an_export_into_a_file_is_told_so(pam: Pam, log: Log, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    result = pam("audit", "export", str(tmp_path / "file"), "--from", "1h")
    assert (result.exit_code, "is no folder" in result.stderr) == (1, True)


@pytest.mark.parametrize(
    "options",
    [
        ["--key", ""],
        ["--key", "yes"],
        ["--key", "0" * 63],
        ["--witness-key", "/nowhere"],
        ["--witness-key", "/dev/zero"],
        ["--witness-key", "/etc"],
        ["--witness-key", __file__],
        ["--from", "then"],
        ["--to", "never"],
        ["--from", "24"],
        ["--from", "2026-03-02", "--to", "2026-03-01"],
    ],
)
def test_what_is_typed_wrong_is_wrong_usage(pam: Pam, folder: Path, options: list[str]) -> None:
    result = pam("audit", "verify", str(folder), *options)
    assert result.exit_code == 2
    assert "Traceback" not in result.stderr


def test_a_pipe_for_a_key_is_not_waited_for(pam: Pam, folder: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "key")
    result = pam("audit", "verify", str(folder), "--witness-key", str(tmp_path / "key"))
    assert result.exit_code == 2
    assert "not a regular file" in result.stderr


def test_verifying_loads_nothing_of_aws(folder: Path, key: str) -> None:
    """In a process of its own: no client could be made though one were asked for."""
    import subprocess

    code = (
        "import sys\n"
        "sys.modules['botocore'] = sys.modules['boto3'] = None\n"
        "from cli.main import app\n"
        f"sys.argv = ['pam', 'audit', 'verify', {str(folder)!r}, '--key', {key!r}]\n"
        "app()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert (done.returncode, done.stderr) == (0, "")


# ------------------------------------------------------------------ export


def test_an_export_prints_the_fingerprint_to_keep_and_the_command_that_uses_it(
    pam: Pam, log: Log, key: str, tmp_path: Path
) -> None:
    to = tmp_path / "out of 'it'"
    result = pam("audit", "export", str(to), "--from", "2026-03-01")
    assert (result.exit_code, result.stderr) == (0, "")
    assert f"the log's key is SHA256:{key}" in result.stdout
    (printed,) = (line for line in result.stdout.splitlines() if "pam audit verify" in line)
    words = shlex.split(printed.partition("without AWS: ")[2])
    assert words == ["pam", "audit", "verify", str(to), "--key", key]
    assert pam(*words[1:]).exit_code == 0
    told = pam("audit", "export", str(tmp_path / "json"), "--from", "2026-03-01", "--json")
    assert json.loads(told.stdout)["key_fingerprint"] == key


def test_an_export_says_until_when_it_reaches(pam: Pam, log: Log, tmp_path: Path) -> None:
    sealed = log.story.now
    said = f"sealed until {timestamps.render(sealed)}: what was recorded after that is not in it"
    session_id = next(iter(log.story.store.sessions))
    late = pam("audit", "export", str(tmp_path / "late"), "--session", session_id)
    assert said in late.stdout
    told = ("--from", "2026-03-01", "--to", timestamps.render(sealed))
    assert "sealed until" not in pam("audit", "export", str(tmp_path / "whole"), *told).stdout


def test_a_session_is_exported_by_the_beginning_of_its_id(
    fake: FakeApi, pam: Pam, log: Log, key: str, tmp_path: Path
) -> None:
    session_id, to = next(iter(log.story.store.sessions)), tmp_path / "out"
    fake.on("GET /pam/sessions", {"items": [session(session_id=session_id)], "cursor": None})
    asked = pam("audit", "export", str(to), "--session", session_id[:12].lower())
    assert asked.exit_code == 0, asked.stderr
    assert pam("audit", "verify", str(to), "--key", key).exit_code == 0
    short = pam("audit", "export", str(tmp_path / "none"), "--session", session_id[:9])
    assert (short.exit_code, "give 10 characters" in short.stderr) == (2, True)


def test_no_export_claims_a_time_that_is_still_to_come(
    pam: Pam, log: Log, key: str, tmp_path: Path
) -> None:
    to = tmp_path / "out"
    asked = pam("audit", "export", str(to), "--from", "2026-03-01", "--to", "2027-01-01")
    assert asked.exit_code == 0
    assert pam("audit", "verify", str(to), "--key", key).exit_code == 0
    more = pam("audit", "verify", str(to), "--key", key, "--to", "2027-01-01")
    assert more.exit_code == 1


def test_a_siem_gets_its_events_in_a_private_file(pam: Pam, log: Log, tmp_path: Path) -> None:
    to = tmp_path / "out"
    assert (
        pam("audit", "export", str(to), "--from", "2026-03-01", "--format", "ocsf").exit_code == 0
    )
    assert (to / "ocsf.jsonl").stat().st_mode & 0o777 == 0o600
    assert len((to / "ocsf.jsonl").read_text().splitlines()) == 7


def test_a_session_that_the_archive_does_not_have_is_not_exported(
    pam: Pam, log: Log, tmp_path: Path
) -> None:
    unknown = "01JD8XGZ6Q3M4V5N6P7R8S9T0A"
    result = pam("audit", "export", str(tmp_path / "out"), "--session", unknown)
    said = f"CLIENT: the archive has no record of {unknown}\n"
    assert (result.exit_code, result.stderr) == (1, said)
    assert not (tmp_path / "out").exists()


def test_a_session_that_no_checkpoint_has_sealed_yet_is_not_exported(
    pam: Pam, log: Log, tmp_path: Path
) -> None:
    session = log.open()
    result = pam("audit", "export", str(tmp_path / "out"), "--session", session.session_id)
    assert result.exit_code == 1
    assert "sealed by the next one, within minutes" in result.stderr
    assert not (tmp_path / "out").exists()


# ------------------------------------------------------------------ the live stores


def test_stores_that_agree_are_proven(pam: Pam, log: Log, key: str, witness: Path) -> None:
    options = ("--witness-key", str(witness))
    for more in ([], ["--key", key], ["--from", "2026-03-01T12:00Z"]):
        result = pam("audit", "verify", *options, *more)
        assert (result.exit_code, result.stderr) == (0, "")
        assert "7 records of 3 sessions: table, log group and archive compared" in result.stdout
        assert "the newest of them was 30 s old" in result.stdout


@pytest.mark.parametrize("harm", ["a session", "the cosignatures", "the key"])
def test_stores_that_do_not_are_not(harm: str, pam: Pam, log: Log, key: str, witness: Path) -> None:
    session_id = min(log.story.store.sessions)
    told = {
        "a session": f"record 1 of {session_id}: in the log group, not in the table",
        "the cosignatures": "checkpoint 1: not cosigned by the witness",
        "the key": "not the key that you trust",
    }
    if harm == "a session":
        del log.story.store.sessions[session_id], log.story.store.trails[session_id]
    if harm == "the cosignatures":
        log.archive.cosignatures.clear()
    trusted = "0" * 64 if harm == "the key" else key
    result = pam("audit", "verify", "--witness-key", str(witness), "--key", trusted)
    assert result.exit_code == 1
    assert told[harm] in result.stdout
    assert result.stderr.startswith("NOT PROVEN: the stores do not agree: ")


def test_a_time_that_is_not_covered_is_not_proven(pam: Pam, log: Log) -> None:
    for option in (("--to", "2026-03-02"), ("--from", "2026-03-01")):
        result = pam("audit", "verify", *option)
        assert result.exit_code == 1
        assert "is not covered" in result.stdout
    before = pam("audit", "verify", "--to", "2026-01-01")
    assert (before.exit_code, before.stdout) == (1, "")
    assert "nothing of this time is covered" in before.stderr
    future = pam("audit", "verify", "--from", "2027-01-01", "--to", "2027-01-02")
    assert future.exit_code == 1
    assert "NOT PROVEN" in future.stderr


def test_a_folder_that_was_copied_is_as_good(
    pam: Pam, folder: Path, key: str, tmp_path: Path
) -> None:
    shutil.copytree(folder, tmp_path / "Prüfung 2026")
    assert pam("audit", "verify", str(tmp_path / "Prüfung 2026"), "--key", key).exit_code == 0
