"""What goes wrong behind the API, as callers see it and as the trail keeps it."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from pam import wiring
from pam.domain.lifecycle import Status
from tests.fakes.story import LEDGER, Story
from tests.handlers.conftest import Function, call

Load = Callable[[str], Function]
ASK = json.dumps({"resource": LEDGER, "reason": "ledger stuck, INC-1"})


def body_of(answer: dict[str, Any]) -> dict[str, Any]:
    return dict(json.loads(answer["body"]))


def trail(story: Story, session_id: str) -> list[str]:
    return [str(record["type"]) for record in story.store.records(session_id)]


def refusals(table: Any) -> list[dict[str, Any]]:
    items = table.scan(TableName="sessions")["Items"]
    records = [json.loads(i["record"]["S"]) for i in items if "record" in i]
    return [r for r in records if r["type"] == "Refused" and not r["session_id"]]


def test_a_body_in_base64_is_read_and_one_of_another_type_is_json_all_the_same(
    function: Load,
) -> None:
    event = call("POST", "/pam/request", "alice", base64.b64encode(ASK.encode()).decode())
    answer = function("request_api")(
        event | {"isBase64Encoded": True, "headers": {"content-type": "text/plain"}}
    )
    assert answer["statusCode"] == 202, answer
    assert body_of(answer)["status"] == "PENDING_APPROVAL"


@pytest.mark.guarantee("G7")
def test_whoever_is_not_listed_is_refused_and_that_is_recorded(function: Load, table: Any) -> None:
    answer = function("request_api")(call("POST", "/pam/request", "mallory", ASK))
    assert answer["statusCode"] == 403
    assert body_of(answer)["code"] == "NOT_ELIGIBLE"
    (record,) = refusals(table)
    assert record["actor"]["principal"].endswith("user/mallory")
    assert record["actor"]["user_agent"] == "pam/1 ?[31m"
    assert record["detail"].startswith("NOT_ELIGIBLE: POST /pam/request")


def test_a_refused_look_is_not_recorded(function: Load, story: Story) -> None:
    session_id = story.request().session_id
    look = call("GET", "/pam/sessions/{session_id}", "dave", session_id=session_id)
    assert function("request_api")(look)["statusCode"] == 404
    assert trail(story, session_id) == ["Requested"]


@pytest.mark.guarantee("G6")
def test_a_workflow_that_does_not_start_is_a_503_and_leaves_no_open_session(
    function: Load, story: Story
) -> None:
    story.workflow.down = True
    answer = function("request_api")(call("POST", "/pam/request", "alice", ASK))
    assert (answer["statusCode"], body_of(answer)["code"]) == (503, "ISSUER_UNAVAILABLE")
    (failed,) = story.store.due(story.later(days=1), 10) or [None]
    assert failed is None


@pytest.mark.guarantee("G5")
def test_a_request_is_withdrawn_though_its_workflow_cannot_be_told(
    function: Load, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ConnectionError

    session_id = story.request().session_id
    story.store.put_task_token(session_id, "token", story.now)
    monkeypatch.setattr(story.workflow, "refused", fails)
    end = call("POST", "/pam/end", "alice", json.dumps({"session_id": session_id}))
    answer = function("request_api")(end)
    assert (answer["statusCode"], body_of(answer)["status"]) == (200, "WITHDRAWN")


def test_who_ends_a_request_waits_for_one_answer_of_its_workflow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    config = wiring.waiting_workflow("arn:aws:states:::stateMachine:pam")._client.meta.config
    assert config.retries["total_max_attempts"] == 1
    assert config.connect_timeout + config.read_timeout < 20


@pytest.mark.guarantee("G8")
def test_a_workflow_that_is_throttled_is_a_429_that_says_when_to_come_again(
    function: Load, story: Story
) -> None:
    story.workflow.throttled = True
    answer = function("request_api")(call("POST", "/pam/request", "alice", ASK))
    assert answer["statusCode"] == 429
    assert body_of(answer)["code"] == "THROTTLED"
    assert answer["multiValueHeaders"]["Retry-After"] == ["1"]


def test_a_fault_of_pam_says_where_to_look_and_nothing_of_itself(
    function: Load, monkeypatch: pytest.MonkeyPatch, story: Story
) -> None:
    handler = function("request_api")

    def broken(*_: object, **__: object) -> None:
        message = "secret internals"
        raise RuntimeError(message)

    monkeypatch.setattr("pam.operations.request_access.request_access", broken)
    answer = handler(call("POST", "/pam/request", "alice", ASK))
    assert (answer["statusCode"], body_of(answer)["code"]) == (500, "INTERNAL")
    assert "secret internals" not in answer["body"]
    assert "call-1" in body_of(answer)["detail"]


@pytest.mark.guarantee("G8")
def test_credentials_whose_record_does_not_stand_are_not_in_the_answer_nor_the_log(
    function: Load, story: Story, capsys: pytest.CaptureFixture[str]
) -> None:
    session_id = story.granted().session_id
    lend = call("POST", "/pam/sessions/{session_id}/credentials", "alice", session_id=session_id)
    handler = function("issue_credentials")
    story.audit_log.down = True
    refused = handler(lend)
    assert (refused["statusCode"], body_of(refused)["code"]) == (503, "ISSUER_UNAVAILABLE")
    assert "the-secret-key" not in refused["body"]
    story.audit_log.down = False
    given = handler(lend)
    assert given["statusCode"] == 200
    assert set(body_of(given)) == {
        "lease_id", "session_id", "kind", "expires_at", "access_key_id", "secret_access_key",
        "session_token", "region",
    }  # fmt: skip
    written = capsys.readouterr()
    assert "the-secret-key" not in written.out + written.err
    assert "the-session-token" not in written.out + written.err


@pytest.mark.guarantee("G5")
def test_a_target_that_does_not_confirm_leaves_the_session_revoking(
    function: Load, story: Story
) -> None:
    session_id = story.granted().session_id
    story.issuer.down = True
    body = json.dumps({"session_id": session_id, "reason": "enough"})
    answer = function("request_api")(call("POST", "/pam/revoke", "sam", body))
    assert (answer["statusCode"], body_of(answer)["status"]) == (200, "REVOKING")
    assert body_of(answer)["ending"]["confirmed_at"] is None
    stored = story.store.get(session_id)
    assert stored is not None
    assert stored.status is Status.REVOKING


def test_an_unknown_call_is_a_problem(function: Load) -> None:
    answer = function("request_api")(call("POST", "/pam/everything", "alice", "{}"))
    assert (answer["statusCode"], body_of(answer)["code"]) == (404, "NOT_FOUND")
