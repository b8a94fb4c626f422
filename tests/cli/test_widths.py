"""What must be typed again is never cut, however narrow the terminal is."""

import io
import os
import pty
import termios
from typing import Any

import pytest
from rich.console import Console

from cli import about, clock, next_command, render, terminal
from cli.session import Session
from cli.tables import Cell, Column, cells, lay_out
from tests.cli.fake_api import BLOCK, SESSION_ID, FakeApi, Pam, active, session
from tests.cli.fake_sessions import asked_for, lists

pytestmark = pytest.mark.usefixtures("given")
WIDTHS = (40, 60, 80, 100, 120, 200)
REASON = "the ledger is stuck since 02:00 and nobody can tell why; see the incident for all of it"
IDS = ("01M7XKKX570BEDA009FKKTH2H3", "01M7XKKX5Z0BEDA009FKKTH2H4", "01M7XKKX5ZABCDA009FKKTH2H5")
SHORT = ("01M7XKKX57", "01M7XKKX5Z0", "01M7XKKX5ZA")
LONG = "core-ledger-uat-admin"
RECEIPT = {
    "confirmed_at": "2026-11-20T01:20:00.000Z",
    "effective_at": "2026-11-20T01:21:00.000Z",
    "method": "deny-read-back",
    "evidence": "arn:aws:iam::111122223333:role/pam-target-core-ledger-admin has the deny",
}


def _sessions() -> list[dict[str, Any]]:
    first, second, third = IDS
    return [
        session(session_id=first, resource=LONG, reason=REASON, requester="a:b/konstantin.wolf"),
        active(session_id=second, resource="core-ledger-db", reason="kurz"),
        active(
            session_id=third,
            status="EXPIRED",
            ended_at="2026-11-20T01:35:00.000Z",
            reason="口座の確認",
        ),
    ]


RESOURCE: dict[str, Any] = {
    "resource": LONG,
    "title": "Ledger (UAT)",
    "description": REASON,
    "environment": "workplace",
    "domain": "bank-core",
    "default_duration_seconds": 3600,
    "max_duration_seconds": 14400,
    "ends_by_itself": True,
}
STATUSES = ("PENDING", "ACTIVE", "EXPIRED")
SHOWN: dict[tuple[str, ...], tuple[str, Any, tuple[str, ...]]] = {
    ("list",): (
        "GET /pam/sessions",
        {"items": _sessions(), "cursor": None},
        (*SHORT, LONG, "core-ledger-db", "konstantin.wolf", "alice", *STATUSES),
    ),
    ("list", "-o", "wide"): (
        "GET /pam/sessions",
        {"items": _sessions(), "cursor": None},
        (*IDS, LONG, "PENDING_APPROVAL"),
    ),
    ("inbox",): (
        "GET /pam/inbox",
        {"votes": _sessions()[:1], "reviews": _sessions()[1:], "confirmations": []},
        (*SHORT, LONG, "for konstantin.wolf", "for alice"),
    ),
    ("resources",): (
        "GET /pam/resources",
        {"items": [RESOURCE]},
        (LONG, "workplace", "bank-core", "1h", "4h", "ends by itself"),
    ),
    ("blocklist", "list"): (
        "GET /pam/blocklist",
        {"items": [BLOCK | {"person": "konstantin.wolf", "resource": LONG}]},
        ("konstantin.wolf", LONG, "lifted", "sam"),
    ),
}
"""Command to the call that it makes, the answer, and the words that must be there whole."""


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("command", SHOWN)
def test_what_must_be_typed_is_whole_at_every_width(
    fake: FakeApi,
    pam: Pam,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
    width: int,
) -> None:
    call, answer, words = SHOWN[command]
    fake.on(call, answer)
    monkeypatch.setattr(terminal, "columns", lambda: width)
    result = pam(*command)
    assert result.exit_code == 0, result.stderr
    said = result.stdout.split()
    missing = [word for word in words if not set(word.split()) <= {w.strip(",;") for w in said}]
    assert missing == []
    # The headings of an inbox and its commands are sentences, which a terminal folds.
    too_long = [line for line in result.stdout.splitlines() if cells(line) > width]
    assert all("pam " in line for line in too_long), too_long


