"""What the shell offers after TAB: what the API says, quickly, and silence after any failure."""

import os
import time
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli import completion
from cli.main import app
from tests.cli.fake_api import SESSION_ID, FakeApi, active, session

OTHER = "01JD8XGZ6Q3M4V5N6P7R8S9T0Z"


@pytest.fixture
def tab(fake: FakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(completion, "PATIENCE", 30.0)

    def press(line: str) -> Result:
        words = line.split(" ")
        variables = {
            "_PAM_COMPLETE": "complete_bash",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(words) - 1),
        }
        return CliRunner().invoke(app, [], prog_name="pam", env=variables)

    return press


@pytest.fixture
def answers(fake: FakeApi) -> FakeApi:
    items = [active(), session(session_id=OTHER)]
    fake.on("GET /pam/sessions", {"items": items, "cursor": None})
    fake.on("GET /pam/inbox", {"votes": [items[1]], "reviews": [], "confirmations": []})
    fake.on("GET /pam/resources", {"items": [{"resource": "core-db"}, {"resource": "kyc-read"}]})
    return fake


OFFERED = {
    "pam sho": ["show"],
    "pam show ": [SESSION_ID, OTHER],
    "pam show 01jd8xgz6q3m4v5n6p7r8s9t0z": [OTHER.lower()],
    "pam exec ": [SESSION_ID],
    "pam approve ": [OTHER],
    "pam review ": [],
    "pam request ": ["core-db", "kyc-read"],
    "pam check kyc": ["kyc-read"],
    "pam list --resource c": ["core-db"],
    "pam list --status pen": ["pending", "pending_approval"],
    "pam list --status active,pending_": ["active,pending_approval"],
    "pam --profile al": ["alice"],
    "pam list --profile ": ["alice", "bob", "default"],
    "pam list --outpu": ["--output"],
    "pam list -o c": ["csv"],
}


@pytest.mark.parametrize("line", OFFERED)
def test_what_is_offered(answers: FakeApi, tab: Any, tmp_path: Path, line: str) -> None:
    (tmp_path / "config").write_text("[default]\n[profile alice]\n[sso-session x]\n")
    (tmp_path / "credentials").write_text("[bob]\n")
    result = tab(line)
    assert result.exit_code == 0, result.output
    assert result.stdout.split() == OFFERED[line]


@pytest.mark.parametrize("name", ["$(id)", "a`id`", "a;id", "a b", "a'b", 'a"b', "a\nb", "-x"])
def test_what_a_shell_would_act_upon_is_not_offered(answers: FakeApi, tab: Any, name: str) -> None:
    """Shells put an offer into the line as it is, and zsh evaluates the list of them."""
    answers.on("GET /pam/resources", {"items": [{"resource": name}, {"resource": "core-db"}]})
    assert tab("pam request ").stdout.split("\n") == ["core-db", ""]


def test_an_answer_is_used_again_for_a_while_and_only_by_the_same_caller(
    answers: FakeApi, tab: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tab("pam request ")
    tab("pam check ")
    assert len(answers.asked) == 1
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIABOB")
    tab("pam request ")
    assert len(answers.asked) == 2
    monkeypatch.setattr(completion, "KEPT", 0.0)
    tab("pam request ")
    assert len(answers.asked) == 3


def test_what_is_kept_is_for_this_login_only_and_goes_after_a_day(
    answers: FakeApi, tab: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tab("pam request ")
    folder = tmp_path / "cache" / "pam" / "completion"
    (kept,) = folder.iterdir()
    assert (folder.stat().st_mode & 0o777, kept.stat().st_mode & 0o777) == (0o700, 0o600)
    assert "alices-secret" not in kept.read_text()
    long_ago = time.time() - 2 * 24 * 3600
    os.utime(kept, (long_ago, long_ago))
    tab("pam show ")
    assert not kept.exists()


@pytest.mark.parametrize("broken", ["refused", "strange", "slow", "nowhere", "no environment"])
def test_a_failure_is_silence(
    answers: FakeApi, tab: Any, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    late = Event()
    match broken:
        case "refused":
            answers.refuses("GET /pam/resources", 403, "NOT_ELIGIBLE", "no")
        case "strange":
            answers.on("GET /pam/resources", {"items": {"a": 1}})
        case "slow":
            monkeypatch.setattr(completion, "PATIENCE", 0.0)
            offered = {"items": [{"resource": "core-db"}]}
            answers.on("GET /pam/resources", lambda _: offered if late.wait(10) else {})
        case "nowhere":
            monkeypatch.setenv("PAM_API_URL", "http://127.0.0.1:9/v1")
        case _:
            monkeypatch.delenv("PAM_ENV")
    result = tab("pam request ")
    late.set()
    assert (result.stdout.strip(), result.stderr) == ("", "")
