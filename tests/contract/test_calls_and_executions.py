"""The table of calls, the gateway's log, Step Functions' history: as AWS's libraries have them."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from pam.aws import handled_calls, table_keys
from pam.aws.access_log import CloudWatchAccessLog
from pam.aws.handled_calls import DynamoDbCalls
from pam.aws.step_functions import StepFunctionsWorkflow
from pam.domain.errors import NoSuchExecution
from pam.names import CALL_INDEX_KEYS, CallIndex
from pam.ports.calls import RequestIdUsed
from pam.ports.people import Failure
from tests.contract.conftest import schema
from tests.fakes.clients import MACHINE, Recorder, failing
from tests.fakes.gateway import CALL, LINE, line_text
from tests.fakes.world import FakeCalls

EXECUTION = MACHINE.replace(":stateMachine:", ":execution:") + ":night-shift"


@pytest.fixture(params=["moto", "fake"])
def calls(request: pytest.FixtureRequest) -> Iterator[Any]:
    """One table of calls after the other: the fake must not be kinder than the real one."""
    if request.param == "fake":
        yield FakeCalls()
        return
    request.getfixturevalue("aws")
    client = boto3.client("dynamodb")
    keys = CALL_INDEX_KEYS[CallIndex.UNMATCHED]
    client.create_table(
        TableName="calls",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("request_id", "again", *keys)
        ],
        KeySchema=schema("request_id", "again"),
        GlobalSecondaryIndexes=[
            {
                "IndexName": CallIndex.UNMATCHED.value,
                "KeySchema": schema(*keys),
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    yield DynamoDbCalls(client, "calls")


def test_a_call_is_open_until_it_is_settled_the_oldest_first(calls: Any) -> None:
    later = replace(CALL, request_id="later", noted_at=CALL.noted_at + timedelta(seconds=1))
    for call in (later, CALL):
        calls.note(replace(call, status=None))
    calls.answered(CALL, 202)
    assert calls.unmatched(10) == [CALL, replace(later, status=None)]
    assert calls.unmatched(1) == [CALL]
    calls.settled(CALL)
    assert calls.unmatched(10) == [replace(later, status=None)]


@pytest.mark.guarantee("G2")
def test_a_request_id_is_noted_once_whatever_became_of_the_first(calls: Any) -> None:
    calls.note(CALL)
    calls.answered(CALL, 202)
    calls.settled(CALL)
    with pytest.raises(RequestIdUsed):
        calls.note(CALL)
    calls.note(replace(CALL, again="second"))
    assert [call.again for call in calls.unmatched(10)] == ["second"]


def test_calls_are_spread_and_the_oldest_of_all_come_first(calls: Any) -> None:
    noted = [
        replace(CALL, request_id=f"r{n}", noted_at=CALL.noted_at + timedelta(seconds=n))
        for n in range(32)
    ]
    for call in reversed(noted):
        calls.note(replace(call, status=None))
    found = [call.request_id for call in calls.unmatched(10)]
    assert found == [call.request_id for call in noted[:10]]
    spread = {table_keys.spread(each.request_id, handled_calls.PARTITIONS) for each in noted}
    assert len(spread) > len(handled_calls.PARTITIONS) / 2


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize("calls", ["moto"], indirect=True)
def test_calls_made_long_to_fill_a_search_are_read_in_parts_the_oldest_first(
    calls: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search that had to hold all of them at once would end before it told of any."""
    noted = [
        replace(
            CALL,
            request_id=f"r{n}",
            path="/" + "x" * 10_000,
            noted_at=CALL.noted_at + timedelta(seconds=n),
            status=None,
        )
        for n in range(40)
    ]
    for each in noted:
        calls.note(each)
    read: list[dict[str, Any]] = []
    monkeypatch.setattr(handled_calls, "_MOST_TEXT", 50_000)
    monkeypatch.setattr(handled_calls, "_PAGE", 2)
    of_item = handled_calls.from_item
    monkeypatch.setattr(handled_calls, "from_item", lambda item: read.append(item) or of_item(item))
    found = calls.unmatched(1000)
    assert found == noted[: len(found)]
    assert 0 < len(found) <= 5
    assert len(read) <= len(found) + 2 * (len(handled_calls.PARTITIONS) + 1)
    for each in found:
        calls.settled(each)
    assert calls.unmatched(1) == noted[len(found) : len(found) + 1]


def test_the_access_log_is_read_page_by_page_and_what_is_no_line_is_left_out(aws: None) -> None:
    logs = boto3.client("logs")
    logs.create_log_group(logGroupName="access")
    logs.create_log_stream(logGroupName="access", logStreamName="s")
    now = datetime.now(UTC)
    written = ["no line", line_text(), line_text(extended_request_id="another")]
    logs.put_log_events(
        logGroupName="access",
        logStreamName="s",
        logEvents=[
            {"timestamp": int(now.timestamp() * 1000), "message": message} for message in written
        ],
    )
    log = CloudWatchAccessLog(logs, ["access"])
    around = (now - timedelta(minutes=1), now + timedelta(minutes=1))
    assert list(log.lines(*around)) == [LINE, replace(LINE, request_id="another")]
    assert list(log.lines(now - timedelta(hours=2), now - timedelta(hours=1))) == []


