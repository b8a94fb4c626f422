"""Ctrl-C while PAM is at it: whoever presses it learns what may have been done, and how to see."""

import json
import threading
from typing import Any

import pytest

from cli.api import Api
from tests.cli.fake_api import SESSION_ID, Asked, FakeApi, Pam, active
from tests.cli.fake_sessions import asked_of, lists

WHY = ("--reason", "stolen laptop")
ACTS: dict[str, tuple[tuple[str, ...], str]] = {
    "a request": (("request", "core-db", "--reason", "ledger is stuck"), "list --mine"),
    "a vote": (("approve", SESSION_ID), f"show {SESSION_ID}"),
    "an end": (("end", SESSION_ID), f"show {SESSION_ID}"),
    "a revocation": (("revoke", SESSION_ID, *WHY), f"show {SESSION_ID}"),
    "a lease": (("credentials", SESSION_ID), f"show {SESSION_ID}"),
    "a block": (("block", "dave", *WHY), "blocklist list"),
    "a lift": (("blocklist", "lift", "dave", *WHY), "blocklist list"),
    "a link": (("link", "slack", "code"), "whoami"),
}


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every act is broken off before it has an answer; what only looks is answered."""
    send = Api._send

    def sends(self: Api, method: str, path: str, **rest: Any) -> Any:
        if method != "GET":
            raise KeyboardInterrupt
        return send(self, method, path, **rest)

    monkeypatch.setattr(Api, "_send", sends)


@pytest.mark.usefixtures("interrupted")
@pytest.mark.parametrize("act", ACTS)
def test_an_act_that_is_broken_off_says_that_nobody_knows_and_how_to_look(
    fake: FakeApi, pam: Pam, act: str
) -> None:
    lists(fake, active())
    words, look = ACTS[act]
    result = pam(*words)
    assert (result.exit_code, result.stdout) == (130, "")
    assert result.stderr == (
        f"interrupted; whether PAM did it is not known: look with `pam {look}`\n"
    )


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("in_a_call", [False, True])
def test_what_was_taken_away_before_it_was_broken_off_is_told(
    fake: FakeApi, pam: Pam, monkeypatch: pytest.MonkeyPatch, *, in_a_call: bool, as_json: bool
) -> None:
    """In the call that this thread makes, or while it waits for those of others."""
    both = [asked_of("dave", number) for number in (1, 2)]
    lists(fake, *both)
    first, second = sorted(each["session_id"] for each in both)

    def revoke(asked: Asked) -> dict[str, Any]:
        return next(s for s in both if s["session_id"] == asked.body["session_id"]) | {
            "status": "REVOKED"
        }

    fake.on("POST /pam/revoke", revoke)
    send, begun = Api._send, threading.Event()

    def sends(self: Api, method: str, path: str, **rest: Any) -> Any:
        if method == "POST" and rest["body"]["session_id"] == second:
            assert begun.wait(timeout=10)
            raise KeyboardInterrupt
        if method == "POST":
            begun.set()
        return send(self, method, path, **rest)

    def waits(act: Any, things: list[str]) -> None:
        act(first)
        raise KeyboardInterrupt

    if in_a_call:
        monkeypatch.setattr(Api, "_send", sends)
    else:
        monkeypatch.setattr("cli.revoking.in_order", waits)
    result = pam("revoke", "--person", "dave", *WHY, *["--json"] * as_json)
    assert result.exit_code == 130
    assert first in result.stdout
    assert second not in result.stdout
    assert result.stderr.startswith("interrupted")
    if as_json:
        assert [each["session_id"] for each in json.loads(result.stdout)["items"]] == [first]


def test_what_waits_for_its_turn_is_not_taken_away_any_more(
    fake: FakeApi, pam: Pam, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever breaks it off has seen that it is the wrong person."""
    many = [asked_of("dave", number) for number in range(1, 41)]
    lists(fake, *many)
    sent, broken_off = list[str](), threading.Event()

    def revoke(asked: Asked) -> dict[str, Any]:
        sent.append(asked.body["session_id"])
        return next(s for s in many if s["session_id"] == sent[-1]) | {"status": "REVOKED"}

    fake.on("POST /pam/revoke", revoke)
    send = Api._send

    def sends(self: Api, method: str, path: str, **rest: Any) -> Any:
        if method == "POST" and threading.current_thread() is threading.main_thread():
            broken_off.set()
            raise KeyboardInterrupt
        assert method == "GET" or broken_off.wait(timeout=10)
        return send(self, method, path, **rest)

    monkeypatch.setattr(Api, "_send", sends)
    result = pam("revoke", "--person", "dave", *WHY)
    assert result.exit_code == 130
    assert len(sent) < 20
