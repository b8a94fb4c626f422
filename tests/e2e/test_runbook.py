"""A runbook starts the state machine itself, and passes the very same gates."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.cast import Cast, Person, is_refused, until
from local.inboxes import read_inbox
from pam.ids import new_id

LEDGER, SANDBOX = "core-ledger-admin", "core-sandbox-admin"

Start = Callable[..., dict[str, Any]]


@pytest.fixture
def runbook(cast: Cast) -> Person:
    return cast.person("runbook")


@pytest.fixture
def machine(cast: Cast) -> str:
    return cast.parameter("/bank/local/mod046/approval-workflow/arn")


def ended(runbook: Person, arn: str) -> dict[str, Any]:
    states = runbook.client("stepfunctions")

    def over() -> dict[str, Any] | None:
        execution = dict(states.describe_execution(executionArn=arn))
        return execution if execution["status"] != "RUNNING" else None

    return until(over, "the execution to end")


def start(runbook: Person, machine: str, given: Any) -> str:
    states = runbook.client("stepfunctions")
    answer = states.start_execution(stateMachineArn=machine, input=json.dumps(given))
    return str(answer["executionArn"])


def recorded(ada: Person, arn: str) -> str | None:
    """The record of what this execution did, as it stands in the log group. Looked for there: all
    that other tests left is more than one answer has room for.
    """
    found = ada.client("logs").filter_log_events(
        logGroupName="/bank/local/mod046/audit", filterPattern=f'"{arn}"'
    )
    return next((str(event["message"]) for event in found["events"]), None)


def test_a_direct_start_becomes_a_session_of_the_person_it_names(
    runbook: Person, machine: str, alice: Person, bob: Person, carol: Person
) -> None:
    given = {
        "requester": alice.principal,
        "resource": LEDGER,
        "reason": "paged for INC-77, see runbook 12",
        "duration_seconds": 60,
        "ticket": "INC-77",
    }
    arn = start(runbook, machine, given)

    def mine() -> dict[str, Any] | None:
        items = alice.get("/pam/sessions?limit=100&status=PENDING_APPROVAL").body["items"]
        return next((s for s in items if s["execution_arn"] == arn), None)

    session = until(mine, "the runbook's session")
    assert session["origin"] == "runbook"
    assert session["requester_verified"] is False
    assert session["requester"] == alice.principal
    for approver in (bob, carol):
        assert approver.approve(session["session_id"]).status == 200
    alice.wait_for(session["session_id"], "ACTIVE")
    assert alice.lease(session["session_id"])["kind"] == "aws"
    assert bob.post(f"/pam/sessions/{session['session_id']}/credentials").code == "NOT_ELIGIBLE"


UNLAWFUL = {
    "no reason": ({"requester": "alice", "resource": LEDGER}, "VALIDATION", "reason"),
    "a field too many": (
        {"requester": "alice", "resource": LEDGER, "reason": "long enough a reason", "x": 1},
        "VALIDATION",
        "x",
    ),
    "too long a time": (
        {
            "requester": "alice",
            "resource": LEDGER,
            "reason": "long enough a reason",
            "duration_seconds": 14401,
        },
        "VALIDATION",
        "duration_seconds",
    ),
    "not an object": (["alice"], "VALIDATION", "object"),
    "somebody unknown": (
        {"requester": "mallory", "resource": LEDGER, "reason": "long enough a reason"},
        "NOT_ELIGIBLE",
        "mallory",
    ),
    "somebody who may not ask": (
        {"requester": "bob", "resource": LEDGER, "reason": "long enough a reason"},
        "NOT_ELIGIBLE",
        "bob",
    ),
    "an unknown resource": (
        {"requester": "alice", "resource": "no-such", "reason": "long enough a reason"},
        "NOT_FOUND",
        "no-such",
    ),
}


@pytest.mark.parametrize("case", UNLAWFUL)
def test_an_unlawful_direct_start_fails_with_a_code_and_a_sentence(
    runbook: Person, machine: str, case: str
) -> None:
    given, code, word = UNLAWFUL[case]
    execution = ended(runbook, start(runbook, machine, given))
    assert (execution["status"], execution["error"]) == ("FAILED", code)
    assert word in execution["cause"]


def test_a_direct_start_cannot_take_over_a_session_of_the_api(
    runbook: Person, machine: str, alice: Person
) -> None:
    session_id = alice.request(LEDGER)["session_id"]
    execution = ended(runbook, start(runbook, machine, {"session_id": session_id}))
    assert (execution["status"], execution["error"]) == ("FAILED", "CONFLICT")
    assert alice.session(session_id)["status"] == "PENDING_APPROVAL"


def test_the_refusal_of_a_direct_start_is_audited(
    runbook: Person, machine: str, ada: Person
) -> None:
    arn = start(runbook, machine, {"requester": "alice"})
    ended(runbook, arn)
    record = json.loads(until(lambda: recorded(ada, arn), "the refusal's record"))
    assert (record["type"], record["session_id"], record["sequence"]) == ("Refused", "", 0)
    assert record["detail"].startswith("VALIDATION")


EVIL = "\x1b[2J FAKE \u202e"
UNKNOWN_KEYS = {
    "nine thousand": {f"jane-roe-{number}": "x" for number in range(9_000)},
    "one that drives a terminal": {EVIL: 1, "jane-roe": 1},
    "one of 200 kB": {"jane-roe" * 25_000: 1},
}


@pytest.mark.guarantee("G7")
@pytest.mark.parametrize("case", UNKNOWN_KEYS)
def test_a_start_of_any_size_is_refused_on_record_with_nothing_unknown_in_it(
    runbook: Person, machine: str, ada: Person, case: str
) -> None:
    wish = {"requester": "alice", "resource": LEDGER, "reason": "long enough a reason"}
    execution = ended(runbook, start(runbook, machine, wish | UNKNOWN_KEYS[case]))
    assert (execution["status"], execution["error"]) == ("FAILED", "VALIDATION")
    assert len(execution["cause"].encode()) <= 1000
    arn = execution["executionArn"]
    record = until(lambda: recorded(ada, arn), "the refusal's record")
    assert "jane" not in record
    assert "\\u001b" not in record
    assert len(record) < 16 * 1024


@pytest.mark.guarantee("G7")
@pytest.mark.parametrize(
    "session_id", ["00000000010000000000000000", "7ZZZZZZZZZZZZZZZZZZZZZZZZZ", "an hour ago"]
)
def test_an_id_that_a_runbook_chose_carries_the_time_of_its_start(
    runbook: Person, machine: str, session_id: str
) -> None:
    if session_id == "an hour ago":
        session_id = new_id(datetime.now(UTC) - timedelta(hours=1))
    wish = {"requester": "alice", "resource": SANDBOX, "reason": "long enough a reason"}
    execution = ended(runbook, start(runbook, machine, wish | {"session_id": session_id}))
    assert (execution["status"], execution["error"]) == ("FAILED", "VALIDATION")
    assert "session_id" in execution["cause"]


@pytest.mark.guarantee("G2")
@pytest.mark.guarantee("G3")
def test_an_emergency_in_somebodys_name_begins_with_their_word_and_not_before(
    cast: Cast, runbook: Person, machine: str, dave: Person, alice: Person
) -> None:
    wish = {
        "session_id": new_id(datetime.now(UTC)),
        "requester": "dave",
        "resource": LEDGER,
        "reason": "long enough a reason",
        "break_glass": True,
    }
    start(runbook, machine, wish)
    session_id = str(wish["session_id"])

    def known() -> dict[str, Any] | None:
        answer = dave.get(f"/pam/sessions/{session_id}")
        return dict(answer.body) if answer.status == 200 else None

    session = until(known, "the session")
    assert (session["status"], session["needs_confirmation"]) == ("PENDING_APPROVAL", True)
    assert (session["origin"], session["review"]["required"]) == ("runbook", False)
    named = {"session_id": session_id}
    assert dave.post(f"/pam/sessions/{session_id}/credentials").code == "CONFLICT"
    assert alice.post("/pam/confirm", named).code == "NOT_ELIGIBLE"
    confirmed = dave.post("/pam/confirm", named)
    assert (confirmed.status, confirmed.body["needs_confirmation"]) == (200, False)
    assert confirmed.body["review"]["required"] is True
    dave.wait_for(session_id, "ACTIVE")
    assert dave.post("/pam/confirm", named).code == "CONFLICT"
    dave.lease(session_id)
    items = dave.get(f"/pam/sessions/{session_id}/audit").body["items"]
    steps = [item["type"] for item in items if item["type"] != "Refused"]
    assert steps[:4] == ["Requested", "Confirmed", "BreakGlass", "Approved"]
    inbox = cast.about["inboxes"]["tier1"]

    def told() -> bool | None:
        mails = read_inbox(cast.about["endpoint_url"], inbox)
        return any(session_id in mail for mail in mails) or None

    until(told, "Tier-1 to be told")


@pytest.mark.guarantee("G2")
def test_a_runbook_opens_three_in_a_name_and_the_fourth_fails(
    runbook: Person, machine: str, dave: Person
) -> None:
    wish = {"requester": "dave", "resource": LEDGER, "reason": "long enough a reason"}
    started = {start(runbook, machine, wish) for _ in range(3)}

    def three() -> list[str] | None:
        items = dave.get("/pam/sessions?limit=100&status=PENDING_APPROVAL").body["items"]
        opened = [each["session_id"] for each in items if each["execution_arn"] in started]
        return opened if len(opened) == len(started) else None

    opened = until(three, "three sessions")
    execution = ended(runbook, start(runbook, machine, wish))
    assert (execution["status"], execution["error"]) == ("FAILED", "LIMIT")
    assert dave.request(LEDGER)["status"] == "PENDING_APPROVAL", "they take none of his own places"
    for session_id in opened:
        ended_by = dave.post("/pam/end", {"session_id": session_id})
        assert ended_by.body["status"] == "WITHDRAWN"


def test_an_ordinary_session_is_confirmed_by_the_first_lease(
    runbook: Person, machine: str, dave: Person
) -> None:
    session_id = new_id(datetime.now(UTC))
    wish = {"requester": "dave", "resource": SANDBOX, "reason": "long enough a reason"}
    start(runbook, machine, wish | {"session_id": session_id})
    until(lambda: dave.get(f"/pam/sessions/{session_id}").status == 200 or None, "the session")
    assert dave.wait_for(session_id, "ACTIVE")["needs_confirmation"] is True
    dave.lease(session_id)
    session = dave.session(session_id)
    assert (session["needs_confirmation"], session["requester_verified"]) == (False, False)


def test_a_runbook_may_start_and_nothing_else(
    cast: Cast, runbook: Person, alice: Person, machine: str
) -> None:
    session = alice.request(LEDGER)
    states = runbook.client("stepfunctions")
    assert runbook.get("/pam/sessions").status == 403
    assert runbook.approve(session["session_id"]).status == 403
    assert is_refused(lambda: states.stop_execution(executionArn=session["execution_arn"]))
    assert is_refused(lambda: states.send_task_success(taskToken="t", output="{}"))
    table = cast.parameter("/bank/local/mod046/session-store/table-name")
    assert is_refused(lambda: runbook.client("dynamodb").scan(TableName=table))