def test_the_logs_of_several_gateways_are_read(aws: None) -> None:
    logs = boto3.client("logs")
    now = datetime.now(UTC)
    for group, request_id in (("one", "first"), ("other", "second")):
        logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName="s")
        line = line_text(extended_request_id=request_id)
        events = [{"timestamp": int(now.timestamp() * 1000), "message": line}]
        logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=events)
    log = CloudWatchAccessLog(logs, ["one", "other"])
    found = log.lines(now - timedelta(minutes=1), now + timedelta(minutes=1))
    assert [line.request_id for line in found] == ["first", "second"]


def event(kind: str, **details: str) -> dict[str, Any]:
    return {"type": kind, f"{kind[0].lower()}{kind[1:]}EventDetails": details}


def entered(state: str, kind: str = "Task") -> dict[str, Any]:
    return {"type": f"{kind}StateEntered", "stateEnteredEventDetails": {"name": state}}


FAILED = event("TaskFailed", error="Conflict", cause="it ended")
HISTORIES: dict[str, tuple[list[dict[str, Any]], Failure | None]] = {
    "a closing state": (
        [entered("ActivateSession"), FAILED, entered("CloseUnfinished")],
        Failure(error="Conflict", cause="it ended"),
    ),
    "a closing state that was tried before": (
        [
            entered("ActivateSession"),
            FAILED,
            entered("CloseUnfinished"),
            event("TaskFailed", error="NotYet", cause="own"),
            event("TaskScheduled"),
        ],
        Failure(error="Conflict", cause="it ended"),
    ),
    "a wait that timed out": (
        [
            entered("AskApprovers"),
            event("TaskTimedOut", error="States.Timeout"),
            event("TaskStateExited"),
            entered("CloseUnfinished"),
        ],
        Failure(error="States.Timeout", cause=""),
    ),
    "an admission that died": (
        [entered("Admit"), event("TaskFailed", error="Boom"), entered("AdmissionFailed")],
        Failure(error="Boom", cause=""),
    ),
    "a task that failed and is tried again": ([entered("ActivateSession"), FAILED], None),
    "a session that is held": (
        [FAILED, entered("HoldUntilExpiry", "Wait")],
        None,
    ),
    "an execution that ended after closing": (
        [entered("CloseUnfinished"), event("TaskStateExited"), entered("Failed", "Fail")],
        None,
    ),
    "nothing": ([], None),
}


@pytest.mark.guarantee("G6")
@pytest.mark.parametrize("case", HISTORIES)
def test_that_a_workflow_cannot_go_on_is_read_from_its_history(case: str) -> None:
    events, failure = HISTORIES[case]
    client = Recorder(get_execution_history={"events": events[::-1]})
    assert StepFunctionsWorkflow(client, MACHINE).failure(EXECUTION) == failure
    ((_, asked),) = client.calls
    assert (asked["reverseOrder"], asked["includeExecutionData"]) == (True, False)


@pytest.mark.parametrize(
    "execution",
    ["", "night-shift", EXECUTION.replace("execution:", "execution:other-"), f"x{EXECUTION}"],
)
def test_an_execution_of_another_machine_is_not_even_asked_about(execution: str) -> None:
    client = Recorder()
    workflow = StepFunctionsWorkflow(client, MACHINE)
    for ask in (workflow.describe, workflow.failure):
        with pytest.raises(NoSuchExecution):
            ask(execution)
    assert client.calls == []


def test_an_execution_is_what_step_functions_says_of_it(aws: None) -> None:
    client = boto3.client("stepfunctions")
    definition = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "End": True}}}
    machine = client.create_state_machine(
        name="pam", definition=json.dumps(definition), roleArn="arn:aws:iam::123456789012:role/r"
    )["stateMachineArn"]
    arn = client.start_execution(stateMachineArn=machine, name="n", input='{"a": 1}')[
        "executionArn"
    ]
    workflow = StepFunctionsWorkflow(client, machine)
    described = workflow.describe(arn)
    assert (described.arn, described.input, described.running) == (arn, '{"a": 1}', True)
    client.stop_execution(executionArn=arn)
    assert not workflow.describe(arn).running
    with pytest.raises(NoSuchExecution):
        workflow.describe(f"{arn}-other")


TOKENS = {"TaskTimedOut": False, "InvalidToken": False, "AccessDeniedException": False}


@pytest.mark.parametrize("code", TOKENS)
def test_a_token_that_no_task_of_this_workflow_waits_for_is_known(code: str) -> None:
    client = Recorder(send_task_heartbeat=failing(code))
    assert not StepFunctionsWorkflow(client, MACHINE).waits("t")
    assert StepFunctionsWorkflow(Recorder(), MACHINE).waits("t")
