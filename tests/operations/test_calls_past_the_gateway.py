"""Calls that a door handled, against what the gateway wrote of them."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from pam.domain.handled_call import (
    NO_CALL,
    NoLine,
    parse_line,
    why_dark,
)
from pam.domain.invocation import Own, of_cloudtrail
from pam.ids import id_of
from pam.operations.match_calls import Matched
from pam.operations.note_call import note_call
from pam.operations.record_invocation import record_invocation
from pam.ports.calls import RequestIdUsed
from tests.fakes.dying import Died, Dying, Fuse
from tests.fakes.gateway import AFTER, CALL, LINE, Gateway, line_text
from tests.fakes.story import NOON, arn
from tests.fakes.world import FakeStore


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


def test_a_call_that_the_gateway_logged_is_settled_and_told_to_nobody(gateway: Gateway) -> None:
    gateway.handled()
    gateway.log.written = [LINE]
    assert gateway.compare() == Matched(matched=1)
    assert gateway.compare(NOON + 2 * AFTER) == Matched(), "and it is asked about no more"
    assert gateway.store.findings == []


@pytest.mark.guarantee("G2")
def test_a_call_without_a_line_is_waited_for_and_then_told_once(gateway: Gateway) -> None:
    gateway.handled()
    assert gateway.compare(NOON + AFTER - timedelta(seconds=1)) == Matched(waiting=1)
    assert gateway.store.findings == []
    found = gateway.compare(NOON + AFTER)
    assert found.dark == [CALL.request_id]
    assert gateway.compare(NOON + 2 * AFTER) == Matched()
    (record,) = gateway.store.findings
    assert (record["type"], record["session_id"], record["sequence"]) == ("DarkCall", "", 0)
    assert record["outcome"] == "failure"
    assert record["requester"] == arn("alice"), "in whose name it came"
    assert record["actor"]["principal"] == "unknown", "who it was is not known"
    for told in ("POST /v1/pam/request", "request_api", "202", "does not have it"):
        assert told in record["detail"]


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize("remembered", ["dark-call/{0}/", "dark-call/{0}", "dark-call/{1}"])
def test_a_mark_that_somebody_put_there_before_hides_no_call(
    gateway: Gateway, remembered: str
) -> None:
    gateway.handled()
    own_id = id_of(f"{CALL.request_id}/", CALL.noted_at)
    gateway.store.done.add(remembered.format(CALL.request_id, own_id))
    assert gateway.compare(NOON + AFTER).dark == [CALL.request_id]
    assert [record["type"] for record in gateway.store.findings] == ["DarkCall"]


@pytest.mark.guarantee("G2")
def test_a_call_that_a_run_recorded_which_died_is_told_again_and_recorded_once(
    gateway: Gateway,
) -> None:
    """Nobody knows whether that run still told it."""
    gateway.handled()
    gateway.compare(NOON + AFTER)
    gateway.calls.done.clear()
    assert gateway.compare(NOON + 2 * AFTER).dark == [CALL.request_id]
    assert len(gateway.store.findings) == 1


DIFFERENT = {
    "caller": replace(LINE, principal=arn("mallory")),
    "method": replace(LINE, method="GET"),
    "path": replace(LINE, path="/v1/pam/resources"),
    "status": replace(LINE, status=429),
}


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize("what", DIFFERENT)
def test_the_line_of_another_call_clears_none_and_is_told_at_once(
    gateway: Gateway, what: str
) -> None:
    gateway.handled()
    gateway.log.written = [DIFFERENT[what]]
    assert gateway.compare().dark == [CALL.request_id]
    (record,) = gateway.store.findings
    assert f"another {what}" in record["detail"]


@pytest.mark.guarantee("G2")
def test_one_line_clears_one_call(gateway: Gateway) -> None:
    """Whoever learns a request id has only one that was used."""
    note_call(CALL, gateway.calls)
    gateway.calls.answered(CALL, 202)
    with pytest.raises(RequestIdUsed):
        note_call(CALL, gateway.calls)
    gateway.log.written = [LINE]
    found = gateway.compare()
    assert (found.matched, len(found.dark)) == (1, 1), "the second is told at once"
    (record,) = gateway.store.findings
    assert "had been used before" in record["detail"]


@pytest.mark.guarantee("G2")
def test_what_has_not_the_form_of_a_call_is_told_at_once(gateway: Gateway) -> None:
    nobody = replace(CALL, again=NO_CALL, principal="", method="", path="", status=None)
    gateway.handled(nobody)
    gateway.log.written = [LINE]
    assert gateway.compare().dark == [nobody.request_id]
    (record,) = gateway.store.findings
    assert "not the form of a call" in record["detail"]


DIED: dict[int, str] = {202: "", 400: "status", 403: "status", 429: "status", 499: "status"}
DIED |= {500: "", 502: "", 504: ""}


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize("status", DIED)
def test_the_line_of_a_call_that_the_gateway_refused_clears_none_whose_answer_is_not_known(
    status: int,
) -> None:
    why = why_dark(replace(CALL, status=None), replace(LINE, status=status))
    assert bool(why) is bool(DIED[status])


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize("after", [False, True], ids=["asked", "answered"])
@pytest.mark.parametrize("step", range(1, 5))
def test_wherever_a_run_dies_what_it_found_is_told_and_recorded_once(
    gateway: Gateway, step: int, *, after: bool
) -> None:
    gateway.handled()
    calls, store, fuse = gateway.calls, gateway.store, Fuse()
    gateway.calls, gateway.store = Dying(calls, fuse), Dying(store, fuse)  # type: ignore[assignment]
    fuse.arm(step, after=after)
    with suppress(Died):
        gateway.compare(NOON + AFTER)
    gateway.calls, gateway.store = calls, store
    gateway.compare(NOON + AFTER)
    assert set(gateway.told) == {CALL.request_id}
    assert len(store.findings) == 1
    assert calls.unmatched(10) == []


def test_a_run_without_time_leaves_the_rest_to_the_next(gateway: Gateway) -> None:
    gateway.handled()
    assert gateway.compare(NOON + AFTER, has_time=False) == Matched(waiting=1)
    assert gateway.compare(NOON + AFTER).dark == [CALL.request_id]


def test_the_log_is_asked_for_the_time_of_the_open_calls_only(gateway: Gateway) -> None:
    gateway.compare()
    assert gateway.log.asked == []
    gateway.handled()
    gateway.compare(NOON + timedelta(minutes=3))
    ((since, until),) = gateway.log.asked
    assert timedelta() < NOON - since < timedelta(minutes=5)
    assert until > NOON + timedelta(minutes=3)


def test_a_line_is_read_as_the_gateway_writes_it() -> None:
    assert parse_line(line_text()) == LINE


BROKEN = {
    "a path that leaves its quotes": line_text(path='/x", "principal": "' + arn("bob")),
    "a key twice": line_text().replace("}", ', "status": "202"}'),
    "no JSON": "127.0.0.1 - - GET /",
    "a list": "[]",
    "a number": line_text().replace('"202"', "202"),
    "a status that is none": line_text(status="-"),
    "a field less": line_text().replace('"method"', '"verb"'),
}


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize("case", BROKEN)
def test_a_line_that_a_caller_could_have_bent_is_none(case: str) -> None:
    with pytest.raises(NoLine):
        parse_line(BROKEN[case])


FUNCTIONS = "arn:aws:lambda:eu-west-1:000000000000:function:pam-prod-service-"
ROLE = "arn:aws:iam::000000000000:role/pam-prod-service-tick"
OWN = Own(roles=frozenset({ROLE}), functions=FUNCTIONS)


def invoke(**changes: Any) -> dict[str, Any]:
    """As CloudTrail tells an invocation, on the default bus."""
    call = {
        "eventID": "0c1f0d6e-8a3c-4c57-9f2e-0d1c2b3a4f5e",
        "eventTime": "2026-03-01T12:00:00Z",
        "eventSource": "lambda.amazonaws.com",
        "eventName": "Invoke",
        "sourceIPAddress": "192.0.2.9",
        "userAgent": "aws-cli/2",
        "userIdentity": {"type": "IAMUser", "arn": arn("mallory")},
        "resources": [
            {"accountId": "000000000000", "type": "AWS::Lambda::Function",
             "ARN": f"{FUNCTIONS}RequestApi-1"},
        ],
    } | changes  # fmt: skip
    return {"source": "aws.lambda", "detail-type": "AWS API Call via CloudTrail", "detail": call}


def role(arn_: str) -> dict[str, Any]:
    return {
        "type": "AssumedRole",
        "arn": "arn:aws:sts::000000000000:assumed-role/r/s",
        "sessionContext": {"sessionIssuer": {"type": "Role", "arn": arn_}},
    }


LAWFUL = {
    "one of PAM's own roles": {"userIdentity": role(ROLE)},
    "a service of AWS": {"userIdentity": {"type": "AWSService", "invokedBy": "events.aws"}},
    "a call that was refused": {"errorCode": "AccessDenied"},
    "another function": {"resources": [{"ARN": "arn:aws:lambda:eu-west-1:0:function:shop"}]},
    "no function": {"resources": None},
    "another act": {"eventName": "GetFunction20150331v2"},
}


@pytest.mark.parametrize("case", LAWFUL)
def test_an_invocation_by_whose_business_it_is_is_no_finding(case: str) -> None:
    assert of_cloudtrail(invoke(**LAWFUL[case]), OWN) is None


DARK = {
    "a user": {},
    "a role that is not PAM's": {"userIdentity": role(f"{ROLE}-2")},
    "the root": {"userIdentity": {"type": "Root", "arn": "arn:aws:iam::000000000000:root"}},
    "a user whose name is like a role of PAM's": {"userIdentity": {"type": "IAMUser", "arn": ROLE}},
    "by a function's URL": {"eventName": "InvokeFunctionUrl"},
    "asynchronously": {"eventName": "InvokeAsync"},
}


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize("case", DARK)
def test_an_invocation_by_anybody_else_is_told_with_their_name_once(case: str) -> None:
    found = of_cloudtrail(invoke(**DARK[case]), OWN)
    assert found is not None
    store, told = FakeStore(), list[str]()
    for first in (True, False):
        assert first is record_invocation(
            found, now=NOON, store=store, policy_version="v", tell=lambda: told.append("once")
        )
    assert told == ["once"]
    (record,) = store.findings
    assert (record["type"], record["sequence"]) == ("DarkCall", 0)
    assert record["actor"]["principal"] == found.principal
    assert "pam-prod-service-RequestApi-1" in record["detail"]


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize("after", [False, True], ids=["asked", "answered"])
@pytest.mark.parametrize("step", [1, 2])
def test_an_invocation_is_told_however_its_recorder_dies(step: int, *, after: bool) -> None:
    found = of_cloudtrail(invoke(), OWN)
    assert found is not None
    store, told, fuse = FakeStore(), list[str](), Fuse()
    fuse.arm(step, after=after)
    for there in (Dying(store, fuse), store):
        with suppress(Died):
            record_invocation(
                found,
                now=NOON,
                store=there,  # type: ignore[arg-type]
                policy_version="v",
                tell=lambda: told.append("dark call"),
            )
    assert told
    assert len(store.findings) == 1
