"""Somebody in the account who may invoke functions, and hands them whatever they like."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import boto3
import pytest

from local.cast import Cast, Person, until
from tests.e2e.bus import ACCOUNT, listen

ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
FOUND_WITHIN = 60 + 60 + 60 + 45
"""Seconds: `dark_call_after` of this deployment, the next run, one more if that came to nothing,
and what this machine takes.
"""
LEDGER, SANDBOX = "core-ledger-admin", "core-sandbox-admin"


def call(method: str, path: str, principal: str = ALICE, body: Any = None, **more: str) -> Any:
    """As API Gateway would tell a door of a call."""
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": {"Content-Type": "application/json"},
        "multiValueHeaders": {},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": more or None,
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
        "requestContext": {
            "stage": "v1",
            "path": f"/v1{path}",
            "requestId": str(uuid4()),
            "extendedRequestId": f"forged-{uuid4()}",
            "identity": {"userArn": principal, "sourceIp": "192.0.2.1", "userAgent": "aws-cli"},
        },
    }


@dataclass(frozen=True)
class Mallory:
    """May invoke, and nothing else."""

    lambda_: Any
    functions: dict[str, str]

    def invoke(self, function: str, event: Any) -> tuple[bool, Any]:
        """Whether the function took it, and its answer."""
        answer = self.lambda_.invoke(
            FunctionName=self.functions[function], Payload=json.dumps(event)
        )
        return "FunctionError" not in answer, json.loads(answer["Payload"].read() or b"null")


@pytest.fixture(scope="module")
def mallory(cast: Cast) -> Iterator[Mallory]:
    root = cast.person("root")
    iam, functions = root.client("iam"), root.client("lambda").list_functions()["Functions"]
    iam.create_user(UserName="mallory")
    right = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [right]})
    iam.put_user_policy(UserName="mallory", PolicyName="invoke", PolicyDocument=document)
    keys = iam.create_access_key(UserName="mallory")["AccessKey"]
    session = boto3.Session(
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        region_name=cast.about["region"],
    )
    named = {each["Handler"].removesuffix(".handler"): each["FunctionName"] for each in functions}
    yield Mallory(cast.client("lambda", session), named)
    iam.delete_access_key(UserName="mallory", AccessKeyId=keys["AccessKeyId"])
    iam.delete_user_policy(UserName="mallory", PolicyName="invoke")
    iam.delete_user(UserName="mallory")


def access_log(*people: Person) -> list[dict[str, str]]:
    """The lines of their calls. Looked for there: those of everybody are more than one answer has
    room for.
    """
    found = [
        who.cast.person("root")
        .client("logs")
        .filter_log_events(
            logGroupName="/pam/local/request-api-access", filterPattern=f'"{who.principal}"'
        )["events"]
        for who in people
    ]
    return [json.loads(event["message"]) for events in found for event in events]


def dark_calls(cast: Cast) -> list[dict[str, Any]]:
    logs = cast.person("root").client("logs")
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName="/bank/local/mod046/audit", filterPattern='"DarkCall"'
    )
    lines = [json.loads(event["message"]) for page in pages for event in page["events"]]
    return [line for line in lines if line["type"] == "DarkCall"]


def open_calls(cast: Cast) -> set[str]:
    """Request ids of the calls that were not found in the access log yet."""
    root = cast.person("root")
    (table,) = (
        name for name in root.client("dynamodb").list_tables()["TableNames"] if "Calls" in name
    )
    pages = root.client("dynamodb").get_paginator("scan").paginate(TableName=table)
    items = [item for page in pages for item in page["Items"]]
    return {item["request_id"]["S"] for item in items if "open" in item}


def test_the_gateway_logs_each_call_as_its_door_is_told_of_it(
    cast: Cast, alice: Person, sam: Person
) -> None:
    session = alice.request(SANDBOX)
    nobody = "arn%3Aaws%3Aiam%3A%3A000000000000%3Auser%2Fnobody"
    answers = [
        alice.get(f"/pam/sessions/{session['session_id']}"),
        alice.post("/pam/approve", {"session_id": "none"}),
        sam.call("DELETE", f"/pam/blocklist/{nobody}?reason=found%20again"),
    ]
    assert [answer.status for answer in answers] == [200, 400, 404]
    lines = access_log(alice, sam)
    told = {(line["principal"], line["method"], line["status"]) for line in lines}
    assert told >= {
        (alice.principal, "POST", "202"),
        (alice.principal, "GET", "200"),
        (alice.principal, "POST", "400"),
        (sam.principal, "DELETE", "404"),
    }

    ids = {line["extended_request_id"] for line in lines if line["principal"] == sam.principal}

    def settled() -> bool | None:
        cast.invoke("find_dark_calls", {"message": "MatchCalls"})
        return not ids & open_calls(cast) or None

    until(settled, "the calls to be found in the access log")
    assert not ids & {record["request_id"] for record in dark_calls(cast)}
    assert alice.post("/pam/end", {"session_id": session["session_id"]}).status == 200


@pytest.mark.guarantee("G2")
def test_a_forged_call_of_a_door_is_found_and_names_what_is_known(
    cast: Cast, mallory: Mallory, heard: list[dict[str, Any]], alice: Person
) -> None:
    body = {"resource": LEDGER, "reason": "posing as somebody else"}
    forged = call("POST", "/pam/request", body=body)
    taken, answer = mallory.invoke("request_api", forged)
    assert taken, answer
    request_id = forged["requestContext"]["extendedRequestId"]
    session_id = json.loads(answer["body"])["session_id"]

    def told() -> dict[str, Any] | None:
        return next((r for r in dark_calls(cast) if r["request_id"] == request_id), None)

    record = until(told, "the forged call to be told", FOUND_WITHIN)
    assert (record["session_id"], record["sequence"]) == ("", 0)
    assert record["requester"] == ALICE, "in whose name it came"
    assert "request_api" in record["detail"]
    assert "POST /v1/pam/request" in record["detail"]
    announced = until(
        lambda: [e for e in listen(cast, heard, "") if e["detail"] == record] or None, "the event"
    )
    assert [event["detail-type"] for event in announced] == ["PAM Dark Call"]
    assert len([r for r in dark_calls(cast) if r["request_id"] == request_id]) == 1
    assert alice.post("/pam/end", {"session_id": session_id}).status == 200


@pytest.mark.guarantee("G2")
def test_the_line_of_a_real_call_clears_no_other(cast: Cast, mallory: Mallory, bob: Person) -> None:
    assert bob.get("/pam/resources").status == 200
    line = next(each for each in reversed(access_log(bob)) if each["principal"] == bob.principal)
    forged = call("GET", "/pam/resources", bob.principal)
    forged["requestContext"]["extendedRequestId"] = line["extended_request_id"]
    taken, answer = mallory.invoke("request_api", forged)
    assert not taken
    assert answer["errorType"] == "RequestIdUsed"
    before = len(dark_calls(cast))
    assert not mallory.invoke("issue_credentials", {"requestContext": {"stage": "v1"}})[0]
    cast.invoke("find_dark_calls", {"message": "MatchCalls"})
    until(lambda: len(dark_calls(cast)) >= before + 1 or None, "what is no call to be told")


NOBODYS: list[Any] = [{}, [], "Tick", {"Records": "all"}, {"message": "Grant"}]


@pytest.mark.guarantee("G2")
def test_a_power_that_is_called_directly_does_nothing_that_was_not_decided(
    cast: Cast, mallory: Mallory, alice: Person, ada: Person
) -> None:
    active = alice.request(SANDBOX)
    alice.wait_for(active["session_id"], "ACTIVE")
    waiting = alice.request(LEDGER)
    ids = [active["session_id"], waiting["session_id"]]
    before = [_trail(ada, session_id) for session_id in ids]
    for session in (active, waiting):
        for function, event in _lies(session["session_id"], session["execution_arn"]):
            mallory.invoke(function, event)
    doors = {"issue_credentials", "request_api"}
    for function in set(mallory.functions) - {"witness_log", "rotate_secret"}:
        for event in NOBODYS:
            taken, _ = mallory.invoke(function, event)
            assert not taken, (function, event)
        for event in [
            call("POST", "/pam/revoke", f"arn:aws:iam::{ACCOUNT}:user/sam", {"session_id": ids[0]}),
            call("POST", "/pam/sessions/{session_id}/credentials", session_id=ids[0]),
        ]:
            assert function in doors or not mallory.invoke(function, event)[0], function
    assert [alice.session(session_id)["status"] for session_id in ids] == [
        "ACTIVE", "PENDING_APPROVAL",
    ]  # fmt: skip
    assert [_trail(ada, session_id) for session_id in ids] == before
    for session_id in ids:
        assert alice.post("/pam/end", {"session_id": session_id}).status == 200


def _lies(session_id: str, execution: str) -> list[tuple[str, dict[str, Any]]]:
    """What PAM's own messages would say, if it were so."""
    failure = {"error": "States.Timeout", "cause": ""}
    revoke = "revoke_session"
    return [
        (revoke, {"message": "EndDecided", "session_id": session_id}),
        (revoke, {"message": "EndDue", "session_id": session_id}),
        (revoke, {"message": "Sweep", "session_id": session_id}),
        (
            revoke,
            {"message": "CloseUnfinished", "session_id": session_id, "execution_arn": execution},
        ),
        (revoke, {"message": "AdmissionFailed", "execution_arn": execution}),
        (revoke, {"session_id": session_id, "failure": failure}),
        (revoke, {"execution": {"id": execution, "name": session_id}, "failure": failure}),
        (revoke, {"session_id": session_id, "by": "tick"}),
        (revoke, {"session_id": session_id}),
        ("activate_session", {"session_id": session_id}),
        ("issue_credentials", {"session_id": session_id}),
        (
            "ask_approvers",
            {"message": "AskApprovers", "session_id": session_id, "task_token": "forged"},
        ),
        ("admit_request", {"message": "Admit", "execution_arn": f"{execution}-never-started"}),
    ]


def _trail(ada: Person, session_id: str) -> list[Any]:
    return list(ada.get(f"/pam/sessions/{session_id}/audit").body["items"])


@pytest.mark.guarantee("G2")
def test_a_request_that_nobody_started_is_not_admitted(mallory: Mallory, alice: Person) -> None:
    claim = {"requester": alice.principal, "resource": SANDBOX, "reason": "never asked for this"}
    machine = f"arn:aws:states:us-east-1:{ACCOUNT}:execution:pam-local-approval-workflow"
    for event in (
        {"message": "Admit", "execution_arn": f"{machine}:{uuid4()}"},
        {"input": claim, "execution": {"id": f"{machine}:x", "name": "x", "started_at": "now"}},
        {"message": "Admit", "execution_arn": f"{machine}:{uuid4()}", "input": claim},
    ):
        before = alice.get("/pam/sessions?limit=1").body["items"]
        assert not mallory.invoke("admit_request", event)[0]
        assert alice.get("/pam/sessions?limit=1").body["items"] == before
