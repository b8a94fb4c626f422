"""The other adapters: what they ask of AWS, and what they make of its answers."""

import io
import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from pam import clock
from pam.aws.audit_outbox import DynamoDbOutbox
from pam.aws.audit_sink import CloudWatchAuditSink, NotAccepted
from pam.aws.checkpoint_items import DynamoDbCheckpoints
from pam.aws.dynamodb_sessions import DynamoDbSessions
from pam.aws.invocations import AuditorFunction
from pam.aws.step_functions import StepFunctionsWorkflow
from pam.domain.checkpoint import Leaf
from pam.domain.errors import IssuerUnavailable
from pam.ports.audit import Claimed
from tests.contract.conftest import TABLES
from tests.fakes.clients import MACHINE, Recorder, failing
from tests.fakes.log import Log
from tests.fakes.story import NOON, Story


def test_an_execution_is_named_by_its_session_and_told_no_more() -> None:
    client = Recorder()
    workflow = StepFunctionsWorkflow(client, MACHINE)
    session = Story().request()
    workflow.start(session)
    ((_, arguments),) = client.calls
    assert arguments["name"] == session.session_id
    assert json.loads(arguments["input"]) == {"session_id": session.session_id}
    assert workflow.execution_arn("S") == (
        "arn:aws:states:eu-west-1:111122223333:execution:pam-prod-approval-workflow:S"
    )


def test_starting_twice_is_no_fault_and_any_other_fault_is_told() -> None:
    session = Story().request()
    twice = Recorder(start_execution=failing("ExecutionAlreadyExists"))
    StepFunctionsWorkflow(twice, MACHINE).start(session)
    gone = Recorder(start_execution=failing("StateMachineDoesNotExist"))
    with pytest.raises(IssuerUnavailable):
        StepFunctionsWorkflow(gone, MACHINE).start(session)


