"""The `pam` command as its people use it, against the real API."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from cli.holder import asking
from local.cast import Cast, Person
from tests.e2e.databases import LEDGER_DB, granted, user_of

ROOT = Path(__file__).resolve().parent.parent.parent


def asked(cast: Cast, *arguments: str) -> str:
    answer = cast.pam("alice", "request", *arguments, "--json")
    assert answer.returncode == 0, answer.stderr
    return str(json.loads(answer.stdout)["session_id"])


def test_a_role_is_borrowed_used_and_given_back(cast: Cast) -> None:
    reason = ("--reason", "ledger stuck, INC-1", "--for", "10m")
    session_id = asked(cast, "core-ledger-admin", *reason)
    refused = cast.pam("alice", "approve", session_id)
    assert (refused.returncode, refused.stdout) == (3, "")
    assert refused.stderr.startswith("SELF_APPROVAL: ")
    for approver in ("bob", "carol"):
        assert cast.pam(approver, "approve", session_id).returncode == 0
    shown = cast.pam("alice", "show", session_id)
    assert "core-ledger-admin" in shown.stdout
    cast.person("alice").wait_for(session_id, "ACTIVE")
    put = (
        "import boto3; boto3.client('s3').put_object("
        f"Bucket='{cast.bucket('core-ledger-admin')}', Key='cli', Body=b'x')"
    )
    used = cast.pam("alice", "exec", session_id, "--", sys.executable, "-c", put)
    assert used.returncode == 0, used.stderr
    assert cast.pam("alice", "check", "core-ledger-admin").stdout.startswith("yes")
    assert cast.pam("alice", "end", session_id).returncode == 0
    again = cast.pam("alice", "exec", session_id, "--", sys.executable, "-c", put)
    assert again.returncode == 3
    assert again.stderr.startswith("CONFLICT: ")
    trail = cast.pam("ada", "audit", "show", session_id)
    assert trail.returncode == 0
    assert "every hash fits" in trail.stdout


WORK = """
import boto3, botocore.utils, os, subprocess, sys, time
from datetime import datetime
from botocore.exceptions import ClientError, CredentialRetrievalError
botocore.utils.ContainerMetadataFetcher.SLEEP_TIME = 0
bucket, told = boto3.client("s3"), ""
while not told:
    try:
        bucket.put_object(Bucket=sys.argv[1], Key="work", Body=b"x")
        print("put", flush=True)
    except ClientError:
        pass
    except CredentialRetrievalError as error:
        told = str(error)
    time.sleep(0.1)
print(told, flush=True)
ends = datetime.fromisoformat(os.environ["PAM_EXPIRES_AT"]).timestamp()
while time.time() < ends:
    time.sleep(0.1)
