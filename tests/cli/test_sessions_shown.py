"""`pam list`, `pam show`, `pam check`, `pam resources`: what a person reads."""

import json

import pytest

from tests.cli.fake_api import ALICE, SESSION_ID, FakeApi, Pam, active, approvals, session

HOSTILE = "\x1b[2J\x9b31m[bold red]gone[/] :smile:\u202etxt.exe\r\nroot# \x07\u2028"


def test_a_list_is_a_table_with_a_way_on(fake: FakeApi, pam: Pam) -> None:
    fake.on("GET /pam/sessions", {"items": [session(), active()], "cursor": "next-page"})
    result = pam("list")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.count(SESSION_ID) == 2
    assert "--cursor next-page" in result.stdout


def test_an_empty_list_says_so(fake: FakeApi, pam: Pam) -> None:
    fake.on("GET /pam/sessions", {"items": [], "cursor": None})
    assert pam("list").stdout == "no sessions\n"


def test_a_list_asks_for_what_was_said(fake: FakeApi, pam: Pam) -> None:
    fake.on("GET /pam/sessions", {"items": [], "cursor": None})
    pam("list", "--status", "active", "--limit", "7", "--cursor", "a b/+")
    assert fake.asked[0].query == {"status": "ACTIVE", "limit": "7", "cursor": "a b/+"}


def test_mine_asks_for_whom_pam_takes_the_caller_for(fake: FakeApi, pam: Pam) -> None:
    fake.on("GET /pam/me", {"person": "alice"})
    fake.on("GET /pam/sessions", {"items": [], "cursor": None})
    assert pam("list", "--mine").exit_code == 0
    (asked,) = fake.calls("GET /pam/sessions")
    assert asked.query == {"requester": "alice"}


@pytest.mark.parametrize("words", [("show", SESSION_ID), ("show", SESSION_ID, "--watch")])
@pytest.mark.parametrize("variable", ["FORCE_COLOR", "TTY_COMPATIBLE"])
def test_a_pipe_is_no_terminal_whatever_a_variable_says(
    fake: FakeApi,
    pam: Pam,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    variable: str,
) -> None:
    """Build servers set these, and keep what is printed as a log."""
    monkeypatch.setenv(variable, "1")
    call = f"GET /pam/sessions/{SESSION_ID}"
    fake.on(call, active(), session(status="EXPIRED"))
    shown = pam(*words).stdout
    assert "\x1b" not in shown
    assert [line for line in shown.splitlines() if line.endswith(" ")] == []


def test_piped_output_has_no_padding(fake: FakeApi, pam: Pam) -> None:
    fake.on("GET /pam/sessions", {"items": [session(), active(reason="short one")]})
    fake.on(f"GET /pam/sessions/{SESSION_ID}", active())
    for arguments in (["list"], ["show", SESSION_ID]):
        lines = pam(*arguments).stdout.splitlines()
        assert lines == [line.rstrip() for line in lines]


def test_a_denial_is_told_in_the_words_of_who_denied(fake: FakeApi, pam: Pam) -> None:
    votes = approvals("deny")
    votes["votes"][0]["comment"] = "not tonight"
    fake.on(f"GET /pam/sessions/{SESSION_ID}", session(status="DENIED", approvals=votes))
    assert "denied by an approver: not tonight" in pam("show", SESSION_ID).stdout


def test_a_status_that_does_not_exist_is_wrong_usage(fake: FakeApi, pam: Pam) -> None:
    result = pam("list", "--status", "SLEEPING")
    assert result.exit_code == 2
    assert "PENDING_APPROVAL" in result.stderr


def test_a_session_shows_votes_with_their_comments(fake: FakeApi, pam: Pam) -> None:
    votes = approvals("approve")
    votes["votes"][0]["comment"] = "as discussed"
    fake.on(f"GET /pam/sessions/{SESSION_ID}", session(approvals=votes))
    result = pam("show", SESSION_ID)
    assert "user/approver-1 approved at" in result.stdout
    assert '"as discussed"' in result.stdout
    assert "1 of 2" in result.stdout


def test_what_people_wrote_cannot_drive_the_terminal(fake: FakeApi, pam: Pam) -> None:
    votes = approvals("deny")
    votes["votes"][0] |= {"comment": HOSTILE, "approver": HOSTILE}
    hostile = active(
        reason=HOSTILE,
        ticket=HOSTILE,
        requester=HOSTILE,
        resource=HOSTILE,
        status=HOSTILE,
        end_reason=HOSTILE,
        approvals=votes,
        ending={"confirmed_at": None, "method": HOSTILE, "evidence": HOSTILE},
        review={"outcome": HOSTILE},
        break_glass=True,
    )
    fake.on(f"GET /pam/sessions/{SESSION_ID}", hostile)
    fake.on("GET /pam/sessions", {"items": [hostile], "cursor": HOSTILE})
    fake.on("POST /pam/approve", hostile)
    fake.on(
        "GET /pam/resources",
        {"items": [{"resource": HOSTILE, "title": HOSTILE, "domain": HOSTILE}]},
    )
    fake.on("GET /pam/check", {"allowed": True, "session_id": HOSTILE, "expires_at": HOSTILE})
    fake.refuses("POST /pam/end", 409, HOSTILE, HOSTILE)
    for arguments in (
        ["show", SESSION_ID],
        ["list"],
        ["approve", SESSION_ID],
        ["resources"],
        ["check", "x"],
        ["end", SESSION_ID],
    ):
        result = pam(*arguments)
        shown = result.stdout + result.stderr
        assert "internal error" not in shown
        for character in "\x1b\x9b\u202e\r\x07\u2028":
            assert character not in shown, (arguments, character)
        assert "[bold red]gone[/] :smile:" in shown, arguments


