"""Blocking, listing and lifting, as API Gateway hands the calls over."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from pam.domain import messages
from pam.domain.lifecycle import Status
from pam.domain.messages import event_of
from pam.operations import block_person
from tests.fakes.story import LEDGER, Story, arn
from tests.handlers.conftest import Function, call

Load = Callable[[str], Function]
ALICE = arn("alice")


def body_of(answer: dict[str, Any]) -> dict[str, Any]:
    return dict(json.loads(answer["body"]))


def revoke(session_id: str, who: str = "sam", **fields: Any) -> dict[str, Any]:
    body = {"session_id": session_id, "reason": "laptop stolen", **fields}
    return dict(call("POST", "/pam/revoke", who, json.dumps(body)))


def lift(principal: str, who: str = "sam", **query: str) -> dict[str, Any]:
    """The gateway has decoded the parameter or has not; the path as well."""
    event = call("DELETE", "/pam/blocklist/{principal+}", who)
    return dict(event) | {
        "path": f"/pam/blocklist/{principal}",
        "pathParameters": {"principal": principal},
        "queryStringParameters": query or None,
        "multiValueQueryStringParameters": {name: [v] for name, v in query.items()} or None,
    }


def listed(function: Load, who: str = "sam") -> list[dict[str, Any]]:
    answer = function("request_api")(call("GET", "/pam/blocklist", who))
    assert answer["statusCode"] == 200, answer
    return list(body_of(answer)["items"])


@pytest.mark.guarantee("G14")
def test_a_revocation_with_block_seconds_blocks_and_ends_everything(
    function: Load, story: Story
) -> None:
    sessions = [story.granted().session_id for _ in range(2)]
    answer = function("request_api")(revoke(sessions[0], block_seconds=3600))
    assert (answer["statusCode"], body_of(answer)["status"]) == (200, "REVOKED")
    assert {story.store.get(i).status for i in sessions} == {Status.REVOKED}  # type: ignore[union-attr]
    assert listed(function) == [
        {
            "principal": ALICE,
            "person": "alice",
            "resource": None,
            "blocked_at": "2026-03-01T12:00:00.250Z",
            "blocked_by": arn("sam"),
            "until": "2026-03-01T13:00:00.250Z",
            "reason": "laptop stolen",
            "lifted_at": None,
            "lifted_by": None,
            "lift_reason": None,
        }
    ]
    ask = json.dumps({"resource": LEDGER, "reason": "ledger stuck, INC-1"})
    refused = function("request_api")(call("POST", "/pam/request", "alice", ask))
    assert (refused["statusCode"], body_of(refused)["code"]) == (403, "BLOCKED")


def test_0_is_until_lifted_and_the_scope_may_be_one_resource(function: Load, story: Story) -> None:
    session_id = story.granted().session_id
    answer = function("request_api")(revoke(session_id, block_seconds=0, block_scope="resource"))
    assert answer["statusCode"] == 200, answer
    (block,) = listed(function, "ada")
    assert (block["until"], block["resource"]) == (None, LEDGER)


def test_without_block_seconds_nobody_is_blocked(function: Load, story: Story) -> None:
    function("request_api")(revoke(story.granted().session_id))
    assert listed(function) == []


WRONG: dict[str, dict[str, Any]] = {
    "block_seconds": {"block_seconds": -1},
    "more than a year": {"block_seconds": 365 * 86400 + 1},
    "a text": {"block_seconds": "3600"},
    "another scope": {"block_seconds": 1, "block_scope": "world"},
    "a scope of nothing": {"block_scope": "resource"},
}


@pytest.mark.parametrize("case", WRONG)
def test_a_block_that_is_none_is_refused_and_nothing_is_ended(
    function: Load, story: Story, case: str
) -> None:
    session_id = story.granted().session_id
    answer = function("request_api")(revoke(session_id, **WRONG[case]))
    assert (answer["statusCode"], body_of(answer)["code"]) == (400, "VALIDATION")
    stored = story.store.get(session_id)
    assert stored is not None
    assert stored.status is Status.ACTIVE


@pytest.mark.parametrize("principal", ["alice", ALICE, quote(ALICE, safe="")])
def test_a_block_is_lifted_by_name_or_arn_however_it_is_encoded(
    function: Load, story: Story, principal: str
) -> None:
    function("request_api")(revoke(story.granted().session_id, block_seconds=0))
    answer = function("request_api")(lift(principal, reason="laptop found"))
    assert answer["statusCode"] == 200, answer
    (block,) = body_of(answer)["items"]
    assert (block["lifted_by"], block["lift_reason"]) == (arn("sam"), "laptop found")
    assert listed(function) == []
    again = function("request_api")(lift(principal, reason="laptop found"))
    assert (again["statusCode"], body_of(again)["code"]) == (404, "NOT_FOUND")


REFUSED: dict[str, tuple[str, dict[str, str], int, str]] = {
    "without a reason": ("sam", {}, 400, "VALIDATION"),
    "by an auditor": ("ada", {"reason": "found"}, 403, "NOT_ELIGIBLE"),
    "by the blocked": ("alice", {"reason": "found"}, 403, "NOT_ELIGIBLE"),
    "on another resource": ("sam", {"reason": "found", "resource": LEDGER}, 404, "NOT_FOUND"),
}


@pytest.mark.guarantee("G14")
@pytest.mark.parametrize("case", REFUSED)
def test_lifting_is_refused(function: Load, story: Story, case: str) -> None:
    who, query, status, code = REFUSED[case]
    function("request_api")(revoke(story.granted().session_id, block_seconds=0))
    answer = function("request_api")(lift("alice", who, **query))
    assert (answer["statusCode"], body_of(answer)["code"]) == (status, code)
    assert len(listed(function)) == 1


def test_others_do_not_see_who_is_blocked(function: Load) -> None:
    answer = function("request_api")(call("GET", "/pam/blocklist", "bob"))
    assert (answer["statusCode"], body_of(answer)["code"]) == (403, "NOT_ELIGIBLE")


@pytest.mark.guarantee("G14")
def test_the_search_ends_what_a_dying_call_left_to_the_blocked(
    function: Load, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id = story.granted().session_id
    door, revocation = function("request_api"), function("revoke_session")
    with monkeypatch.context() as dying:
        dying.setattr(block_person, "end_blocked", lambda *_, **__: [])
        door(revoke(session_id, block_seconds=0))
    assert revocation(event_of(messages.SearchBlocked())) == {"ended": [session_id]}
    stored = story.store.get(session_id)
    assert stored is not None
    assert stored.status is Status.REVOKED
