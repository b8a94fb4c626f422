"""`pam` at a real terminal: its questions, its choices, and Ctrl-C."""

import json
import os
from pathlib import Path

import pytest

from tests.cli.at_a_terminal import Terminal
from tests.cli.fake_api import SESSION_ID, FakeApi, active, session
from tests.cli.fake_sessions import asked_for, asked_of, lists

ASK = ["request", "core-ledger-admin", "--reason", "ledger is stuck since 02:00"]


def test_a_vote_is_asked_about_and_the_answer_counts(fake: FakeApi, tmp_path: Path) -> None:
    lists(fake, session())
    fake.on("POST /pam/approve", active())
    with (tmp_path / "out").open("w+b") as out:
        with Terminal(["approve", SESSION_ID.lower()[:14], "--json"], out.fileno()) as terminal:
            assert "user/alice" in terminal.until("Approve it? [y/N]: ")
            terminal.press("y\r")
            assert terminal.exit_code() == 0
        out.seek(0)
        assert json.loads(out.read()) == active()


def test_no_is_no(fake: FakeApi) -> None:
    lists(fake, session())
    with Terminal(["deny", SESSION_ID]) as terminal:
        terminal.until("Deny it? [y/N]: ")
        terminal.press("\r")
        assert terminal.exit_code() == 1
    assert not fake.calls("POST /pam/approve")


def test_ctrl_c_at_a_question_does_nothing(fake: FakeApi) -> None:
    lists(fake, session())
    with Terminal(["approve", SESSION_ID]) as terminal:
        terminal.until("[y/N]: ")
        assert terminal.interrupt() == 130
    assert "interrupted; nothing was done" in terminal.text
    assert not fake.calls("POST /pam/approve")


def test_one_of_several_is_chosen(fake: FakeApi) -> None:
    meant, other = asked_of("dave", 9), asked_of("kim", 3)
    fake.on("GET /pam/inbox", {"votes": [other, meant], "reviews": [], "confirmations": []})
    fake.on("POST /pam/approve", meant)
    with Terminal(["approve"]) as terminal:
        terminal.until("which one? [1-2, return for none]: ")
        terminal.press("2\r")
        terminal.until("Approve it? [y/N]: ")
        terminal.press("y\r")
        assert terminal.exit_code() == 0
    assert fake.calls("POST /pam/approve")[0].body["session_id"] == meant["session_id"]


@pytest.mark.parametrize("command", [[*ASK, "--wait"], ["show", SESSION_ID, "--watch"]])
def test_ctrl_c_while_watching_leaves_id_state_and_next_command(
    fake: FakeApi, command: list[str]
) -> None:
    lists(fake, session(), asked_for(status="DENIED"))
    fake.on("POST /pam/request", session(), status=202)
    with Terminal(command) as terminal:
        terminal.until("waiting for 2 approvals")
        assert terminal.interrupt() == 130
    last = terminal.text.rstrip().splitlines()[-1]
    assert f"{SESSION_ID}: core-ledger-admin is PENDING_APPROVAL" in last
    assert f"pam show {SESSION_ID} --watch" in last


def test_a_wait_for_what_needs_no_vote_speaks_of_none(fake: FakeApi) -> None:
    none = {**session()["approvals"], "required": 0}
    lists(fake, session(status="APPROVED", approvals=none))
    fake.on("POST /pam/request", session(status="APPROVED", approvals=none), status=202)
    with Terminal([*ASK, "--wait"]) as terminal:
        terminal.until("no vote is needed (Ctrl-C stops the waiting, not the request)")
        assert terminal.interrupt() == 130
    assert "nobody has voted yet" not in terminal.text


def test_a_terminal_on_one_side_only_is_not_asked(fake: FakeApi) -> None:
    """Input from a terminal, errors into a file: nobody would see the question."""
    lists(fake, session())
    fake.on("POST /pam/approve", active())
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        with Terminal(["approve", SESSION_ID], stderr=nowhere) as terminal:
            assert terminal.exit_code() == 0
    finally:
        os.close(nowhere)
    assert [asked.method for asked in fake.asked] == ["POST"]
