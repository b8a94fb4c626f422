"""`make status`: a few lines for a person, not the stack's whole file."""

import sys
from pathlib import Path
from typing import Any

import pytest

from local import __main__ as command

UP = {"status": "up", "api_url": "http://127.0.0.1:4566/v1", "databases": {"a": {"port": 5432}}}
SAYS: list[tuple[dict[str, Any], list[str]]] = [
    (UP, [f"up: {UP['api_url']}; in a shell:", "  . {env}", "  pam --profile alice resources"]),
    ({"status": "down"}, ["down; to start it: make up"]),
]


@pytest.mark.parametrize(("about", "says"), SAYS, ids=["up", "down"])
def test_status_says_where_it_is_and_what_to_type_next(
    about: dict[str, Any],
    says: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command, "status", lambda _: about)
    monkeypatch.setattr(sys, "argv", ["local", "status", "--state-dir", str(tmp_path / ".pam")])
    assert command.main() == 0
    assert capsys.readouterr().out.splitlines() == [each.format(env=".pam/env") for each in says]
