"""A `credential_process` that is `pam` and signs with its own profile: one line, not a thousand."""

import os
from pathlib import Path

import pytest

from cli import circle
from tests.cli.fake_api import SESSION_ID, FakeApi, Pam, PamProcess, lease, session
from tests.cli.programs import Program, write_profiles

CALL = f"POST /pam/sessions/{SESSION_ID}/credentials"


@pytest.fixture
def program(fake: FakeApi, tmp_path: Path) -> Program:
    return Program.install(tmp_path)


def _without_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)


def test_it_is_noticed_by_the_second_process_and_said_in_one_line(
    fake: FakeApi, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    _without_keys(monkeypatch)
    monkeypatch.setenv("AWS_PROFILE", "ledger")
    write_profiles(ledger=f"{program.path} credentials {SESSION_ID} --format process")
    result = program.run("list")
    assert (result.returncode, result.stdout, fake.asked) == (1, "", [])
    assert result.stderr.count("\n") == 1
    assert f"the profile 'ledger' {circle.MARK}" in result.stderr
    assert "sso login" not in result.stderr
    assert program.starts == 2


def test_a_circle_of_several_profiles_ends_too(
    fake: FakeApi, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    _without_keys(monkeypatch)
    write_profiles(
        a=f"{program.path} --profile b credentials {SESSION_ID} --format process",
        b=f"{program.path} --profile c credentials {SESSION_ID} --format process",
        c=f"{program.path} --profile a credentials {SESSION_ID} --format process",
    )
    result = program.run("--profile", "a", "list")
    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert f"the profile 'a' {circle.MARK}" in result.stderr
    assert program.starts == 4


def test_one_that_signs_with_another_profile_is_no_circle(
    fake: FakeApi, program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _without_keys(monkeypatch)
    monkeypatch.setenv("AWS_PROFILE", "ledger")
    write_profiles(ledger=f"{program.path} --profile own credentials {SESSION_ID} --format process")
    (tmp_path / "credentials").write_text(
        "[own]\naws_access_key_id = AKIAALICE\naws_secret_access_key = alices-secret\n"
    )
    fake.on(CALL, lease())
    fake.on("GET /pam/me", {"person": "x", "groups": [], "principals": []})
    result = program.run("whoami")
    assert result.returncode == 0, result.stderr
    (asked,) = fake.calls("GET /pam/me")
    assert "Credential=ASIALEASED/" in asked.headers["authorization"]
    assert program.starts == 2


def test_keys_in_the_environment_start_nothing_and_are_no_circle(
    fake: FakeApi, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_profiles(ledger=f"{program.path} credentials {SESSION_ID} --format process")
    monkeypatch.setenv("AWS_PROFILE", "ledger")
    fake.on(CALL, lease())
    fake.on(f"GET /pam/sessions/{SESSION_ID}", session())
    result = program.run("--profile", "ledger", "show", SESSION_ID)
    assert result.returncode == 0, result.stderr
    assert program.starts == 2


def test_what_is_run_with_a_lease_is_not_told_of_it(fake: FakeApi, pam_process: PamProcess) -> None:
    fake.on(CALL, lease())
    result = pam_process("exec", SESSION_ID, "--", "env")
    assert f"PAM_SESSION_ID={SESSION_ID}" in result.stdout
    assert circle.VARIABLE not in result.stdout


def test_two_calls_in_one_process_are_no_circle(fake: FakeApi, pam: Pam) -> None:
    fake.on(f"GET /pam/sessions/{SESSION_ID}", session())
    with circle.told(None):
        assert pam("show", SESSION_ID).exit_code == 0
    assert circle.VARIABLE not in os.environ
