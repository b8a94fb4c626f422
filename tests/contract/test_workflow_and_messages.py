"""What the state machine, the topics and the other functions are asked, and what a fault makes."""

import io
import json
import re
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from pam.aws.clients import ONE_TRY
from pam.aws.invocations import AuditorFunction, NoticeFunction, RevocationFunction
from pam.aws.sns_notifier import SnsNotifier
from pam.aws.step_functions import StepFunctionsWorkflow
from pam.domain.errors import IssuerUnavailable
from pam.domain.notice_forms import forms
from pam.domain.notice_texts import approval_needed, break_glass
from pam.domain.people_notices import operator_blocked
from pam.domain.pictures import Picture
from pam.domain.session import Session
from pam.operations import block_person
from tests.fakes.clients import MACHINE, Recorder, failing
from tests.fakes.notices import BLOCK, OF_SESSIONS, TOLD, pictures
from tests.fakes.story import KYC, LEDGER, NOON, Story


def no_answer(**_: Any) -> None:
    raise EndpointConnectionError(endpoint_url="https://states")


@pytest.fixture
def session() -> Session:
    return Story().granted()


@pytest.mark.guarantee("G8")
@pytest.mark.parametrize("fault", [no_answer, failing("ExecutionLimitExceeded")])
def test_a_workflow_that_cannot_be_started_says_so_without_awss_text(
    session: Session, fault: Any
) -> None:
    workflow = StepFunctionsWorkflow(Recorder(start_execution=fault), MACHINE)
    with pytest.raises(IssuerUnavailable, match="try again") as refusal:
        workflow.start(session)
    assert "https" not in refusal.value.detail


def test_an_execution_is_started_once_for_real(aws: None, session: Session) -> None:
    client = boto3.client("stepfunctions")
    definition = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "End": True}}}
    machine = client.create_state_machine(
        name="pam", definition=json.dumps(definition), roleArn="arn:aws:iam::123456789012:role/r"
    )["stateMachineArn"]
    workflow = StepFunctionsWorkflow(client, machine)
    workflow.start(session)
    workflow.start(session)
    (execution,) = client.list_executions(stateMachineArn=machine)["executions"]
    assert execution["executionArn"] == workflow.execution_arn(session.session_id)
    named = replace(session, execution_arn=execution["executionArn"])
    workflow.stop(named, error="REVOKED", cause="enough")
    described = client.describe_execution(executionArn=execution["executionArn"])
    assert described["status"] == "ABORTED"


def test_a_token_is_answered_with_no_more_than_the_verdict() -> None:
    client = Recorder()
    workflow = StepFunctionsWorkflow(client, MACHINE)
    workflow.approved("t1")
    workflow.refused("t2", error="DENIED", cause="DENIED: not now")
    assert client.calls == [
        ("send_task_success", {"taskToken": "t1", "output": "{}"}),
        ("send_task_failure", {"taskToken": "t2", "error": "DENIED", "cause": "DENIED: not now"}),
    ]


def test_texts_are_cut_to_what_step_functions_takes(session: Session) -> None:
    client = Recorder()
    workflow = StepFunctionsWorkflow(client, MACHINE)
    workflow.refused("t", error="e" * 300, cause="c" * 40_000)
    workflow.stop(session, error="e" * 300, cause="c" * 40_000)
    assert [(len(c["error"]), len(c["cause"])) for _, c in client.calls] == [(256, 32_768)] * 2


def test_stopping_an_execution_that_there_is_not_is_no_fault(session: Session) -> None:
    client = Recorder(stop_execution=failing("ExecutionDoesNotExist"))
    StepFunctionsWorkflow(client, "").stop(session, error="ENDED", cause="")
    assert client.calls[0][1]["executionArn"] == session.execution_arn


def test_any_other_fault_of_a_stop_is_told(session: Session) -> None:
    client = Recorder(stop_execution=failing("AccessDeniedException"))
    with pytest.raises(ClientError):
        StepFunctionsWorkflow(client, "").stop(session, error="ENDED", cause="")


