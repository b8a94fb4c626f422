"""The shape of the command line: its commands, its start-up, its local stack."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from cli.main import app

COMMANDS = {
    "": {
        "request", "approve", "deny", "revoke", "end", "list", "show", "credentials", "exec",
        "check", "resources", "audit", "policy", "local",
    },
    "audit": {"show"},
    "policy": {"check", "explain"},
    "local": {"up", "down", "status"},
}  # fmt: skip


@pytest.mark.parametrize("group", COMMANDS)
def test_help_lists_every_command(group: str) -> None:
    result = CliRunner().invoke(app, [*group.split(), "--help"], prog_name="pam")
    assert result.exit_code == 0
    listed = result.stdout.split("Options:")[0]
    assert {line.split()[0] for line in listed.splitlines() if line[2:3].strip()} >= COMMANDS[group]


@pytest.mark.parametrize("group", COMMANDS)
def test_every_command_takes_the_common_options(group: str) -> None:
    for name in COMMANDS[group] - set(COMMANDS):
        result = CliRunner().invoke(app, [*group.split(), name, "--help"], prog_name="pam")
        for option in ("--json", "--profile", "--env", "--region", "--api-url"):
            assert option in result.stdout, (name, option)


def test_help_waits_for_nothing_slow() -> None:
    script = (
        "import sys, cli.main\n"
        "slow = {'botocore', 'boto3', 'rich', 'cedarpy', 'pydantic', 'yaml'} & set(sys.modules)\n"
        "assert not slow, slow"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    "arguments", [[], ["nonsense"], ["request"], ["request", "x"], ["show"], ["audit"], ["--bad"]]
)
def test_wrong_usage_exits_2_with_nothing_on_stdout(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, arguments, prog_name="pam")
    assert (result.exit_code, result.stdout) == (2, "")


STATUS: dict[str, object] = {
    "status": "up",
    "endpoint_url": "http://127.0.0.1:4566",
    "api_url": "http://127.0.0.1:4566/x",
    "env": "local",
    "profiles": {"alice": {}, "bob": {}},
}


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[str, Path]]:
    """A local stack that only remembers what it was told."""
    calls: list[tuple[str, Path]] = []

    def act(verb: str, state_dir: Path) -> dict[str, object]:
        calls.append((verb, state_dir))
        print("working on it")  # noqa: T201 (what a stack may do, and must not spoil)
        running = [called for called, _ in calls if called != "status"][-1:] == ["up"]
        return STATUS if running else {"status": "down"}

    verbs = {verb: (lambda path, verb=verb: act(verb, path)) for verb in ("up", "down", "status")}
    monkeypatch.setitem(
        sys.modules, "local.stack", SimpleNamespace(**verbs, StackError=RuntimeError)
    )
    state = SimpleNamespace(default_state_dir=lambda: tmp_path / "default")
    monkeypatch.setitem(sys.modules, "local.state", state)
    return calls


def test_up_says_how_to_use_the_stack(stack: list[tuple[str, Path]], tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["local", "up", "--state-dir", str(tmp_path)])
    assert result.exit_code == 0, result.stderr
    assert stack[0] == ("up", tmp_path.resolve())
    assert "export AWS_ENDPOINT_URL=http://127.0.0.1:4566" in result.stdout
    assert f"export AWS_CONFIG_FILE={tmp_path}/aws/config" in result.stdout
    assert "export PAM_ENV=local" in result.stdout


@pytest.mark.parametrize("verb", ["up", "down", "status"])
def test_the_stacks_own_chatter_stays_out_of_json(
    stack: list[tuple[str, Path]], tmp_path: Path, verb: str
) -> None:
    result = CliRunner().invoke(app, ["local", verb, "--json", "--state-dir", str(tmp_path)])
    assert json.loads(result.stdout) == (STATUS if verb == "up" else {"status": "down"})
    assert "working on it" in result.stderr


def test_a_stack_that_is_down_says_how_to_start_it(stack: list[tuple[str, Path]]) -> None:
    result = CliRunner().invoke(app, ["local", "status"])
    assert stack[0][1].name == "default"
    assert "start it with `pam local up`" in result.stdout


def test_without_the_stacks_code_it_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("local", "local.stack", "local.state"):
        monkeypatch.setitem(sys.modules, name, None)
    result = CliRunner().invoke(app, ["local", "up"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "not part of this installation" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_stack_that_does_not_start_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def up(_: Path) -> None:
        message = "port 4566\nis taken"
        raise RuntimeError(message)

    monkeypatch.setitem(sys.modules, "local.stack", SimpleNamespace(up=up, StackError=RuntimeError))
    result = CliRunner().invoke(app, ["local", "up", "--state-dir", str(tmp_path)])
    assert (result.exit_code, result.stderr) == (1, "CLIENT: pam local up: port 4566 is taken\n")


def test_the_local_stack_says_that_it_is_down(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["local", "status", "--state-dir", str(tmp_path), "--json"])
    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout)["status"] == "down"
