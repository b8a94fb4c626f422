"""`pam credentials` and `pam exec` for a database: where the password goes, and where not."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.fake_api import NASTY, SESSION_ID, FakeApi, Pam, PamProcess, login

CALL = f"POST /pam/sessions/{SESSION_ID}/credentials"


def test_exports_survive_a_shell_whatever_is_in_them(fake: FakeApi, pam: Pam) -> None:
    fake.on(CALL, login())
    result = pam("credentials", SESSION_ID)
    assert result.exit_code == 0, result.stderr
    names = ("PGHOST", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD")
    script = result.stdout + "".join(f'printf "%s|" "${name}"\n' for name in names)
    shell = ["/bin/sh", "-c", script]
    read_back = subprocess.run(shell, capture_output=True, text=True, check=True, env={})
    assert read_back.stdout == f"ledger.example|5433|core ledger|pam_01m7|{NASTY}|"


def test_the_psql_form_is_one_line_with_the_password_out_of_the_arguments(
    fake: FakeApi, pam: Pam, tmp_path: Path
) -> None:
    fake.on(CALL, login())
    line = pam("credentials", SESSION_ID, "--format", "psql").stdout
    assert line.count("\n") == 1
    stand_in = tmp_path / "psql"
    stand_in.write_text('#!/bin/sh\nprintf "%s|" "$#" "$PGPASSWORD" "$PGDATABASE"\n')
    stand_in.chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", "-c", line],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": f"{tmp_path}:/bin:/usr/bin"},
    )
    assert done.stdout == f"0|{NASTY}|core ledger|"


def test_the_json_form_is_the_lease(fake: FakeApi, pam: Pam) -> None:
    fake.on(CALL, login())
    assert json.loads(pam("credentials", SESSION_ID, "--format", "json").stdout) == login()


def test_a_database_login_is_no_credential_process(fake: FakeApi, pam: Pam) -> None:
    fake.on(CALL, login())
    result = pam("credentials", SESSION_ID, "--format", "process")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "a database login" in result.stderr
    assert NASTY not in result.stderr


@pytest.mark.parametrize("field", ["host", "dbname", "username", "password"])
def test_a_login_that_is_not_whole_shows_no_half_of_it(fake: FakeApi, pam: Pam, field: str) -> None:
    fake.on(CALL, login(**{field: None}))
    result = pam("credentials", SESSION_ID)
    assert (result.exit_code, result.stdout) == (1, "")
    assert NASTY not in result.stderr


def test_a_command_gets_the_login_and_not_in_its_arguments(
    fake: FakeApi, pam_process: PamProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGUSER", "bob")
    fake.on(CALL, login())
    show = "import json, os, sys; json.dump([dict(os.environ), sys.argv], sys.stdout)"
    result = pam_process("exec", SESSION_ID, "--", sys.executable, "-c", show)
    environment, arguments = json.loads(result.stdout)
    assert environment["PGUSER"] == "pam_01m7"
    assert environment["PGPASSWORD"] == NASTY
    assert NASTY not in json.dumps(arguments)
    # For a prompt; the login is as long as its session.
    assert environment["PAM_SESSION_ID"] == SESSION_ID
    assert environment["PAM_EXPIRES_AT"] == "2126-11-20T01:35:00.000Z"
    # Nothing of AWS is lent, so `pam` inside is who started it.
    assert environment["AWS_ACCESS_KEY_ID"] == "AKIAALICE"


def test_with_json_the_lease_comes_without_its_password(
    fake: FakeApi, pam_process: PamProcess
) -> None:
    fake.on(CALL, login())
    result = pam_process("exec", SESSION_ID, "--json", "--", "true")
    shown = json.loads(result.stdout)
    assert shown["username"] == "pam_01m7"
    assert "password" not in shown
