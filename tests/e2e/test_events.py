"""The bus says what happened to a session, with the audit record as its detail."""

import json
from typing import Any

import pytest

from local.cast import Cast, Person, until

ACCOUNT = "000000000000"


@pytest.fixture(scope="module")
def heard(cast: Cast) -> list[dict[str, Any]]:
    """Everything that PAM says on the bus from now on, as far as `listen` has taken it in."""
    events = cast.person("root").client("events")
    sqs = cast.person("root").client("sqs")
    bus = cast.parameter("/bank/local/mod046/events/bus-name")
    url = sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = f"arn:aws:sqs:{cast.about['region']}:{ACCOUNT}:heard"
    pattern = json.dumps({"source": ["bank.mod046.pam"]})
    rule = events.put_rule(Name="heard", EventBusName=bus, EventPattern=pattern)["RuleArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    events.put_targets(Rule="heard", EventBusName=bus, Targets=[{"Id": "q", "Arn": arn}])
    return []


def listen(cast: Cast, heard: list[dict[str, Any]], session_id: str) -> list[dict[str, Any]]:
    sqs = cast.person("root").client("sqs")
    url = sqs.get_queue_url(QueueName="heard")["QueueUrl"]
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            heard.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [event for event in heard if event["detail"]["session_id"] == session_id]


def test_the_life_of_a_session_is_told_on_the_bus(
    cast: Cast, heard: list[dict[str, Any]], alice: Person, ada: Person
) -> None:
    session = alice.request("core-ledger-admin", break_glass=True)
    session_id = session["session_id"]
    alice.wait_for(session_id, "ACTIVE")
    alice.lease(session_id)
    alice.post("/pam/end", {"session_id": session_id})
    expected = [
        "PAM Session Requested",
        "PAM Break Glass",
        "PAM Session Approved",
        "PAM Session Activated",
        "PAM Session Leased",
        "PAM Session Ended",
    ]
    events = until(
        lambda: found if len(found := listen(cast, heard, session_id)) >= len(expected) else None,
        "the session's events",
    )
    assert {event["source"] for event in events} == {"bank.mod046.pam"}
    ordered = sorted(events, key=lambda event: event["detail"]["sequence"])
    assert [event["detail-type"] for event in ordered] == expected
    records = ada.get(f"/pam/sessions/{session_id}/audit").body["items"]
    for event in ordered:
        assert event["detail"] in records