def test_a_refusal_that_cannot_be_told_to_the_workflow_is_a_fault() -> None:
    client = Recorder(send_task_failure=failing("AccessDeniedException"))
    with pytest.raises(ClientError):
        StepFunctionsWorkflow(client, "").refused("t", error="DENIED", cause="")


def published(picture: Picture) -> dict[str, Any]:
    client = Recorder()
    SnsNotifier(client, "topic", "prod").show(picture)
    ((name, message),) = client.calls
    assert name == "publish"
    assert message["TopicArn"] == "topic"
    return message


def test_a_picture_goes_out_in_each_form_with_its_session_and_number(session: Session) -> None:
    picture = approval_needed(session, TOLD, NOON)
    message = published(picture)
    made = forms(picture, "prod")
    assert (message["Subject"], message["MessageStructure"]) == (made.subject, "json")
    assert json.loads(message["Message"]) == {
        "default": made.text,
        "email": made.email,
        "sqs": made.data,
        "https": made.data,
        "lambda": made.data,
    }
    attributes = {name: each["StringValue"] for name, each in message["MessageAttributes"].items()}
    assert attributes == {
        "occasion": "approval needed",
        "environment": "prod",
        "domain": "bank-core",
        "resource": LEDGER,
        "kind": "aws-role",
        "requester": "alice",
        "session_id": session.session_id,
        "sequence": str(session.sequence),
    }


@pytest.mark.parametrize("whom", OF_SESSIONS)
def test_whoever_is_told_of_a_session_can_choose_by_what_it_is_about(whom: str) -> None:
    session = Story().request("kim", KYC, break_glass=True)
    attributes = published(OF_SESSIONS[whom](session, TOLD, NOON))["MessageAttributes"]
    assert {
        name: attributes[name]["StringValue"]
        for name in ("environment", "domain", "resource", "kind", "requester")
    } == {
        "environment": "prod",
        "domain": "bank-kyc",
        "resource": KYC,
        "kind": "aws-role",
        "requester": "kim",
    }


def test_attributes_are_texts_that_sns_takes_whatever_the_names() -> None:
    """Printable ASCII, not empty, and none of what people wrote."""
    session = replace(Story().request(), requester_name="a" * 64, resource="r" * 63)
    message = published(break_glass(session, TOLD, NOON))
    for name, attribute in message["MessageAttributes"].items():
        assert re.fullmatch(r"[A-Za-z0-9_.-]+", name)
        assert re.fullmatch(r"[ -~]{1,256}", attribute["StringValue"]), name
        assert session.reason not in attribute["StringValue"]


def test_a_picture_of_no_session_says_what_has_happened_and_names_none() -> None:
    attributes = published(operator_blocked(BLOCK))["MessageAttributes"]
    assert attributes == {"occasion": {"DataType": "String", "StringValue": "operator blocked"}}


def test_a_subject_fits_whatever_the_names(session: Session) -> None:
    named = replace(session, requester_name="a" * 64, resource="r" * 63)
    assert len(published(approval_needed(named, TOLD, NOON))["Subject"]) < 100


@pytest.mark.guarantee("G3")
def test_a_topic_that_does_not_take_the_alert_is_a_fault(session: Session) -> None:
    client = Recorder(publish=failing("AuthorizationError"))
    with pytest.raises(ClientError):
        SnsNotifier(client, "tier1", "prod").show(break_glass(session, TOLD, NOON))


