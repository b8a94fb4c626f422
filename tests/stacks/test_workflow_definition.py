"""The state machine as it is deployed: what it does, and that no path leaves a session open."""

from collections.abc import Iterator
from typing import Any

import pytest

from pam.aws.clients import AwsThrottled
from pam.domain.errors import NoSuchExecution
from pam.kinds.one_per_person import LONGEST_CALL
from pam.names import state_machine_name
from stacks.workflow_document import DOCUMENT, definition, render
from tests.stacks.template import Deployment

CLOSING = {"AdmissionFailed", "CloseUnfinished", "Revoke"}
HANDLERS = {
    "Admit": "admit_request",
    "AskApprovers": "ask_approvers",
    "ActivateSession": "activate_session",
    "Revoke": "revoke_session",
    "CloseUnfinished": "revoke_session",
    "AdmissionFailed": "revoke_session",
}
EXECUTION = "{% $states.context.Execution.Id %}"
SESSION = "{% $session_id %}"
PAYLOADS = {
    "Admit": {"message": "Admit", "execution_arn": EXECUTION},
    "AskApprovers": {
        "message": "AskApprovers",
        "session_id": SESSION,
        "task_token": "{% $states.context.Task.Token %}",
    },
    "ActivateSession": {"message": "Activate", "session_id": SESSION},
    "Revoke": {"message": "EndDue", "session_id": SESSION},
    "CloseUnfinished": {
        "message": "CloseUnfinished",
        "session_id": SESSION,
        "execution_arn": EXECUTION,
    },
    "AdmissionFailed": {"message": "AdmissionFailed", "execution_arn": EXECUTION},
}


@pytest.fixture
def states(prod: Deployment) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = definition(prod.service)["States"]
    return found


