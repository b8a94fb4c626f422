"""Blocking by name, limits, pages and refusals, as API Gateway hands the calls over."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pam.domain.lifecycle import Status
from pam.domain.messages import SearchBlocked, event_of
from tests.contract.conftest import TABLE
from tests.fakes.story import KYC, LEDGER, UAT, Story, arn
from tests.handlers.conftest import Function, call

Load = Callable[[str], Function]


def post(function: Load, name: str, path: str, who: str, **body: Any) -> tuple[int, dict[str, Any]]:
    answer = function(name)(call("POST", path, who, json.dumps(body)))
    return answer["statusCode"], json.loads(answer["body"])


def get(function: Load, path: str, who: str, query: str = "", **parts: str) -> dict[str, Any]:
    event = call("GET", path, who, **parts)
    asked = dict(pair.split("=") for pair in query.split("&") if pair)
    event["queryStringParameters"] = asked or None
    event["multiValueQueryStringParameters"] = {k: [v] for k, v in asked.items()} or None
    answer = function("request_api")(event)
    return {"status": answer["statusCode"], **json.loads(answer["body"])}


def records_of(table: Any, kind: str) -> list[dict[str, Any]]:
    items = table.scan(TableName=TABLE)["Items"]
    records = [json.loads(item["record"]["S"]) for item in items if "record" in item]
    return [record for record in records if record["type"] == kind]


BLOCK = {"person": "alice", "reason": "laptop stolen", "seconds": 3600}


@pytest.mark.guarantee("G14")
def test_a_person_is_blocked_by_name_and_what_ended_is_told(function: Load, story: Story) -> None:
    session_id = story.granted().session_id
    status, done = post(function, "request_api", "/pam/block", "sam", **BLOCK)
    assert status == 200, done
    assert done["person"] == "alice"
    assert done["principals"] == [arn("alice")]
    assert done["ended"] == [session_id]
    assert [(item["person"], item["resource"]) for item in done["items"]] == [("alice", None)]
    assert story.store.get(session_id).status is Status.REVOKED  # type: ignore[union-attr]
    ask = {"resource": UAT, "reason": "ledger stuck, INC-1"}
    assert post(function, "request_api", "/pam/request", "alice", **ask)[1]["code"] == "BLOCKED"


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "nobody named": ({"person": ""}, "person"),
    "nobody known": ({"person": "zoe"}, "person"),
    "a name that is none": ({"person": "no such person"}, "person"),
    "no reason": ({"reason": "\u200b"}, "reason"),
    "no time": ({"seconds": None}, "seconds"),
    "time as text": ({"seconds": "60"}, "seconds"),
    "a time before now": ({"seconds": -1}, "seconds"),
    "more than a year": ({"seconds": 366 * 86400}, "seconds"),
    "a word for a truth": ({"unseen": "yes"}, "unseen"),
    "another field": ({"scope": "all"}, "scope"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_block_that_is_not_one_is_refused_with_the_field(
    function: Load, story: Story, case: str
) -> None:
    changed, field = WRONG[case]
    status, problem = post(function, "request_api", "/pam/block", "sam", **BLOCK | changed)
    assert (status, problem["code"]) == (400, "VALIDATION")
    assert [error["field"] for error in problem["errors"]] == [field]
    assert story.store.blocklist().blocks == ()


@pytest.mark.parametrize("who", ["alice", "bob", "ada", "runbook"])
def test_nobody_but_an_operator_blocks(function: Load, story: Story, who: str) -> None:
    status, problem = post(function, "request_api", "/pam/block", who, **BLOCK)
    assert (status, problem["code"]) == (403, "NOT_ELIGIBLE")
    assert story.store.blocklist().blocks == ()


def test_a_limit_names_the_sessions_in_the_way(function: Load, story: Story) -> None:
    wanted = (LEDGER, LEDGER, UAT, UAT, KYC)
    waiting = sorted(story.request(resource=each).session_id for each in wanted)
    ask = {"resource": "core-ledger-db", "reason": "ledger stuck, INC-1"}
    status, problem = post(function, "request_api", "/pam/request", "alice", **ask)
    assert (status, problem["code"]) == (409, "LIMIT")
    assert problem["sessions"] == waiting


@pytest.mark.parametrize("field", ["requester", "resource"])
def test_a_condition_of_nothing_but_spaces_is_refused(
    function: Load, story: Story, field: str
) -> None:
    story.request()
    refused = get(function, "/pam/sessions", "ada", f"{field}= ")
    assert (refused["status"], refused["code"]) == (400, "VALIDATION")
    assert refused["errors"] == [{"field": field, "message": "must not be empty"}]


@pytest.mark.guarantee("G10")
def test_pages_of_a_list_and_of_a_trail_by_their_cursors(function: Load, story: Story) -> None:
    ids = [story.request(resource=each).session_id for each in (LEDGER, UAT, KYC)]
    path = "/pam/sessions"
    first = get(function, path, "alice", "limit=2")
    assert len(first["items"]) == 2
    rest = get(function, path, "alice", f"limit=2&cursor={first['cursor']}")
    assert rest["cursor"] is None
    assert sorted(each["session_id"] for each in first["items"] + rest["items"]) == sorted(ids)
    for who, query in (("ada", ""), ("alice", "&status=PENDING_APPROVAL")):
        refused = get(function, path, who, f"cursor={first['cursor']}{query}")
        assert (refused["status"], refused["code"]) == (400, "VALIDATION")
    trail, named = "/pam/sessions/{session_id}/audit", {"session_id": ids[0]}
    story.vote("bob", ids[0])
    page = get(function, trail, "ada", "limit=1", **named)
    assert [record["type"] for record in page["items"]] == ["Requested"]
    page = get(function, trail, "ada", f"limit=1&cursor={page['cursor']}", **named)
    assert ([record["type"] for record in page["items"]], page["cursor"]) == (["Voted"], None)
    for limit in ("0", "101", "x"):
        assert get(function, trail, "ada", f"limit={limit}", **named)["code"] == "VALIDATION"


@pytest.mark.guarantee("G7")
@pytest.mark.guarantee("G10")
def test_a_strangers_act_is_refused_outside_the_sessions_trail(
    function: Load, story: Story, table: Any
) -> None:
    session_id = story.request().session_id
    for who in ("kim", "runbook", "alice"):
        post(function, "request_api", "/pam/approve", who, session_id=session_id)
    refused = records_of(table, "Refused")
    assert sorted(record["session_id"] for record in refused) == ["", "", session_id]
    assert len(story.store.records(session_id)) == 2


@pytest.mark.guarantee("G7")
def test_what_a_body_has_too_much_is_told_in_ten_errors_and_recorded_without_names(
    function: Load, table: Any
) -> None:
    unknown = {f"jane-roe-{number}\x1b[31m\u202e": 1 for number in range(40)}
    body = {"resource": LEDGER, "reason": "ledger stuck, INC-1", **unknown}
    status, problem = post(function, "request_api", "/pam/request", "alice", **body)
    assert (status, problem["code"], len(problem["errors"])) == (400, "VALIDATION", 10)
    assert all(error["field"].isprintable() for error in problem["errors"])
    (record,) = records_of(table, "Refused")
    assert "jane" not in json.dumps(record)
    assert "and 30 more" in record["detail"]


@pytest.mark.guarantee("G10")
def test_acts_in_two_offices_are_told_as_drift_and_looking_is_no_act(
    function: Load, story: Story, table: Any
) -> None:
    get(function, "/pam/sessions", "alice")
    assert story.store.acts_of("alice") == []
    session_id = story.request("dave").session_id
    post(function, "request_api", "/pam/approve", "bob", session_id=session_id)
    (act,) = story.store.acts_of("bob")
    assert (act.principal, act.roles) == (arn("bob"), ("approvers",))
    assert records_of(table, "Drift") == []
    engineers = replace(act, groups=("bank-core-engineers",), roles=("engineers",))
    story.store.note_act(replace(engineers, principal="another principal of theirs"))
    story.later(hours=1)
    post(function, "request_api", "/pam/approve", "bob", session_id=session_id)
    (drift,) = records_of(table, "Drift")
    assert "another principal of theirs" in drift["detail"]


@pytest.mark.guarantee("G14")
def test_the_sweep_counts_what_does_not_count_yet(function: Load, story: Story, table: Any) -> None:
    session_id = story.request().session_id
    for key in ("#HEAD", session_id):
        table.delete_item(TableName=TABLE, Key={"pk": {"S": "OPEN#alice"}, "sk": {"S": key}})
    function("revoke_session")(event_of(SearchBlocked()))
    assert [each.session_id for each in story.store.open_now("alice").sessions] == [session_id]
