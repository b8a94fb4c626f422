"""`pam request` beside what is there already: an open session, an earlier one, an emergency."""

import json
from contextlib import nullcontext as does_not_raise

import pytest
from pydantic import TypeAdapter, ValidationError

from cli import reasons
from cli.problems import ApiProblem
from pam.edge.text import Reason
from tests.cli.fake_api import SESSION_ID, FakeApi, Pam, active, session
from tests.cli.fake_sessions import asked_for, asked_of, lists, unconfirmed

REASON = "ledger is stuck since 02:00"
ASK = ["request", "core-ledger-admin", "--reason", REASON]
ACTIVE = active()
OPEN = {name: ACTIVE[name] for name in ("status", "approvals", "activated_at", "expires_at")}
CALL = "POST /pam/request"


@pytest.fixture
def at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.terminal.is_terminal", lambda: True)


@pytest.mark.usefixtures("at_a_terminal")
@pytest.mark.parametrize("answer", ["y\n", "n\n", ""])
def test_a_session_that_is_open_already_is_said_before_anybody_is_woken(
    fake: FakeApi, pam: Pam, answer: str
) -> None:
    there = asked_for(9, **OPEN)
    lists(fake, there, asked_for(3, status="EXPIRED"), asked_of("dave", 2, **OPEN))
    fake.on(CALL, session(), status=202)
    result = pam(*ASK, typed=answer)
    name = there["session_id"]
    assert f"you have one already: {name}: core-ledger-admin is ACTIVE until" in result.stderr
    assert f"pam exec {name} -- CMD" in result.stderr
    assert result.stderr.count("you have one already") == 1
    assert bool(fake.calls(CALL)) is (answer == "y\n")
    assert result.exit_code == (0 if answer == "y\n" else 1)


def test_off_a_terminal_it_is_said_and_the_request_goes_on(fake: FakeApi, pam: Pam) -> None:
    waiting = asked_for(9)
    lists(fake, waiting)
    fake.on(CALL, session(), status=202)
    result = pam(*ASK, "--json")
    assert (result.exit_code, json.loads(result.stdout)) == (0, session())
    assert f"pam show {waiting['session_id']} --watch" in result.stderr


@pytest.mark.parametrize("there", [[], [asked_for(3, resource="core-sandbox-admin", **OPEN)]])
def test_nothing_is_said_where_nothing_is_open(
    fake: FakeApi, pam: Pam, there: list[dict[str, object]]
) -> None:
    lists(fake, *there)
    fake.on(CALL, session(), status=202)
    assert pam(*ASK).stderr == ""


def test_a_request_does_not_fail_because_the_list_does(fake: FakeApi, pam: Pam) -> None:
    fake.refuses("GET /pam/me", 403, "NOT_ELIGIBLE", "no")
    fake.on(CALL, session(), status=202)
    assert pam(*ASK).exit_code == 0


@pytest.mark.usefixtures("at_a_terminal")
@pytest.mark.parametrize("answer", ["y\n", "\n"])
def test_an_emergency_says_what_follows_and_asks(fake: FakeApi, pam: Pam, answer: str) -> None:
    lists(fake, unconfirmed(3))
    fake.on(CALL, session(break_glass=True), status=202)
    result = pam(*ASK, "--break-glass", typed=answer)
    assert "Tier-1 is told at once, and two people review it" in result.stderr
    assert "you have one already" in result.stderr
    assert bool(fake.calls(CALL)) is (answer == "y\n")


@pytest.mark.usefixtures("at_a_terminal")
def test_with_yes_an_emergency_is_not_asked_about(fake: FakeApi, pam: Pam) -> None:
    lists(fake)
    fake.on(CALL, session(break_glass=True), status=202)
    result = pam(*ASK, "--break-glass", "--yes")
    assert result.exit_code == 0
    assert "Break the glass?" not in result.stderr


def test_an_emergency_of_a_script_says_what_follows_and_reads_nothing(
    fake: FakeApi, pam: Pam
) -> None:
    fake.on(CALL, session(break_glass=True), status=202)
    result = pam(*ASK, "--break-glass")
    assert "Tier-1 is told at once" in result.stderr
    assert len(fake.asked) == 1


EARLIER = {
    "resource": "core-ledger-admin",
    "reason": REASON,
    "duration_seconds": 1800,
    "ticket": "INC-1",
}
LIKE: dict[str, tuple[list[str], dict[str, object]]] = {
    "the same": ([], {}),
    "another reason": (["--reason", "it is stuck again"], {"reason": "it is stuck again"}),
    "longer": (["--for", "1h"], {"duration_seconds": 3600}),
    "of another ticket": (["--ticket", "INC-2"], {"ticket": "INC-2"}),
    "of another resource": (["core-sandbox-admin"], {"resource": "core-sandbox-admin"}),
    "an emergency": (["--break-glass"], {"break_glass": True}),
}


