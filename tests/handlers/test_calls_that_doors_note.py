"""A door notes each call before it does anything: by that it is found again in the access log."""

import json
from collections.abc import Callable
from contextlib import suppress

import pytest

from pam.domain.errors import TryAgain
from pam.ports.calls import RequestIdUsed
from tests.fakes.story import LEDGER, Story, arn
from tests.fakes.world import FakeCalls
from tests.handlers.conftest import Function, call
from tests.handlers.executions import snapshot

Load = Callable[[str], Function]
ASK = json.dumps({"resource": LEDGER, "reason": "ledger stuck, INC-1"})


def test_a_door_notes_a_call_before_it_does_anything_and_what_it_answered_afterwards(
    function: Load, story: Story, calls: FakeCalls
) -> None:
    calls.down = True
    before = snapshot(story)
    asked = call("POST", "/pam/request", "alice", ASK)
    with pytest.raises(ConnectionError):
        function("request_api")(asked)
    assert snapshot(story) == before, "no call is handled that is not noted"
    calls.down = False
    assert function("request_api")(asked)["statusCode"] == 202
    (noted,) = calls.noted.values()
    assert (noted.principal, noted.method, noted.path, noted.status) == (
        arn("alice"), "POST", "/pam/request", 202,
    )  # fmt: skip


def test_a_call_that_cannot_be_noted_for_throttling_is_to_come_again(
    function: Load, story: Story, calls: FakeCalls, monkeypatch: pytest.MonkeyPatch
) -> None:
    def throttled(_: object) -> None:
        raise TryAgain

    before = snapshot(story)
    monkeypatch.setattr(calls, "note", throttled)
    answer = function("request_api")(call("POST", "/pam/request", "alice", ASK))
    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (429, "THROTTLED")
    assert snapshot(story) == before


@pytest.mark.parametrize("body", ["no JSON", "{}", json.dumps({"resource": "no"})])
def test_a_call_that_is_refused_is_noted_like_any_other(
    function: Load, calls: FakeCalls, body: str
) -> None:
    function("request_api")(call("POST", "/pam/request", "alice", body))
    assert [noted.status for noted in calls.noted.values()] == [400]


@pytest.mark.guarantee("G2")
def test_a_request_id_is_used_once_and_the_second_call_is_kept_as_another(
    function: Load, story: Story, calls: FakeCalls
) -> None:
    looked = call("GET", "/pam/resources", "alice")
    looked["requestContext"]["extendedRequestId"] = "seen-in-a-response"
    function("request_api")(looked)
    forged = call("POST", "/pam/request", "alice", ASK)
    forged["requestContext"]["extendedRequestId"] = "seen-in-a-response"
    before = snapshot(story)
    with pytest.raises(RequestIdUsed):
        function("request_api")(forged)
    assert snapshot(story) == before
    first, second = calls.noted.values()
    assert (first.again, first.method) == ("", "GET")
    assert (bool(second.again), second.method, second.status) == (True, "POST", None)


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize(
    "bent", [{"userAgent": ["x"]}, {"userAgent": 7}, {"sourceIp": {}}], ids=str
)
def test_a_call_that_cannot_be_read_is_noted_before_it_is_tried(
    function: Load, story: Story, calls: FakeCalls, bent: dict[str, object]
) -> None:
    forged = call("POST", "/pam/request", "alice", ASK)
    forged["requestContext"]["identity"] |= bent
    with suppress(Exception):
        function("request_api")(forged)
    (noted,) = calls.noted.values()
    assert (noted.principal, noted.again) == (arn("alice"), "")


def test_an_answer_that_cannot_be_noted_is_given_all_the_same(
    function: Load, calls: FakeCalls, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object) -> None:
        message = "no table"
        raise ConnectionError(message)

    monkeypatch.setattr(calls, "answered", down)
    assert function("request_api")(call("GET", "/pam/resources", "alice"))["statusCode"] == 200
    assert [noted.status for noted in calls.noted.values()] == [None]


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize(("fault", "status"), [(TryAgain("throttled"), 429), (OSError(), None)])
def test_a_look_that_cannot_be_noted_gets_no_answer(
    function: Load, calls: FakeCalls, monkeypatch: pytest.MonkeyPatch, fault: Exception, status: int
) -> None:
    def fails(_: object) -> None:
        raise fault

    monkeypatch.setattr(calls, "note", fails)
    looks = function("request_api")
    event = call("GET", "/pam/resources", "alice")
    if status is None:
        with pytest.raises(OSError):  # noqa: PT011 - the very one
            looks(event)
    else:
        answer = looks(event)
        assert (answer["statusCode"], "items" in answer["body"]) == (status, False)


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize("fault", [TryAgain("throttled"), RequestIdUsed("again")])
def test_a_look_that_cannot_be_noted_shows_nobody_to_have_signed(
    function: Load,
    story: Story,
    calls: FakeCalls,
    monkeypatch: pytest.MonkeyPatch,
    fault: Exception,
) -> None:
    def fails(_: object) -> None:
        raise fault

    monkeypatch.setattr(calls, "note", fails)
    with suppress(RequestIdUsed):
        function("request_api")(call("GET", "/pam/me", "bob"))
    assert story.store.acts_of("bob") == [], "by an act approvals through a link come to count"
