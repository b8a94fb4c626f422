"""A runbook starts the state machine itself, and passes the very same gates."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from local.cast import Cast, Person, is_refused, until

LEDGER = "core-ledger-admin"

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

    return until(over, "the execution to end", 20)


def start(runbook: Person, machine: str, given: Any) -> str:
    states = runbook.client("stepfunctions")
    answer = states.start_execution(stateMachineArn=machine, input=json.dumps(given))
    return str(answer["executionArn"])


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
        items = alice.get("/pam/sessions?status=PENDING_APPROVAL").body["items"]
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
    logs = ada.client("logs")

    def recorded() -> dict[str, Any] | None:
        events = logs.filter_log_events(logGroupName="/bank/local/mod046/audit")["events"]
        records = [json.loads(event["message"]) for event in events]
        return next((r for r in records if r["actor"]["principal"] == arn), None)

    record = until(recorded, "the refusal's record")
    assert (record["type"], record["session_id"], record["sequence"]) == ("Refused", "", 0)
    assert record["detail"].startswith("VALIDATION")


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