@pytest.mark.parametrize("occasion", pictures())
def test_a_queue_on_the_topic_gets_json(aws: None, occasion: str) -> None:
    sns, sqs = boto3.client("sns"), boto3.client("sqs")
    topic = sns.create_topic(Name="tier1")["TopicArn"]
    queue = sqs.create_queue(QueueName="duty")["QueueUrl"]
    asked = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    arn = asked["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    picture = pictures()[occasion]
    SnsNotifier(sns, topic, "prod").show(picture)
    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    body = json.loads(message["Body"])
    made = forms(picture, "prod")
    assert (body["Subject"], body["Message"]) == (made.subject, made.data)


def test_the_auditor_is_asked_for_one_session_and_waited_for(session: Session) -> None:
    client = Recorder(invoke={"Payload": io.BytesIO(b'{"delivered": 7}')})
    AuditorFunction(client, "auditor").settle(session)
    ((_, call),) = client.calls
    assert call["FunctionName"] == "auditor"
    assert json.loads(call["Payload"]) == {"message": "Settle", "session_id": session.session_id}
    assert call.get("InvocationType", "RequestResponse") == "RequestResponse"


GARBAGE = {
    "null": b"null",
    "a list": b"[6]",
    "a number": b"6",
    "no answer to the question": b'{"batchItemFailures": []}',
    "an error": b'{"errorMessage": "x", "errorType": "BusyError"}',
    "not UTF-8": b"\xff\xfe",
}
NOT_EVEN_A_NUMBER = {"nothing": b'{"delivered": null}', "a word": b'{"delivered": "all"}'}


@pytest.mark.guarantee("G8")
@pytest.mark.parametrize("case", GARBAGE)
def test_an_answer_that_is_none_lets_no_credential_out(session: Session, case: str) -> None:
    client = Recorder(invoke={"Payload": io.BytesIO(GARBAGE[case])})
    with pytest.raises(IssuerUnavailable, match="DT-002"):
        AuditorFunction(client, "auditor").settle(session)


@pytest.mark.guarantee("G8")
@pytest.mark.parametrize("case", NOT_EVEN_A_NUMBER)
def test_an_answer_without_a_number_lets_no_credential_out(session: Session, case: str) -> None:
    client = Recorder(invoke={"Payload": io.BytesIO(NOT_EVEN_A_NUMBER[case])})
    with pytest.raises(IssuerUnavailable, match="DT-002"):
        AuditorFunction(client, "auditor").settle(session)


@pytest.mark.guarantee("G8")
def test_an_auditor_that_cannot_be_reached_lets_no_credential_out(session: Session) -> None:
    with pytest.raises(IssuerUnavailable, match="DT-002"):
        AuditorFunction(Recorder(invoke=no_answer), "auditor").settle(session)


def test_the_tick_asks_for_notices_and_does_not_wait_for_them(session: Session) -> None:
    client = Recorder()
    NoticeFunction(client, "notices").tell(session.session_id)
    ((name, call),) = client.calls
    assert (name, call["FunctionName"], call["InvocationType"]) == ("invoke", "notices", "Event")
    wanted = {"message": "SendNotices", "session_id": session.session_id}
    assert json.loads(call["Payload"]) == wanted


def test_the_tick_asks_for_a_look_and_does_not_wait_for_it(session: Session) -> None:
    client = Recorder()
    RevocationFunction(client, "revocation").sweep(session.session_id)
    ((name, call),) = client.calls
    assert (name, call["FunctionName"], call["InvocationType"]) == ("invoke", "revocation", "Event")
    assert json.loads(call["Payload"]) == {"message": "Sweep", "session_id": session.session_id}


@pytest.mark.guarantee("G5")
def test_a_door_has_an_end_done_with_nothing_but_the_session_id_and_waits(session: Session) -> None:
    client = Recorder(invoke={"Payload": io.BytesIO(b"{}")})
    RevocationFunction(client, "revocation").end_decided(session.session_id)
    ((_, call),) = client.calls
    wanted = {"message": "EndDecided", "session_id": session.session_id}
    assert json.loads(call["Payload"]) == wanted
    assert call.get("InvocationType", "RequestResponse") == "RequestResponse"


@pytest.mark.parametrize(
    "answer", [no_answer, failing("TooManyRequestsException"), {"FunctionError": "Unhandled"}]
)
def test_an_end_that_was_not_seen_done_is_said_and_no_fault(session: Session, answer: Any) -> None:
    revocation = RevocationFunction(Recorder(invoke=answer), "revocation")
    with pytest.raises(IssuerUnavailable):
        revocation.end_decided(session.session_id)


def test_whoever_waits_for_an_end_is_answered_within_20_seconds() -> None:
    """Two more are left for what the door itself asks of the table."""
    waited = ONE_TRY.retries["total_max_attempts"] * (
        ONE_TRY.connect_timeout + ONE_TRY.read_timeout
    )
    assert waited <= 18
    assert ONE_TRY.max_pool_connections >= block_person._AT_ONCE