@pytest.mark.parametrize("code", ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"])
def test_a_token_that_is_used_up_is_no_fault(code: str) -> None:
    client = Recorder(send_task_success=failing(code), send_task_failure=failing(code))
    workflow = StepFunctionsWorkflow(client, MACHINE)
    workflow.approved("token")
    workflow.refused("token", error="DENIED", cause="bob said no")


def test_any_other_fault_of_a_token_is_told() -> None:
    client = Recorder(send_task_success=failing("AccessDeniedException"))
    with pytest.raises(ClientError):
        StepFunctionsWorkflow(client, MACHINE).approved("token")


@pytest.fixture
def logs(aws: None) -> Any:
    client = boto3.client("logs")
    client.create_log_group(logGroupName="audit")
    return client


def test_records_stand_in_the_log_group_in_order_one_a_line(logs: Any) -> None:
    # CloudWatch takes no record that is older than two weeks, so this one test is held today.
    story = Story(now=clock.now())
    records = story.store.records(story.granted().session_id)
    sink = CloudWatchAuditSink(logs, Recorder(), "audit", "bus")
    sink.append(records[:2])
    sink.append(records[2:])
    events = logs.get_log_events(logGroupName="audit", logStreamName=f"{story.now:%Y/%m/%d}")[
        "events"
    ]
    assert [json.loads(event["message"]) for event in events] == records


def test_a_record_that_the_log_group_rejects_is_not_taken_for_written(aws: None) -> None:
    logs = Recorder(put_log_events={"rejectedLogEventsInfo": {"tooOldLogEventEndIndex": 0}})
    logs.exceptions = boto3.client("logs", region_name="eu-west-1").exceptions
    story = Story()
    records = story.store.records(story.request().session_id)
    with pytest.raises(NotAccepted):
        CloudWatchAuditSink(logs, Recorder(), "audit", "bus").append(records)


def test_the_bus_hears_what_the_interface_lists() -> None:
    story = Story()
    session_id = story.granted(seconds=60).session_id
    story.lease(session_id)
    story.end(session_id)
    events = Recorder(put_events={"FailedEntryCount": 0})
    records = story.store.records(session_id)
    CloudWatchAuditSink(Recorder(), events, "audit", "bus").publish(records)
    ((_, call),) = events.calls
    assert [entry["DetailType"] for entry in call["Entries"]] == [
        "PAM Session Requested",
        "PAM Session Voted",
        "PAM Session Voted",
        "PAM Session Approved",
        "PAM Session Activated",
        "PAM Session Leased",
        "PAM Session Ended",
    ]
    assert {entry["Source"] for entry in call["Entries"]} == {"bank.mod046.pam"}
    assert json.loads(call["Entries"][0]["Detail"]) == records[0]


def test_an_event_that_the_bus_does_not_take_is_not_taken_for_told() -> None:
    events = Recorder(put_events={"FailedEntryCount": 1})
    story = Story()
    records = story.store.records(story.request().session_id)
    with pytest.raises(NotAccepted):
        CloudWatchAuditSink(Recorder(), events, "audit", "bus").publish(records)


ANSWERS = {
    "an older record only": {"Payload": io.BytesIO(b'{"delivered": 5}')},
    "a failure": {"FunctionError": "Unhandled", "Payload": io.BytesIO(b'{"delivered": 99}')},
    "nonsense": {"Payload": io.BytesIO(b"<html>")},
    "nothing": {"Payload": io.BytesIO(b"")},
    "no call at all": failing("ServiceException"),
}


@pytest.mark.guarantee("G8")
@pytest.mark.parametrize("case", ANSWERS)
def test_a_record_that_is_not_known_to_stand_lets_no_credential_out(case: str) -> None:
    session = Story().granted()
    assert session.sequence == 6
    client = Recorder(invoke=ANSWERS[case])
    with pytest.raises(IssuerUnavailable):
        AuditorFunction(client, "auditor").settle(session)


def test_a_record_that_stands_does() -> None:
    client = Recorder(invoke={"Payload": io.BytesIO(b'{"delivered": 6}')})
    AuditorFunction(client, "auditor").settle(Story().granted())


def test_the_outbox_gives_each_claim_to_one_call_and_each_record_up_for_sealing_once(
    table: Any,
) -> None:
    story = Story(store=DynamoDbSessions(table, TABLES))  # type: ignore[arg-type]
    session_id = story.granted().session_id
    outbox, waiting = DynamoDbOutbox(table, TABLES), DynamoDbCheckpoints(table, TABLES)
    claimed = outbox.claim(session_id, NOON)
    assert claimed == Claimed(delivered=-1, taken=6)
    assert not outbox.claim(session_id, NOON)
    delivered, records = claimed.delivered, outbox.undelivered(session_id, claimed)
    assert len(records) == 6
    outbox.settle(session_id, delivered, records[:4], NOON)
    assert waiting.leaves(100) == [Leaf.of(record) for record in records[:4]]
    again = outbox.claim(session_id, NOON)
    assert again == Claimed(delivered=4, taken=6), "settling has ended the claim"
    # A call that outlived its claim comes late with the same, and with more.
    outbox.settle(session_id, delivered, records[:4], NOON)
    outbox.settle(session_id, delivered, records, NOON)
    delivered, rest = again.delivered, outbox.undelivered(session_id, again)
    assert rest == records[4:]
    outbox.release(session_id)
    outbox.release(session_id)
    outbox.settle(session_id, delivered, rest, NOON)
    assert waiting.leaves(100) == [Leaf.of(record) for record in records]


def test_a_refusal_outside_any_session_is_delivered_once_as_well(table: Any) -> None:
    story = Story(store=DynamoDbSessions(table, TABLES))  # type: ignore[arg-type]
    refusal = Log(story=story).refuse()
    story.store.add_refusal(refusal)
    owner, outbox = f"NONE#{refusal['event_id']}", DynamoDbOutbox(table, TABLES)
    claimed = outbox.claim(owner, NOON)
    assert claimed == Claimed(delivered=-1, taken=0)
    delivered, records = claimed.delivered, outbox.undelivered(owner, claimed)
    assert records == [refusal]
    outbox.settle(owner, delivered, records, NOON)
    outbox.settle(owner, delivered, records, NOON)
    again = outbox.claim(owner, NOON)
    assert again == Claimed(delivered=0, taken=0)
    assert outbox.undelivered(owner, again) == []
    assert DynamoDbCheckpoints(table, TABLES).leaves(100) == [Leaf.of(refusal)]


def test_a_claim_of_a_call_that_died_ends_by_itself(table: Any) -> None:
    story = Story(store=DynamoDbSessions(table, TABLES))  # type: ignore[arg-type]
    session_id = story.request().session_id
    outbox = DynamoDbOutbox(table, TABLES)
    assert outbox.claim(session_id, story.now)
    assert not outbox.claim(session_id, story.later(seconds=20))
    assert outbox.claim(session_id, story.later(milliseconds=1))