def test_a_request_named_by_a_runbook_is_shown_as_a_claim(fake: FakeApi, pam: Pam) -> None:
    fake.on(f"GET /pam/sessions/{SESSION_ID}", session(requester_verified=False, origin="runbook"))
    assert "named by a runbook" in pam("show", SESSION_ID).stdout


def test_a_break_glass_session_shows_when_its_review_is_due(fake: FakeApi, pam: Pam) -> None:
    review = {"required": True, "due_at": "2126-11-21T01:00:00.000Z", "outcome": None}
    fake.on(f"GET /pam/sessions/{SESSION_ID}", active(break_glass=True, review=review))
    assert "yes; review due 2126-11-21 01:00:00 UTC" in pam("show", SESSION_ID).stdout


@pytest.mark.parametrize(
    ("status", "comes"), [("ACTIVE", True), ("REVOKING", False), ("REVOKED", False)]
)
def test_an_end_to_come_is_shown_of_access_that_is_there_alone(
    fake: FakeApi, pam: Pam, status: str, *, comes: bool
) -> None:
    fake.on(f"GET /pam/sessions/{SESSION_ID}", active(status=status))
    shown = pam("show", SESSION_ID).stdout
    assert ("\nexpires " in shown) is comes
    assert (" (in " in shown) is comes


def test_a_session_with_little_in_it_is_still_shown(fake: FakeApi, pam: Pam) -> None:
    fake.on(f"GET /pam/sessions/{SESSION_ID}", {"session_id": SESSION_ID, "status": "PARKED"})
    result = pam("show", SESSION_ID)
    assert result.exit_code == 0, result.stderr
    assert "PARKED" in result.stdout


def test_watching_stops_when_the_session_is_over(fake: FakeApi, pam: Pam) -> None:
    fake.on(
        f"GET /pam/sessions/{SESSION_ID}",
        active(),
        active(status="REVOKING"),
        active(status="EXPIRED", end_reason="the clock"),
    )
    result = pam("show", SESSION_ID, "--watch")
    assert result.exit_code == 0, result.stderr
    lines = [line for line in result.stdout.splitlines() if SESSION_ID in line]
    assert ["ACTIVE" in lines[0], "REVOKING" in lines[1], "EXPIRED" in lines[2]] == [True] * 3


def test_watching_with_json_prints_the_last_state_only(fake: FakeApi, pam: Pam) -> None:
    over = active(status="ENDED")
    fake.on(f"GET /pam/sessions/{SESSION_ID}", active(), over)
    assert json.loads(pam("show", SESSION_ID, "--watch", "--json").stdout) == over


def test_a_check_answers_yes_with_its_end(fake: FakeApi, pam: Pam) -> None:
    answer = {"allowed": True, "session_id": SESSION_ID, "expires_at": "2126-11-20T01:35:00.000Z"}
    fake.on("GET /pam/check", answer)
    result = pam("check", "core-ledger-admin", "--principal", ALICE)
    assert fake.asked[0].query == {"resource": "core-ledger-admin", "principal": ALICE}
    assert result.stdout.startswith(f"yes: {ALICE} may use core-ledger-admin until 2126-11-20")


def test_a_check_that_answers_no_is_done_all_the_same(fake: FakeApi, pam: Pam) -> None:
    fake.on("GET /pam/check", {"allowed": False, "session_id": None, "expires_at": None})
    result = pam("check", "core-ledger-admin")
    assert (result.exit_code, result.stdout) == (0, "no: you cannot use core-ledger-admin now\n")


def test_stuck_sessions_are_listed_and_shown_with_how_often_they_were_tried(
    fake: FakeApi, pam: Pam
) -> None:
    ending = {"decided_at": "2026-01-01T00:00:00.000Z", "confirmed_at": None}
    stuck = active(status="REVOKING", ending=ending, tries=14)
    fake.on("GET /pam/stuck", {"items": [stuck], "cursor": None})
    assert "REVOKING" in pam("list", "--stuck").stdout
    fake.on(f"GET /pam/sessions/{stuck['session_id']}", stuck)
    assert "PAM has tried 14 times to end it" in pam("show", stuck["session_id"]).stdout


def test_of_the_stuck_ones_no_more_are_shown_than_was_asked_for(fake: FakeApi, pam: Pam) -> None:
    ids = [SESSION_ID[:-1] + each for each in "ABC"]
    stuck = [active(session_id=each, status="REVOKING") for each in ids]
    fake.on("GET /pam/stuck", {"items": stuck, "cursor": None})
    few = pam("list", "--stuck", "--limit", "2", "-o", "name")
    assert few.stdout.split() == ids[:2]
    assert "there may be more" in few.stderr
    assert pam("list", "--stuck", "--limit", "3", "-o", "name").stderr == ""


def test_nothing_stuck_is_said_in_a_word(fake: FakeApi, pam: Pam) -> None:
    fake.on("GET /pam/stuck", {"items": [], "cursor": None})
    assert pam("list", "--stuck").stdout == "no sessions\n"


def test_a_watch_ends_with_its_timeout_and_leaves_the_next_command(fake: FakeApi, pam: Pam) -> None:
    fake.on(f"GET /pam/sessions/{SESSION_ID}", active())
    result = pam("show", SESSION_ID, "--watch", "--timeout", "0")
    assert result.exit_code == 6
    last = result.stderr.splitlines()[-1]
    assert last.startswith("the time is over; ")
    assert f"to give it back: pam end {SESSION_ID}" in last


def test_a_timeout_is_of_a_watch(fake: FakeApi, pam: Pam) -> None:
    result = pam("show", SESSION_ID, "--timeout", "5m")
    assert result.exit_code == 2
    assert "it is for how long to --watch, which was not given" in result.stderr
    assert fake.asked == []
