"""`pam block` and `pam confirm`: what is sent, what is shown, and how each says no."""

import json
from typing import Any

import pytest

from cli import clock
from tests.cli.fake_api import ALICE, BLOCK, SESSION_ID, FakeApi, Pam, session


@pytest.fixture
def standing_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """How far away a time is may change between two lines."""
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)


BLOCK_ALICE = ["block", "alice", "--reason", "laptop stolen"]
DONE = {
    "person": "alice",
    "principals": [ALICE],
    "ended": [SESSION_ID],
    "items": [BLOCK, BLOCK | {"resource": "core-ledger-db", "until": "2126-11-20T01:00:00.000Z"}],
}

SENT: dict[str, tuple[list[str], dict[str, Any]]] = {
    "until lifted": ([], {"seconds": 0}),
    "for a day": (["--for", "24h"], {"seconds": 86400}),
    "from one resource": (
        ["--for", "90", "--resource", "core-ledger-db"],
        {"seconds": 90, "resource": "core-ledger-db"},
    ),
    "somebody unheard of": (["--unseen"], {"seconds": 0, "unseen": True}),
}


@pytest.mark.parametrize("case", SENT)
def test_a_block_sends_whom_why_and_for_how_long(fake: FakeApi, pam: Pam, case: str) -> None:
    options, sent = SENT[case]
    fake.on("POST /pam/block", DONE)
    result = pam(*BLOCK_ALICE, *options)
    assert result.exit_code == 0, result.stderr
    assert fake.asked[0].body == {"person": "alice", "reason": "laptop stolen"} | sent


def test_what_stands_and_what_has_ended_is_shown(fake: FakeApi, pam: Pam) -> None:
    fake.on("POST /pam/block", DONE)
    lines = pam(*BLOCK_ALICE).stdout.splitlines()
    assert lines[0] == "alice is blocked until lifted"
    assert lines[1].startswith("alice is blocked on core-ledger-db until 2126-11-20")
    assert lines[2:] == [f"ended: {SESSION_ID}"]


UNTIL = "2026-11-21T01:00:00.000Z"
"""A day after BLOCK began."""
BEFORE: dict[str, tuple[list[str], dict[str, Any], bool]] = {
    "a longer one": (["--for", "8h"], {"until": UNTIL}, True),
    "one until lifted": (["--for", "8h"], {"until": None}, True),
    "none": (["--for", "24h"], {"until": UNTIL}, False),
    "none until lifted": ([], {"until": None}, False),
    "a longer one on a resource": (
        ["--for", "8h", "--resource", "core-ledger-db"],
        {"until": UNTIL, "resource": "core-ledger-db"},
        True,
    ),
    "a longer one of something else": (
        ["--for", "8h"],
        {"until": UNTIL, "resource": "core-ledger-db"},
        False,
    ),
}


@pytest.mark.usefixtures("standing_clock")
@pytest.mark.parametrize("case", BEFORE)
def test_a_block_that_stood_longer_before_is_said(fake: FakeApi, pam: Pam, case: str) -> None:
    options, stands, told = BEFORE[case]
    fake.on("POST /pam/block", DONE | {"items": [BLOCK | stands], "ended": []})
    first, *more = pam(*BLOCK_ALICE, *options).stdout.splitlines()
    until = first.partition(" until ")[2]
    assert more == [f"  was blocked until {until} before, which is longer, and stays"] * told


@pytest.mark.usefixtures("standing_clock")
@pytest.mark.parametrize("yes", ["-y", "--yes"])
def test_a_yes_to_a_block_changes_nothing(fake: FakeApi, pam: Pam, yes: str) -> None:
    fake.on("POST /pam/block", DONE)
    assert pam(*BLOCK_ALICE, yes).stdout == pam(*BLOCK_ALICE).stdout
    with_yes, without = fake.asked
    assert with_yes.body == without.body
    assert "Changes nothing: this asks nothing." in pam("block", "--help").stdout


@pytest.mark.parametrize("options", [["--for", "0s"], ["--for", "a day"]])
def test_a_block_for_no_time_is_wrong_usage(fake: FakeApi, pam: Pam, options: list[str]) -> None:
    assert pam(*BLOCK_ALICE, *options).exit_code == 2
    assert pam("block", "alice").exit_code == 2, "without a reason"
    assert fake.asked == []


def test_a_confirmation_sends_the_session_and_shows_what_became_of_it(
    fake: FakeApi, pam: Pam
) -> None:
    fake.on("POST /pam/confirm", session(status="APPROVED", origin="runbook"))
    result = pam("confirm", SESSION_ID)
    assert result.exit_code == 0, result.stderr
    assert fake.asked[0].body == {"session_id": SESSION_ID}
    assert "APPROVED" in result.stdout


ANSWERS = {
    "VALIDATION": (400, 2),
    "NOT_ELIGIBLE": (403, 3),
    "SELF_APPROVAL": (403, 3),
    "BLOCKED": (403, 3),
    "STEP_UP": (403, 3),
    "CONFLICT": (409, 3),
    "LIMIT": (409, 3),
    "NOT_FOUND": (404, 4),
    "THROTTLED": (429, 5),
    "ISSUER_UNAVAILABLE": (503, 5),
    "INTERNAL": (500, 5),
    "SOMETHING_NEW": (418, 1),
}
COMMANDS = {
    "POST /pam/block": BLOCK_ALICE,
    "POST /pam/confirm": ["confirm", SESSION_ID],
    "POST /pam/review": ["review", SESSION_ID, "--justified"],
}


@pytest.mark.parametrize("code", ANSWERS)
@pytest.mark.parametrize("call", COMMANDS)
def test_each_way_to_say_no_has_its_exit_code_and_one_line(
    fake: FakeApi, pam: Pam, call: str, code: str
) -> None:
    status, exit_code = ANSWERS[code]
    fake.refuses(call, status, code, "no, and why")
    result = pam(*COMMANDS[call])
    assert result.exit_code == exit_code
    assert result.stderr.count("\n") == 1
    assert code in result.stderr
    assert "no, and why" in result.stderr


def test_as_json_the_answer_is_the_apis_own(fake: FakeApi, pam: Pam) -> None:
    fake.on("POST /pam/block", DONE)
    assert json.loads(pam(*BLOCK_ALICE, "--json").stdout) == DONE