def _tasks(states: dict[str, dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, state in states.items():
        if state["Type"] == "Task":
            yield name, state


def _catch_all(state: dict[str, Any]) -> dict[str, Any]:
    """Last, as Step Functions demands, and alone in its clause."""
    last: dict[str, Any] = state["Catch"][-1]
    assert last["ErrorEquals"] == ["States.ALL"]
    return last


def test_the_committed_document_is_the_deployed_definition(prod: Deployment) -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == render(prod.service), (
        "python -m stacks.workflow_document, and commit what changed"
    )


def test_the_machine_tells_its_story_in_these_states(states: dict[str, dict[str, Any]]) -> None:
    assert {name: state["Type"] for name, state in states.items()} == {
        "Admit": "Task",
        "EnoughApprovals": "Choice",
        "Refused": "Fail",
        "AskApprovers": "Task",
        "ActivateSession": "Task",
        "HoldUntilExpiry": "Wait",
        "Revoke": "Task",
        "AdmissionFailed": "Task",
        "CloseUnfinished": "Task",
        "Failed": "Fail",
        "RevocationStuck": "Fail",
    }


def test_each_state_calls_its_function_with_its_payload(
    prod: Deployment, states: dict[str, dict[str, Any]]
) -> None:
    for name, state in _tasks(states):
        function, _ = prod.function(HANDLERS[name])
        assert state["Arguments"] == {
            "FunctionName": f"${{{function}.Arn}}",
            "Payload": PAYLOADS[name],
        }


def test_a_production_session_takes_at_most_eight_transitions(
    states: dict[str, dict[str, Any]],
) -> None:
    path = ["Admit", "EnoughApprovals", "AskApprovers"]
    while "Next" in states[path[-1]]:
        path.append(states[path[-1]]["Next"])

    assert path[-4:] == ["AskApprovers", "ActivateSession", "HoldUntilExpiry", "Revoke"]
    assert states["Revoke"]["End"] is True
    assert len(path) <= 8


def test_what_admission_says_decides_where_it_goes(states: dict[str, dict[str, Any]]) -> None:
    choice = states["EnoughApprovals"]

    assert {each["Condition"]: each["Next"] for each in choice["Choices"]} == {
        "{% $admission.outcome = 'APPROVED' %}": "ActivateSession",
        "{% $admission.outcome = 'NEEDS_APPROVAL' %}": "AskApprovers",
    }
    assert choice["Default"] == "Refused", "an outcome that nobody knows grants nothing"


def test_every_state_that_can_fail_is_caught(states: dict[str, dict[str, Any]]) -> None:
    for name, state in _tasks(states):
        assert "Catch" in state, name
        _catch_all(state)


def test_every_failure_before_the_end_goes_through_a_closing_state(
    states: dict[str, dict[str, Any]],
) -> None:
    for name, state in _tasks(states):
        if name not in CLOSING:
            assert _catch_all(state)["Next"] in CLOSING, name


def test_what_cannot_be_closed_is_left_to_the_sweep_and_says_so(
    states: dict[str, dict[str, Any]],
) -> None:
    for name in CLOSING:
        assert _catch_all(states[name])["Next"] == "RevocationStuck"
        (retry,) = states[name]["Retry"]
        assert retry["ErrorEquals"] == ["States.ALL"]
        assert _patience_in_seconds(retry) > 900
    assert states["RevocationStuck"]["Error"] == "REVOCATION_UNCONFIRMED"


def test_an_answer_is_never_asked_for_twice(states: dict[str, dict[str, Any]]) -> None:
    for name in ("Admit", "AskApprovers", "ActivateSession"):
        retry = states[name]["Retry"][-1]
        *lost, throttled, not_seen_yet = retry["ErrorEquals"]
        assert all(error.startswith("Lambda.") for error in lost)
        assert throttled == AwsThrottled.__name__
        assert not_seen_yet == NoSuchExecution.__name__
        assert "Lambda.Unknown" not in retry["ErrorEquals"]


def test_what_only_one_session_may_have_is_waited_for_a_day(
    states: dict[str, dict[str, Any]],
) -> None:
    waiting, _ = states["ActivateSession"]["Retry"]
    assert waiting["ErrorEquals"] == ["TryAgain"]
    assert waiting["MaxAttempts"] * waiting["MaxDelaySeconds"] > 24 * 3600
    # An execution's history ends at 25,000 events; a retry is four.
    assert waiting["MaxAttempts"] * 4 < 20_000
    for name in ("Admit", "AskApprovers"):
        assert len(states[name]["Retry"]) == 1


def test_a_session_that_was_closed_while_waiting_is_not_closed_again(
    states: dict[str, dict[str, Any]],
) -> None:
    closed, _ = states["AskApprovers"]["Catch"]

    assert set(closed["ErrorEquals"]) == {"DENIED", "WITHDRAWN", "UNANSWERED", "REVOKED"}
    assert closed["Next"] == "Failed"
    assert set(closed["Assign"]) == {"closing"}
    assert states["Failed"]["Error"] == "{% $closing.error %}"
    assert states["Failed"]["Cause"] == "{% $closing.cause %}"


def test_the_wait_for_votes_outlasts_the_longest_window_of_the_catalogue(
    states: dict[str, dict[str, Any]],
) -> None:
    ask = states["AskApprovers"]

    assert ask["Resource"].endswith(":lambda:invoke.waitForTaskToken")
    assert ask["TimeoutSeconds"] == 24 * 3600 + 300


def test_no_call_waits_longer_than_its_function_can_run(
    prod: Deployment, states: dict[str, dict[str, Any]]
) -> None:
    for name, state in _tasks(states):
        _, function = prod.function(HANDLERS[name])
        assert state["TimeoutSeconds"] > function["Properties"]["Timeout"]
        if name != "AskApprovers":
            assert state["TimeoutSeconds"] <= 60


def test_no_call_that_makes_access_outlives_the_wait_for_it(prod: Deployment) -> None:
    """Of a standing kind, an end is confirmed only when no such call can be under way."""
    _, activator = prod.function(HANDLERS["ActivateSession"])
    assert activator["Properties"]["Timeout"] < LONGEST_CALL.total_seconds()


def test_the_clock_is_a_timestamp_not_a_duration(states: dict[str, dict[str, Any]]) -> None:
    # Computed once, when the access exists; a retry or a slow state cannot lengthen it.
    assert states["HoldUntilExpiry"]["Timestamp"] == "{% $hold_until %}"
    assert states["ActivateSession"]["Assign"] == {
        "hold_until": "{% $states.result.Payload.hold_until %}"
    }


def test_the_log_tells_the_course_of_events_and_none_of_the_data(every: Deployment) -> None:
    _, machine = every.only("AWS::StepFunctions::StateMachine")
    logging = machine["Properties"]["LoggingConfiguration"]

    assert logging["IncludeExecutionData"] is False
    assert logging["Level"] == "ALL"
    assert machine["Properties"]["TracingConfiguration"] == {"Enabled": False}


def test_the_machine_is_a_standard_one_with_the_published_name(every: Deployment) -> None:
    _, machine = every.only("AWS::StepFunctions::StateMachine")

    assert machine["Properties"]["StateMachineName"] == state_machine_name(every.env_name)
    assert machine["Properties"].get("StateMachineType", "STANDARD") == "STANDARD"
    assert definition(every.service)["QueryLanguage"] == "JSONata"


def test_the_machine_invokes_its_four_functions_and_nothing_else(prod: Deployment) -> None:
    _, machine = prod.only("AWS::StepFunctions::StateMachine")
    role = prod.text(machine["Properties"]["RoleArn"]).removeprefix("${").removesuffix(".Arn}")
    invoked = {
        resource
        for statement in prod.identity_statements()
        if statement.owner == role and "lambda:InvokeFunction" in statement.actions
        for resource in statement.resources
    }

    assert invoked == {f"${{{prod.function(handler)[0]}.Arn}}" for handler in HANDLERS.values()}


def _patience_in_seconds(retry: dict[str, Any]) -> float:
    waits = [
        min(
            retry["IntervalSeconds"] * retry["BackoffRate"] ** attempt,
            retry["MaxDelaySeconds"],
        )
        for attempt in range(retry["MaxAttempts"])
    ]
    return float(sum(waits))
