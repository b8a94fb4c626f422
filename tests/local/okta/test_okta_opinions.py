"""Okta's own SDK, which nobody here wrote: it agrees with every right call and with every answer of
this Okta, and sees what is wrong with either.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local.okta import opinions
from local.okta.acts import Acts
from local.okta.recording import Call, Recorder, read
from local.okta.routes import OPERATIONS
from local.okta.service import Okta
from tests.local.okta.calling import (
    ALICE,
    FED,
    GROUP,
    ISSUER,
    MEMBER,
    MEMBERS,
    ROLED,
    Caller,
    Clock,
)

FILTER = "eventType+eq+%22group.user_membership.add%22"
RIGHT = [
    ("PUT", MEMBER, 204),
    ("PUT", f"{MEMBERS}/00unobody", 404),
    ("PUT", f"/api/v1/groups/{FED}/users/{ALICE}", 403),
    ("GET", f"/api/v1/groups/{GROUP}", 200),
    ("GET", "/api/v1/groups/00gnone", 404),
    ("GET", f"/api/v1/groups/{ROLED}/roles", 200),
    ("GET", f"/api/v1/groups/{GROUP}/roles", 200),
    ("GET", "/api/v1/groups/rules?limit=50", 200),
    ("GET", f"{MEMBERS}?limit=200", 200),
    ("GET", "/api/v1/groups/00gnone/users", 404),
    ("GET", "/api/v1/users/alice%40bank.example", 200),
    ("GET", "/api/v1/users/nora", 200),
    ("GET", "/api/v1/users/nobody", 404),
    ("GET", f"/api/v1/users/{ALICE}/groups", 200),
    ("GET", "/api/v1/users/nobody/groups", 404),
    ("DELETE", MEMBER, 204),
    ("DELETE", f"{MEMBERS}/00unobody", 404),
    ("DELETE", f"/api/v1/users/{ALICE}/sessions?oauthTokens=true&forgetDevices=false", 204),
    ("GET", f"/api/v1/logs?limit=100&filter={FILTER}", 200),
]


def everything(okta: Okta) -> Caller:
    app = okta.directory.apps[ISSUER]
    app.scopes = sorted({it.scope for it in OPERATIONS})
    app.permissions = sorted({it.permission for it in OPERATIONS})
    return Caller(okta=okta).sign_in(" ".join(app.scopes))


def recorded(okta: Okta) -> list[Call]:
    """Every right call, every answer to one: refused, limited and out of order too."""
    caller = everything(okta)
    Acts(okta).create_user("odd%name@bank.example")
    for method, path, status in RIGHT:
        assert caller.call(method, path).status == status, path
    okta.faults.turn({"limited": {"*": 1}, "errors": {"getUser": [500, 1]}})
    assert caller.call("GET", f"/api/v1/groups/{GROUP}").status == 429
    assert caller.call("GET", f"/api/v1/users/{ALICE}").status == 500
    assert caller.call("PUT", MEMBER, jti=None).status == 400
    okta.tokens.grants.clear()
    assert caller.call("PUT", MEMBER).status == 401
    return okta.recorder.calls


def test_the_sdk_agrees_with_each_call_and_each_answer(okta: Okta) -> None:
    calls = recorded(okta)
    assert {it.operation for it in calls} >= {it.name for it in OPERATIONS}
    assert opinions.of_calls(calls) == []


SESSIONS = f"/api/v1/users/{ALICE}/sessions"
WRONG_REQUESTS: dict[str, tuple[str, dict[str, str]]] = {
    "the operation is none": ("listGroupUsers", {"operation": ""}),
    "its method is another one's": ("listGroupUsers", {"method": "POST"}),
    "there is no such parameter": ("listGroupUsers", {"target": f"{MEMBERS}?expand=stats"}),
    "a number is none": ("listGroupUsers", {"target": f"{MEMBERS}?limit=all"}),
    "a parameter comes twice": ("listGroupUsers", {"target": f"{MEMBERS}?limit=1&limit=2"}),
    "the path is another one's": ("listGroupUsers", {"target": "/api/v1/groups/users"}),
    "the path goes on": ("listGroupUsers", {"target": f"{MEMBERS}/"}),
    "a listing without pages has one": (
        "listUserGroups",
        {"target": f"/api/v1/users/{ALICE}/groups?limit=200"},
    ),
    "a yes is no true": ("revokeUserSessions", {"target": f"{SESSIONS}?oauthTokens=yes"}),
}
WRONG_ANSWERS: dict[str, tuple[str, int, dict[str, Any]]] = {
    "a status nobody has": ("getUser", 200, {"status": "ASLEEP"}),
    "a type of group that is none": ("getGroup", 200, {"type": "OKTA"}),
    "an id that is a number": ("listGroupUsers", 200, {"id": 7}),
    "a time that is none": ("getGroup", 200, {"created": "yesterday"}),
    "a field that Okta has not": ("getGroup", 200, {"members": []}),
    "a rule whose groups are a text": (
        "listGroupRules",
        200,
        {"actions": {"assignUserToGroups": {"groupIds": GROUP}}},
    ),
    "a severity that is none": ("listLogEvents", 200, {"severity": "LOUD"}),
    "an HTTP status that is not documented": ("getGroup", 418, {}),
}


def found(calls: list[Call], operation: str) -> Call:
    """A call of it that went well, with an answer if it has any."""
    well = [it for it in calls if it.operation == operation and it.status < 300]
    return next((it for it in well if it.content), well[0])


def with_answer(right: Call, status: int, changes: dict[str, Any]) -> Call:
    """Or the first of its list, with other fields."""
    if isinstance(right.content, list):
        return replace(right, status=status, content=[right.content[0] | changes])
    return replace(right, status=status, content=right.content | changes)


@pytest.fixture(scope="module")
def issues() -> dict[str, str]:
    """What is wrong with each of the wrong calls, by its fault: the SDK is asked once."""
    calls, wrong = recorded(Okta(Clock())), {}
    for fault, (operation, changed) in WRONG_REQUESTS.items():
        wrong[fault] = replace(found(calls, operation), **changed)  # type: ignore[arg-type]
    for fault, (operation, status, fields) in WRONG_ANSWERS.items():
        wrong[fault] = with_answer(found(calls, operation), status, fields)
    told = opinions.issues_of([*wrong.values()])
    return {fault: issue or "" for fault, issue in zip(wrong, told, strict=True)}


@pytest.mark.parametrize("fault", WRONG_REQUESTS)
def test_a_request_is_held_wrong_if(issues: dict[str, str], fault: str) -> None:
    assert issues[fault].startswith(("request:", "no operation"))


@pytest.mark.parametrize("fault", WRONG_ANSWERS)
def test_an_answer_is_held_wrong_that_has(issues: dict[str, str], fault: str) -> None:
    assert issues[fault].startswith("answer:")


def test_who_comes_to_no_opinion_does_not_agree(
    okta: Okta, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    calls = recorded(okta)
    (tmp_path / "gates").mkdir()
    (tmp_path / "gates" / "okta_opinions.py").write_text("raise SystemExit('no')")
    monkeypatch.setattr(opinions, "ROOT", tmp_path)
    with pytest.raises(RuntimeError, match="no"):
        opinions.of_calls(calls)


def test_a_recording_is_read_back_as_it_was_and_nothing_in_it_opens_anything(
    okta: Okta, tmp_path: Path
) -> None:
    path = tmp_path / "calls.jsonl"
    okta.recorder = Recorder(path)
    caller = everything(okta)
    caller.call("PUT", MEMBER)
    assert read(path) == okta.recorder.calls
    text = path.read_text()
    assert caller.token
    assert caller.token not in text
    assert "eyJ" not in text
    assert opinions.of_files([path]) == []
    wrong = json.loads(text.splitlines()[-1]) | {"method": "POST"}
    path.write_text(json.dumps(wrong) + "\n")
    assert len(opinions.of_files([path])) == 1