inside = [sys.executable, "-m", "cli.main", "show", os.environ["PAM_SESSION_ID"]]
sys.exit(subprocess.run(inside).returncode)
"""


def test_work_goes_on_until_the_session_ends_on_one_lease_and_is_told_then(cast: Cast) -> None:
    """And `pam` inside is alice, whose profile is known by its name alone."""
    name = "core-sandbox-admin"
    session_id = asked(cast, name, "--reason", "a quick look at it", "--for", "20s")
    cast.person("alice").wait_for(session_id, "ACTIVE")
    work = (sys.executable, "-c", WORK, cast.bucket(name))
    used = cast.pam("alice", "exec", session_id, "--", *work)
    assert used.returncode == 0, used.stderr
    puts, _, after = used.stdout.partition("Error")
    assert set(puts.split()) <= {"put"}
    assert f"the session {session_id} is over; ask for another" in after
    assert "resource" in after
    assert used.stderr == (
        f"pam: {name} is over: what was lent is refused now; your command still runs\n"
    )
    trail = json.loads(cast.pam("ada", "audit", "show", session_id, "--json").stdout)
    assert [each["type"] for each in trail["items"]].count("Leased") == 1


def test_an_operator_revokes_and_says_why(cast: Cast) -> None:
    session_id = asked(cast, "core-sandbox-admin", "--reason", "a quick look at it")
    answer = cast.pam("sam", "revoke", session_id, "--reason", "not now", "--json")
    assert answer.returncode == 0
    assert json.loads(answer.stdout)["end_reason"] == "not now"


def test_a_session_is_named_by_its_beginning_and_ones_own_by_its_resource(cast: Cast) -> None:
    words = ("kyc-sandbox-read", "--reason", "a look across the domains", "--json")
    session_id = str(json.loads(cast.pam("dave", "request", *words).stdout)["session_id"])
    approved = cast.pam("kate", "approve", session_id[:14].lower(), "--json")
    assert json.loads(approved.stdout)["session_id"] == session_id, approved.stderr
    cast.person("dave").wait_for(session_id, "ACTIVE")
    would = cast.pam("sam", "revoke", "--person", "dave", "--reason", "not now", "--dry-run")
    assert session_id in would.stdout, would.stderr
    ended = cast.pam("dave", "end", "kyc-sandbox-read", "--json")
    assert json.loads(ended.stdout)["session_id"] == session_id, ended.stderr
    again = cast.pam("dave", "end", "kyc-sandbox-read")
    assert again.returncode == 4
    assert session_id in again.stderr


def test_credentials_for_the_aws_tools(cast: Cast) -> None:
    session_id = asked(cast, "core-sandbox-admin", "--reason", "a quick look at it")
    cast.person("alice").wait_for(session_id, "ACTIVE")
    answer = cast.pam("alice", "credentials", session_id, "--format", "process")
    given = json.loads(answer.stdout)
    assert given["Version"] == 1
    assert {"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"} <= set(given)


def test_a_database_is_connected_to_as_its_lease_says(
    cast: Cast, alice: Person, bob: Person, carol: Person
) -> None:
    session = granted(alice, bob, carol, duration_seconds=60)
    connect = (
        "import os, psycopg\n"
        "with psycopg.connect() as connection:\n"
        "    print(os.environ['PGSSLMODE'], os.environ.get('PGSSLROOTCERT'), end=' ')\n"
        "    print(*connection.execute('SELECT session_user').fetchone())\n"
    )
    used = cast.pam("alice", "exec", session["session_id"], "--", sys.executable, "-c", connect)
    lease = alice.lease(session["session_id"])
    alice.post("/pam/end", {"session_id": session["session_id"]})
    assert used.returncode == 0, used.stderr
    mode, roots, user = used.stdout.split()
    assert (mode, user) == ("verify-full", user_of(session))
    assert Path(roots).read_text() == lease["sslrootcert"]
    assert lease["sslmode"] == "verify-full"
    assert lease["sslrootcert"] == cast.about["databases"][LEDGER_DB]["sslrootcert"]


def test_a_configured_profile_is_what_boto3_uses_and_two_of_its_programs_cost_one_lease(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id = asked(cast, "core-sandbox-admin", "--reason", "a quick look at it")
    cast.person("alice").wait_for(session_id, "ACTIVE")
    config = tmp_path / "config"
    config.write_bytes((cast.state_dir / "aws" / "config").read_bytes())
    with tempfile.TemporaryDirectory(prefix="pam-") as runtime:
        environment = cast.environment | {
            "AWS_CONFIG_FILE": str(config),
            "XDG_RUNTIME_DIR": runtime,
            "PAM_LEASE_HOLDER": "on",
        }

        def run(*words: str) -> None:
            ran = subprocess.run(
                [sys.executable, *words], cwd=ROOT, env=environment, capture_output=True, text=True,
                check=False, timeout=60,
            )  # fmt: skip
            assert ran.returncode == 0, ran.stderr

        run("-m", "cli.main", "--profile", "alice", "configure", "core-sandbox-admin")
        put = (
            "import boto3; boto3.Session(profile_name='core-sandbox-admin').client('s3')"
            f".put_object(Bucket='{cast.bucket('core-sandbox-admin')}', Key='cli', Body=b'x')"
        )
        run("-c", put)
        run("-c", put)
        monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
        monkeypatch.delenv("PAM_LEASE_HOLDER", raising=False)
        os.kill(asking.status()["pid"], signal.SIGKILL)
    trail = cast.person("ada").get(f"/pam/sessions/{session_id}/audit").body["items"]
    assert [record["type"] for record in trail].count("Leased") == 1
