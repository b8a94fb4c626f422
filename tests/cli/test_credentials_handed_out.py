"""`pam credentials` and `pam exec`: where credentials go, and where they do not."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.commands import execute
from tests.cli.fake_api import SESSION_ID, FakeApi, Pam, PamProcess, lease

CALL = f"POST /pam/sessions/{SESSION_ID}/credentials"


def test_exports_survive_a_shell_whatever_is_in_them(fake: FakeApi, pam: Pam) -> None:
    fake.on(CALL, lease())
    result = pam("credentials", SESSION_ID)
    assert result.exit_code == 0, result.stderr
    script = result.stdout + 'printf "%s|" "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" '
    script += '"$AWS_SESSION_TOKEN" "$AWS_REGION" "$AWS_DEFAULT_REGION"'
    read_back = subprocess.run(
        ["/bin/sh", "-c", script], capture_output=True, text=True, check=True, env={}
    )
    assert read_back.stdout == "ASIALEASED|se'cret $(x)/+|token==|eu-west-1|eu-west-1|"


@pytest.mark.parametrize("verb", [["credentials", SESSION_ID], ["exec", SESSION_ID, "--", "true"]])
def test_a_session_that_gives_none_now_can_be_asked_why(
    fake: FakeApi, pam: Pam, verb: list[str]
) -> None:
    fake.refuses(CALL, 409, "CONFLICT", "the session is ACTIVATING")
    result = pam(*verb)
    said = f"CONFLICT: the session is ACTIVATING; pam show {SESSION_ID} says why\n"
    assert (result.exit_code, result.stdout, result.stderr) == (3, "", said)


def test_every_line_of_the_env_form_but_the_first_is_an_export(fake: FakeApi, pam: Pam) -> None:
    fake.on(CALL, lease())
    unset, *lines = pam("credentials", SESSION_ID, "--format", "env").stdout.splitlines()
    assert unset.startswith("unset A")
    assert all(line.startswith("export AWS_") for line in lines)


def test_the_process_form_is_what_a_credential_process_prints(fake: FakeApi, pam: Pam) -> None:
    fake.on(CALL, lease())
    assert json.loads(pam("credentials", SESSION_ID, "--format", "process").stdout) == {
        "Version": 1,
        "AccessKeyId": "ASIALEASED",
        "SecretAccessKey": "se'cret $(x)/+",
        "SessionToken": "token==",
        "Expiration": "2126-11-20T01:35:00.000Z",
    }


@pytest.mark.parametrize(
    "arguments", [["--format", "json"], ["--json"], ["--json", "--format", "env"]]
)
def test_the_json_form_is_the_lease(fake: FakeApi, pam: Pam, arguments: list[str]) -> None:
    fake.on(CALL, lease())
    assert json.loads(pam("credentials", SESSION_ID, *arguments).stdout) == lease()


def test_a_lease_of_an_unknown_kind_is_not_taken_for_another(fake: FakeApi, pam: Pam) -> None:
    fake.on(CALL, {"kind": "okta", "session_id": SESSION_ID, "password": "hunter2"})
    result = pam("credentials", SESSION_ID)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "hunter2" not in result.stderr
    assert "get it with --json" in result.stderr


def test_a_lease_that_is_not_whole_shows_no_half_of_it(fake: FakeApi, pam: Pam) -> None:
    fake.on(CALL, lease(session_token=None))
    result = pam("credentials", SESSION_ID)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "se'cret" not in result.stderr


def test_nothing_is_left_on_disk(
    fake: FakeApi, pam_process: PamProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    fake.on(CALL, lease())
    pam_process("credentials", SESSION_ID)
    pam_process("exec", SESSION_ID, "--", "true")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("code", [0, 7])
def test_the_exit_code_is_the_commands_own(
    fake: FakeApi, pam_process: PamProcess, code: int
) -> None:
    fake.on(CALL, lease())
    result = pam_process("exec", SESSION_ID, "--", "sh", "-c", f"exit {code}")
    assert (result.returncode, result.stderr) == (code, "")


def test_a_command_that_dies_of_a_signal_is_told_as_a_shell_tells_it(
    fake: FakeApi, pam_process: PamProcess
) -> None:
    fake.on(CALL, lease())
    result = pam_process("exec", SESSION_ID, "--", "sh", "-c", "kill -TERM $$")
    assert (result.returncode, result.stderr) == (143, "")


def test_a_command_dies_of_a_closed_pipe_as_it_would_without_pam(
    fake: FakeApi, pam_process: PamProcess
) -> None:
    fake.on(CALL, lease())
    script = f"{sys.executable} -m cli.main exec {SESSION_ID} -- yes | head -n 1"
    result = subprocess.run(
        ["/bin/sh", "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ.copy(),
    )
    assert (result.stdout, result.stderr) == ("y\n", "")


def test_with_json_the_lease_comes_without_its_secrets_and_output_goes_to_stderr(
    fake: FakeApi, pam_process: PamProcess
) -> None:
    fake.on(CALL, lease())
    result = pam_process("exec", SESSION_ID, "--json", "--", "echo", "hello")
    shown = json.loads(result.stdout)
    assert shown["session_id"] == SESSION_ID
    assert shown.keys().isdisjoint({"secret_access_key", "session_token"})
    assert result.stderr == "hello\n"


def test_with_json_a_command_that_cannot_be_run_is_one_document_all_the_same(
    fake: FakeApi, pam: Pam, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    broken.write_text("no program")
    broken.chmod(0o700)
    fake.on(CALL, lease())
    result = pam("exec", SESSION_ID, "--json", "--", str(broken))
    assert result.exit_code == 126
    assert json.loads(result.stdout)["code"] == "CLIENT"
    assert "cannot be run" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_command_that_does_not_exist_costs_no_lease(fake: FakeApi, pam: Pam) -> None:
    fake.on(CALL, lease())
    for word in ("no-such-command-anywhere", "./no-such-command-anywhere", f"./{'x' * 300}/y"):
        result = pam("exec", SESSION_ID, "--", word)
        assert result.exit_code == 127
        assert result.stderr == f"CLIENT: {word}: no such command; no credentials were asked for\n"
    assert fake.asked == []


@pytest.mark.parametrize("typed", ["by its path", "by its name", "a folder"])
def test_a_command_that_is_not_executable_costs_no_lease(
    fake: FakeApi, pam: Pam, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, typed: str
) -> None:
    fake.on(CALL, lease())
    (tmp_path / "notes").write_text("no program")
    monkeypatch.setenv("PATH", str(tmp_path))
    paths = {"by its path": f"{tmp_path}/notes", "by its name": "notes", "a folder": str(tmp_path)}
    result = pam("exec", SESSION_ID, "--", paths[typed])
    assert result.exit_code == 126
    assert "cannot be executed" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert fake.asked == []


@pytest.mark.parametrize(
    "arguments",
    [
        [SESSION_ID, "ls", "-l"],
        [SESSION_ID, "ls", "--profile", "bob"],
        [SESSION_ID, "--"],
        ["--"],
        [SESSION_ID, "ls", "--", "ls"],
    ],
)
def test_a_command_without_dashes_and_dashes_without_a_command_are_wrong_usage(
    fake: FakeApi, pam: Pam, arguments: list[str]
) -> None:
    assert pam("exec", *arguments).exit_code == 2
    assert fake.asked == []


@pytest.mark.parametrize("arguments", [["--", "true"], []])
def test_without_a_session_somebody_is_asked_and_never_the_command_taken_for_one(
    fake: FakeApi, pam: Pam, arguments: list[str]
) -> None:
    """Nobody is at a terminal here."""
    result = pam("exec", *arguments)
    assert result.exit_code == 2
    assert "ID" in result.stderr
    assert fake.asked == []


def test_without_a_command_it_is_the_persons_shell(
    fake: FakeApi, pam_process: PamProcess, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shell = tmp_path / "shell"
    shell.write_text('#!/bin/sh\necho "shell of $PAM_SESSION_ID $#"\nexit 4\n')
    shell.chmod(0o700)
    monkeypatch.setenv("SHELL", str(shell))
    fake.on(CALL, lease())
    result = pam_process("exec", SESSION_ID)
    assert (result.returncode, result.stdout) == (4, f"shell of {SESSION_ID} 0\n")


@pytest.mark.parametrize(("comspec", "asked"), [("C:/x/cmd.exe", "C:/x/cmd.exe"), ("", "cmd.exe")])
def test_on_windows_the_shell_is_the_one_that_windows_names(
    fake: FakeApi, pam: Pam, monkeypatch: pytest.MonkeyPatch, comspec: str, asked: str
) -> None:
    monkeypatch.setattr(execute, "_WINDOWS", True)
    monkeypatch.setenv("COMSPEC", comspec)
    assert f"{asked}: no such command" in pam("exec", SESSION_ID).stderr


def test_dashes_of_the_command_itself_are_kept(fake: FakeApi, pam_process: PamProcess) -> None:
    fake.on(CALL, lease())
    result = pam_process("exec", SESSION_ID, "--", "echo", "a", "--", "--json", "b")
    assert result.stdout == "a -- --json b\n"
