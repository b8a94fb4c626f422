"""What is done with a lent role, told to the deployed recorder as CloudTrail tells it."""

import base64
import gzip
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.cast import Cast, Person, until
from tests.e2e.bus import ACCOUNT, listen
from tests.e2e.logs import logged

ROLE = f"arn:aws:iam::{ACCOUNT}:role/pam-target-core-sandbox-admin"
SOMEBODY = "01JD8XGZ6Q3M4V5N6P7R8S9T0A"


def call_of(source_identity: str, *, later: float = 0) -> dict[str, Any]:
    """As EventBridge hands it on. The emulator has no CloudTrail, and lets nobody speak for AWS."""
    detail = {
        "eventID": str(uuid.uuid4()),
        "eventTime": (datetime.now(UTC) + timedelta(seconds=later)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": "s3.amazonaws.com",
        "eventName": "DeleteBucket",
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "192.0.2.7",
        "userAgent": "aws-cli/2",
        "userIdentity": {
            "type": "AssumedRole",
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/pam-target-core-sandbox-admin/alice",
            "sessionContext": {
                "sessionIssuer": {"type": "Role", "arn": ROLE},
                "sourceIdentity": source_identity,
            },
        },
    }
    return {
        "id": str(uuid.uuid4()),
        "account": ACCOUNT,
        "region": "us-east-1",
        "time": detail["eventTime"],
        "source": "aws.s3",
        "detail-type": "AWS API Call via CloudTrail",
        "resources": [],
        "detail": detail,
    }


def deliver(cast: Cast, event: dict[str, Any]) -> int:
    """How many records it came to."""
    return int(cast.invoke("record_activity", event)["recorded"])


def activities(ada: Person, session_id: str) -> list[dict[str, Any]]:
    records = ada.get(f"/pam/sessions/{session_id}/audit").body["items"]
    return [record for record in records if record["type"] == "Activity"]


@pytest.fixture
def session_id(alice: Person) -> str:
    session = alice.request("core-sandbox-admin")
    alice.wait_for(session["session_id"], "ACTIVE")
    return str(session["session_id"])


def test_the_rule_takes_calls_of_lent_roles_and_no_others(root: Person) -> None:
    events = root.client("events")
    (rule,) = (
        rule for rule in events.list_rules()["Rules"] if "roleArn" in rule.get("EventPattern", "")
    )

    def taken(event: dict[str, Any]) -> bool:
        answer = events.test_event_pattern(
            EventPattern=rule["EventPattern"], Event=json.dumps(event)
        )
        return bool(answer["Result"])

    event = call_of(SOMEBODY)
    assert taken(event)
    assert not taken(event | {"source": "bank.app"})
    event["detail"]["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] += "-another"
    assert not taken(event)
    for issuer in ({}, {"arn": ""}):
        event["detail"]["userIdentity"]["sessionContext"]["sessionIssuer"] = issuer
        assert taken(event)
    event["detail"]["userIdentity"]["type"] = "IAMUser"
    assert not taken(event)
    event["detail"] |= {"eventSource": "sts.amazonaws.com", "requestParameters": {"roleArn": ROLE}}
    assert taken(event)


def test_a_rule_takes_calls_of_lent_permission_sets_and_no_others(root: Person) -> None:
    events = root.client("events")
    (rule,) = (
        rule
        for rule in events.list_rules()["Rules"]
        if "AWSReservedSSO_" in rule.get("EventPattern", "")
    )

    def taken(event: dict[str, Any]) -> bool:
        answer = events.test_event_pattern(
            EventPattern=rule["EventPattern"], Event=json.dumps(event)
        )
        return bool(answer["Result"])

    def used(role: str) -> dict[str, Any]:
        event = call_of(SOMEBODY)
        issuer = {"type": "Role", "arn": role, "userName": role.rpartition("/")[2]}
        event["detail"]["userIdentity"]["sessionContext"] = {"sessionIssuer": issuer}
        return event

    path = f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com"
    lent = "AWSReservedSSO_PamPayments_0123456789abcdef"
    assert taken(used(f"{path}/{lent}"))
    assert taken(used(f"{path}/eu-west-2/{lent}"))
    assert not taken(used(f"arn:aws:iam::{ACCOUNT}:role/{lent}"))
    assert not taken(used(f"{path}/AWSReservedSSO_PamPaymentsToo_0123456789abcdef"))
    assert not taken(used(f"{path}/{lent}") | {"source": "bank.app"})


def test_what_a_session_did_stands_in_its_trail_once(
    cast: Cast, alice: Person, ada: Person, session_id: str
) -> None:
    first, second = call_of(session_id), call_of(session_id)
    assert [deliver(cast, event) for event in (first, first, second)] == [1, 0, 1]
    found = activities(ada, session_id)
    assert len(found) == 2
    assert {record["outcome"] for record in found} == {"success"}
    assert {record["actor"]["source_ip"] for record in found} == {"192.0.2.7"}
    assert alice.post("/pam/end", {"session_id": session_id}).status == 200


def test_what_waits_in_the_queue_is_recorded_and_a_flood_of_it_once_each(
    cast: Cast, root: Person, alice: Person, ada: Person, session_id: str
) -> None:
    """As EventBridge puts it there."""
    sqs = root.client("sqs")
    (url,) = (each for each in sqs.list_queues()["QueueUrls"] if "ActivityQueue" in each)
    calls = [call_of(session_id) for _ in range(60)]
    bodies = [json.dumps(each) for each in [*calls, *calls[:20], {"not": "an event"}]]
    for first in range(0, len(bodies), 10):
        some = enumerate(bodies[first : first + 10])
        entries = [{"Id": str(number), "MessageBody": body} for number, body in some]
        assert not sqs.send_message_batch(QueueUrl=url, Entries=entries).get("Failed")

    def recorded() -> list[str] | None:
        ids = [record["request_id"] for record in every_record(ada, session_id)]
        found = [each for each in ids if each in wanted]
        return found if len(found) >= len(wanted) else None

    wanted = {each["detail"]["eventID"] for each in calls}
    assert sorted(until(recorded, "the flood on record")) == sorted(wanted)
    assert alice.post("/pam/end", {"session_id": session_id}).status == 200


def every_record(ada: Person, session_id: str) -> list[dict[str, Any]]:
    found, cursor = [], ""
    while True:
        page = ada.get(f"/pam/sessions/{session_id}/audit?limit=100{cursor}").body
        found += page["items"]
        if not page["cursor"]:
            return found
        cursor = f"&cursor={page['cursor']}"


def test_a_call_that_names_its_role_in_the_callers_arn_alone_stands_in_its_trail(
    cast: Cast, alice: Person, ada: Person, session_id: str
) -> None:
    event = call_of(session_id)
    del event["detail"]["userIdentity"]["sessionContext"]["sessionIssuer"]
    assert deliver(cast, event) == 1
    (record,) = activities(ada, session_id)
    assert record["outcome"] == "success"
    assert alice.post("/pam/end", {"session_id": session_id}).status == 200


def test_lines_of_a_log_that_are_not_understood_are_counted(cast: Cast, root: Person) -> None:
    line = f"2026-03-01 12:00:10 UTC:10.0.0.5(1):pam_{SOMEBODY.lower()}@ledger:[1]:LOG:  dotaz: x"
    batch = {
        "messageType": "DATA_MESSAGE",
        "logGroup": "/aws/rds/instance/core-ledger/postgresql",
        "logEvents": [{"id": "1", "timestamp": 1_772_366_460_000, "message": line}],
    }
    data = base64.b64encode(gzip.compress(json.dumps(batch).encode())).decode()

    def told() -> Any:
        # The emulator shows what a function writes late with that function's next call.
        assert deliver(cast, {"awslogs": {"data": data}}) == 0
        return logged(root, "LineNotUnderstood")

    metric = until(told, "the metric of the alarm")
    assert '"Namespace":"MOD046/PAM"' in metric.replace(" ", "")


def test_use_after_the_end_and_use_by_nobody_are_told_on_the_bus(
    cast: Cast, heard: list[dict[str, Any]], alice: Person, ada: Person, session_id: str
) -> None:
    assert alice.post("/pam/end", {"session_id": session_id}).status == 200
    alice.wait_for(session_id, "ENDED")
    # AWS may obey the deny seconds later: what is done until then is no finding.
    assert deliver(cast, call_of(session_id, later=2)) == 1
    told = activities(ada, session_id)[-1]
    assert told["outcome"] == "success"
    assert told["detail"].startswith("after the end was decided: ")
    for names, belongs_to in ((session_id, session_id), ("mallory", "")):
        event = call_of(names, later=90)
        assert deliver(cast, event) == 1
        dark = _finding(cast, heard, belongs_to, event["detail"]["eventID"])
        assert dark["detail-type"] == "PAM Dark Access"
        assert dark["detail"]["outcome"] == "failure"
        assert dark["detail"]["resource"] == "core-sandbox-admin"


def _finding(
    cast: Cast, heard: list[dict[str, Any]], session_id: str, event_id: str
) -> dict[str, Any]:
    """Of this very call: of no session there may be findings of other tests."""

    def found() -> dict[str, Any] | None:
        events = listen(cast, heard, session_id)
        return next((e for e in events if e["detail"]["request_id"] == event_id), None)

    return until(found, "the finding")
