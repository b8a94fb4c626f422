"""`pam local slack`: what it says where it can do nothing, and that it drives no terminal."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.main import app
from tests.local.slack.running import Running, slack

RUNNER = CliRunner()


def pam(*words: str) -> Any:
    return RUNNER.invoke(app, ["local", "slack", *words])


def stack_with(folder: Path, slack_about: dict[str, str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "local.json").write_text(json.dumps({"services": {"slack": slack_about}}))
    return folder


def stack_of(folder: Path, running: Running) -> Path:
    told = {name: running.about[name] for name in ("url", "control_url")}
    (folder / "slack").mkdir(parents=True)
    (folder / "slack" / "slack.json").write_text(json.dumps(running.about))
    return stack_with(folder, told)


def test_a_stack_that_is_down_says_how_to_start_it(tmp_path: Path) -> None:
    answer = pam("channels", "--state-dir", str(tmp_path))
    assert answer.exit_code == 1
    assert "pam local up" in answer.output


@pytest.mark.parametrize(
    "words",
    [
        ["channels"],
        ["show", "core-approvals"],
        ["click", "core-approvals", "1.1", "--as", "bob"],
        ["type", "/jit", "--as", "alice"],
        ["home", "--as", "alice"],
        ["submit", "reason=x", "--as", "alice"],
    ],
    ids=lambda words: words[0],
)
def test_in_the_place_of_a_slack_that_is_not_pams_own_it_says_what_it_cannot_do(
    tmp_path: Path, words: list[str]
) -> None:
    folder = stack_with(tmp_path, {"url": "http://127.0.0.1:9999/api/"})
    answer = pam(*words, "--state-dir", str(folder))
    assert answer.exit_code == 1
    assert "http://127.0.0.1:9999/api/" in answer.output
    assert "can neither look into it nor act in it" in answer.output
    assert "PAM_LOCAL_SLACK_URL" in answer.output


@pytest.mark.enable_socket
def test_messages_and_buttons_are_shown_and_cannot_drive_the_terminal(tmp_path: Path) -> None:
    with slack() as running:
        folder = stack_of(tmp_path / "stack", running)
        running.web.chat_postMessage(channel="C0CORE00001", text="look \x1b[31mred\u202e")
        shown = pam("show", "core-approvals", "--state-dir", str(folder))
        assert shown.exit_code == 0, shown.output
        assert "\x1b" not in shown.output
        assert "\\x1b[31mred\\u202e" in shown.output
        found = pam("channels", "--json", "--state-dir", str(folder))
        assert json.loads(found.output)["channels"][0]["name"].startswith("#")


@pytest.mark.enable_socket
def test_what_a_person_cannot_do_is_one_line(tmp_path: Path) -> None:
    with slack() as running:
        folder = stack_of(tmp_path / "stack", running)
        answer = pam("click", "core-approvals", "7.1", "--as", "bob", "--state-dir", str(folder))
        assert answer.exit_code == 1
        assert answer.output.strip().count("\n") == 0
        answer = pam("type", "/jit", "--as", "nobody", "--state-dir", str(folder))
        assert "nobody is called nobody" in answer.output


@pytest.mark.enable_socket
def test_a_command_that_nobody_takes_is_shown_and_fails(tmp_path: Path) -> None:
    with slack() as running:
        folder = stack_of(tmp_path / "stack", running)
        answer = pam("type", "/jit mine", "--as", "alice", "--state-dir", str(folder))
        assert answer.exit_code == 1
        assert "NOT acknowledged" in answer.output


def test_a_value_without_a_name_is_wrong_usage(tmp_path: Path) -> None:
    folder = stack_with(tmp_path, {"url": "x", "control_url": "y"})
    answer = pam("submit", "value", "--as", "alice", "--state-dir", str(folder))
    assert answer.exit_code == 2