@pytest.mark.parametrize("width", WIDTHS)
def test_a_reason_is_cut_with_a_mark_or_stands_whole(
    fake: FakeApi, pam: Pam, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    fake.on("GET /pam/sessions", {"items": _sessions(), "cursor": None})
    monkeypatch.setattr(terminal, "columns", lambda: width)
    shown = pam("list").stdout
    assert ("…" in shown) is (REASON not in shown)
    assert "kurz" in shown
    assert "the ledger" in shown


def test_into_a_pipe_nothing_is_cut(fake: FakeApi, pam: Pam) -> None:
    fake.on("GET /pam/sessions", {"items": _sessions(), "cursor": None})
    shown = pam("list").stdout
    assert REASON in shown
    for session_id in IDS:
        assert session_id in shown.split()
    assert "PENDING_APPROVAL" in shown


def test_what_is_over_says_so(fake: FakeApi, pam: Pam, monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.parse("2026-11-20T01:40:00.000Z")
    monkeypatch.setattr(clock, "now", lambda: now)
    fake.on("GET /pam/sessions", {"items": _sessions()[2:], "cursor": None})
    assert "over 5m ago" in pam("list").stdout


@pytest.mark.parametrize("width", WIDTHS)
def test_a_receipt_is_folded_between_its_parts(width: int) -> None:
    over = active(status="EXPIRED", ended_at="2026-11-20T01:20:00.000Z", ending=RECEIPT)
    now = clock.parse("2026-11-20T01:40:00.000Z")
    assert now is not None
    out = io.StringIO()
    console = Console(file=out, width=width, markup=False)
    console.print(render.session_table(Session.parse(over), now=now))
    lines = [line.strip() for line in out.getvalue().splitlines()]
    assert "deny-read-back" in lines
    assert any(line.startswith("receipt") for line in lines)
    if width >= 80:
        assert any(line.startswith("in force from") for line in lines)


@pytest.mark.parametrize("width", WIDTHS)
def test_what_is_chosen_from_is_folded_between_words_below_its_number(width: int) -> None:
    sessions = [Session.parse(each) for each in _sessions()]
    now = clock.now()
    whole = about.numbered(sessions, now=now, width=None)
    lines = about.numbered(sessions, now=now, width=width).splitlines()
    assert all(len(line) <= width for line in lines)
    assert [line[:5] for line in lines if line[:5].strip()] == ["  1  ", "  2  ", "  3  "]
    assert " ".join(lines).split() == whole.split()
    assert (len(lines) > 3) is (width < max(map(len, whole.splitlines())))


@pytest.mark.parametrize("command", ["end", "revoke --dry-run"])
def test_a_list_on_a_narrow_terminal_is_folded_to_it(
    fake: FakeApi, pam: Pam, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    lists(fake, *(asked_for(minutes, reason=REASON) for minutes in (1, 2)))
    for name in ("columns", "columns_asked"):
        monkeypatch.setattr(terminal, name, lambda: 60)
    if command == "end":
        monkeypatch.setattr(terminal, "is_terminal", lambda: True)
        shown = pam("end", typed="\n").stderr
    else:
        shown = pam("revoke", "--person", "alice", "--reason", "x", "--dry-run").stdout
    assert shown.startswith("  1  ")
    assert "\n     " in shown
    assert all(len(line) <= 60 for line in shown.splitlines())


@pytest.mark.parametrize(("sized", "wanted"), [(60, 60), (0, 80)])
def test_a_question_is_as_wide_as_where_it_stands(
    monkeypatch: pytest.MonkeyPatch, sized: int, wanted: int
) -> None:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, sized))
    monkeypatch.delenv("COLUMNS", raising=False)
    with os.fdopen(theirs, "w") as stderr:
        monkeypatch.setattr("sys.stderr", stderr)
        monkeypatch.setattr("sys.__stdout__", io.StringIO())
        assert terminal.columns_asked() == wanted
    os.close(ours)
    monkeypatch.setattr("sys.stderr", io.StringIO())
    assert terminal.columns_asked() is None


def test_nobody_had_to_approve_is_not_0_of_0() -> None:
    now = clock.now()
    votes = {"required": 0, "received": 0, "domain_required": 0, "domain_received": 0, "votes": []}
    out = io.StringIO()
    table = render.session_table(Session.parse(active(approvals=votes)), now=now)
    Console(file=out, width=80).print(table)
    assert "none needed" in out.getvalue()
    assert "0 of 0" not in out.getvalue()


def test_a_withdrawal_is_not_explained_twice() -> None:
    reason = "given back by the requester"
    line = render.ended(Session.parse(session(status="WITHDRAWN", end_reason=reason)))
    assert line.splitlines()[0] == "withdrawn by the requester"


COLUMNS = (Column("ONE"), Column("TWO", "with {}"), Column("WHY"))
ROW = (Cell("must-be-whole", "bold green"), Cell("abc", "red"), Cell("some words that may go"))
FORMS: dict[int | None, list[str]] = {
    None: ["ONE            TWO  WHY", "must-be-whole  abc  some words that may go"],
    45: ["ONE            TWO  WHY", "must-be-whole  abc  some words that may go"],
    40: ["ONE            TWO  WHY", "must-be-whole  abc  some words that may…"],
    30: ["ONE            TWO", "must-be-whole  abc", "  some words that may go"],
    20: ["ONE            TWO", "must-be-whole  abc", "  some words that m…"],
    17: ["must-be-whole", "  with abc", "  some words tha…"],
    9: ["must-be-whole", "  with abc", "  some w…"],
}


@pytest.mark.parametrize("width", FORMS)
def test_the_three_forms_of_a_row(width: int | None) -> None:
    assert list(lay_out(COLUMNS, [ROW], width=width)) == FORMS[width]


def test_colours_take_no_room() -> None:
    plain = list(lay_out(COLUMNS, [ROW], width=30))
    styled = list(lay_out(COLUMNS, [ROW], width=30, styled=True))
    assert styled[1] == "\x1b[32m\x1b[1mmust-be-whole\x1b[0m  \x1b[31mabc\x1b[0m"
    assert (styled[0], styled[2]) == (plain[0], plain[2])


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False), ({"NO_COLOR": ""}, True)],
)
def test_no_color_means_none(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], wanted: bool
) -> None:
    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    screen = Screen()
    monkeypatch.setattr("sys.stdout", screen)
    assert terminal.has_colours() is wanted
    render.show_session(Session.parse(active()), now=clock.now())
    assert ("\x1b[" in screen.getvalue()) is wanted
    assert "\x1b[2m" not in screen.getvalue()


def test_a_command_to_paste_is_one_line_however_narrow_the_terminal_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setattr("sys.stdout", screen)
    monkeypatch.setenv("COLUMNS", "40")
    command = f"prove it: pam audit verify /tmp/trail --key {'0' * 64}"
    render.put("one", command)
    assert screen.getvalue() == f"one\n{command}\n"
    next_command.remember(profile="alice", where={"--env": "prod", "--region": "eu-west-1"})
    render.show_session(Session.parse(active()), now=clock.now())
    use = f"pam --profile alice --env prod --region eu-west-1 exec {SESSION_ID} -- CMD"
    assert f"\nto use it: {use}\n" in screen.getvalue()