@pytest.mark.parametrize("case", LIKE)
@pytest.mark.parametrize("typed", ["id", "beginning", "last"])
def test_what_was_asked_for_before_is_asked_for_again_save_for_what_is_said(
    fake: FakeApi, pam: Pam, case: str, typed: str
) -> None:
    before = asked_for(60 * 24 * 9, status="EXPIRED", break_glass=True)
    lists(fake, before)
    fake.on(CALL, session(), status=202)
    said, changed = LIKE[case]
    name = before["session_id"]
    like = {"id": name, "beginning": name[:10].lower(), "last": "last"}[typed]
    result = pam("request", *said, "--like", like)
    assert result.exit_code == 0, result.stderr
    assert fake.calls(CALL)[0].body == EARLIER | changed


def test_what_was_erased_is_not_asked_for_again(fake: FakeApi, pam: Pam) -> None:
    lists(fake, session(status="EXPIRED", reason=""))
    result = pam("request", "--like", SESSION_ID)
    assert result.exit_code == 2
    assert "--reason" in result.stderr
    assert not fake.calls(CALL)


@pytest.mark.parametrize("arguments", [["core-ledger-admin"], ["--reason", REASON], []])
def test_without_a_model_resource_and_reason_are_said(
    fake: FakeApi, pam: Pam, arguments: list[str]
) -> None:
    assert pam("request", *arguments).exit_code == 2
    assert fake.asked == []


def test_a_timeout_is_of_a_wait(fake: FakeApi, pam: Pam) -> None:
    assert pam(*ASK, "--timeout", "5m").exit_code == 2
    assert fake.asked == []


def test_a_wait_that_takes_too_long_leaves_the_way_on(fake: FakeApi, pam: Pam) -> None:
    fake.on(CALL, session(), status=202)
    fake.on(f"GET /pam/sessions/{SESSION_ID}", session())
    result = pam(*ASK, "--wait", "--timeout", "0", "--json")
    assert result.exit_code == 6
    last = result.stderr.splitlines()[-1]
    assert f"{SESSION_ID}: core-ledger-admin is PENDING_APPROVAL" in last
    assert f"pam show {SESSION_ID} --watch" in last


@pytest.mark.parametrize("command", [[*ASK, "--wait"], ["show", SESSION_ID, "--watch"]])
def test_a_watch_that_is_broken_off_leaves_the_way_on(
    fake: FakeApi, pam: Pam, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cli.watch.sleep", interrupted)
    fake.on(CALL, session(), status=202)
    for document, way_on in [
        (session(), f"pam show {SESSION_ID} --watch"),
        (active(), f"pam exec {SESSION_ID} -- CMD"),
    ]:
        if command[0] == "request" and document["status"] == "ACTIVE":
            continue
        fake.on(f"GET /pam/sessions/{SESSION_ID}", document)
        result = pam(*command)
        assert result.exit_code == 130
        last = result.stderr.splitlines()[-1]
        assert last.startswith(f"{SESSION_ID}: core-ledger-admin is {document['status']}; ")
        assert way_on in last


def test_a_wait_that_loses_the_api_leaves_the_way_on(
    fake: FakeApi, pam: Pam, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.watch.PATIENCE", -1.0)
    fake.on(CALL, session(), status=202)
    fake.on(f"GET /pam/sessions/{SESSION_ID}", {"message": "busy"}, status=503)
    result = pam(*ASK, "--wait")
    assert result.exit_code == 5
    assert f"pam show {SESSION_ID} --watch" in result.stderr.splitlines()[-1]


@pytest.mark.usefixtures("at_a_terminal")
@pytest.mark.parametrize(
    ("reason", "says"),
    [
        ("  x ", "must say why, in at least 10 visible characters"),
        ("x" * 1001, "must have at most 1000 visible characters"),
        ("the ledger\nis stuck", "character 11 (U+000A)"),
    ],
)
def test_a_reason_that_will_not_do_is_refused_before_a_question(
    fake: FakeApi, pam: Pam, reason: str, says: str
) -> None:
    lists(fake, asked_for(9, **OPEN))
    result = pam("request", "core-ledger-admin", "--reason", reason, typed="y\n")
    assert result.exit_code == 2
    assert result.stderr.startswith("VALIDATION: --reason: ")
    assert says in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not fake.asked


@pytest.mark.parametrize(
    "reason",
    [
        "",
        " ",
        "  x ",
        "x" * 9,
        "x" * 10,
        f"{'x ' * 9}x",
        "x" * 1000,
        "x" * 1001,
        "x\u200b" * 10,
        f"{'x' * 10}{' ' * 2000}x",
    ],
)
def test_a_reason_is_refused_here_exactly_where_the_api_refuses_it(reason: str) -> None:
    api, here = TypeAdapter(Reason), does_not_raise()
    try:
        api.validate_python(reason)
    except ValidationError:
        here = pytest.raises(ApiProblem, match="VALIDATION: --reason: ")
    with here:
        reasons.check(reason)
