"""Limits, and what else goes wrong between a caller and Okta."""

from email.utils import parsedate_to_datetime

import pytest

from local.okta.answers import Cut
from local.okta.faults import UnknownKnob
from local.okta.service import Okta
from tests.local.okta.calling import (
    ALICE,
    GROUP,
    MEMBER,
    MEMBERS,
    Caller,
    Clock,
    Got,
)

IT = f"/api/v1/groups/{GROUP}"


def told(got: Got) -> tuple[int, int, int]:
    """Limit, how much is left, when it is reset."""
    names = ("X-Rate-Limit-Limit", "X-Rate-Limit-Remaining", "X-Rate-Limit-Reset")
    limit, left, reset = (int(got.headers[name]) for name in names)
    return limit, left, reset


def test_each_answer_says_how_much_is_left_of_the_minute(clock: Clock, caller: Caller) -> None:
    assert told(caller.call("GET", IT)) == (1000, 999, clock.now + 60)
    assert told(caller.call("GET", IT)) == (1000, 998, clock.now + 60)
    clock.now += 60
    assert told(caller.call("GET", IT)) == (1000, 999, clock.now + 60)


def test_one_call_too_many_is_429_with_the_time_by_its_own_clock(
    okta: Okta, clock: Clock, caller: Caller
) -> None:
    okta.faults.turn({"limited": {"assignUserToGroup": 1}, "reset_in": 12})
    got = caller.call("PUT", MEMBER)
    assert (got.status, got.content["errorCode"]) == (429, "E0000047")
    assert told(got) == (1000, 0, clock.now + 12)
    assert parsedate_to_datetime(got.headers["Date"]).timestamp() == clock.now
    assert not okta.directory.members(GROUP)
    assert caller.call("PUT", MEMBER).status == 204


def test_its_clock_can_be_ahead_of_its_callers(okta: Okta, clock: Clock, caller: Caller) -> None:
    caller.seconds_ahead = -120
    okta.faults.turn({"clock_ahead": 120, "limited": {"*": 1}, "reset_in": 5})
    got = caller.call("PUT", MEMBER)
    at = parsedate_to_datetime(got.headers["Date"]).timestamp()
    assert at == clock.now + 120
    assert told(got)[2] - at == 5


def test_too_many_at_once_is_429_too_with_a_limit_of_75(okta: Okta, caller: Caller) -> None:
    okta.faults.turn({"limited": {"*": 1}, "by_concurrency": True})
    assert told(caller.call("GET", IT))[:2] == (75, 0)


def test_after_so_many_calls_it_is_429_until_the_knob_is_turned(okta: Okta, caller: Caller) -> None:
    okta.faults.turn({"limited_after": {"getGroup": 2}})
    assert [caller.call("GET", IT).status for _ in range(4)] == [200, 200, 429, 429]
    assert caller.call("GET", MEMBERS).status == 200
    okta.faults.turn({"limited_after": {}})
    assert caller.call("GET", IT).status == 200


def test_with_limits_on_the_minutes_calls_are_counted(
    okta: Okta, clock: Clock, caller: Caller
) -> None:
    okta.faults.turn({"limits": True})
    rules = "/api/v1/groups/rules"
    statuses = [caller.call("GET", rules).status for _ in range(501)]
    assert (statuses.count(200), statuses[-1]) == (500, 429)
    assert caller.call("GET", IT).status == 200
    clock.now += 60
    assert caller.call("GET", rules).status == 200


def test_an_error_is_answered_as_often_as_asked_and_nothing_is_done(
    okta: Okta, caller: Caller
) -> None:
    okta.faults.turn({"errors": {"assignUserToGroup": [500, 1]}})
    assert caller.call("PUT", MEMBER).status == 500
    assert not okta.directory.members(GROUP)
    assert caller.call("PUT", MEMBER).status == 204


def test_an_answer_that_is_lost_was_a_deed(okta: Okta, caller: Caller) -> None:
    okta.faults.turn({"answer_lost": {"assignUserToGroup": 1}})
    with pytest.raises(Cut):
        caller.call("PUT", MEMBER)
    assert okta.directory.members(GROUP) == {ALICE}
    assert caller.call("PUT", MEMBER).status == 204


def test_counts_are_of_calls_and_of_refusals(okta: Okta, caller: Caller) -> None:
    okta.faults.turn({"limited": {"getGroup": 1}})
    caller.call("GET", IT)
    caller.call("GET", IT)
    assert okta.calls["getGroup"] == 2
    assert okta.refused == {"token 400": 1, "getGroup 429": 1}


@pytest.mark.parametrize(
    "knob",
    [{"lags": {}}, {"down": 1}, {"reset_in": "1"}, {"lag": []}, {"stale_reads": True}, {"_x": 1}],
)
def test_a_knob_that_is_none_turns_nothing(okta: Okta, knob: dict[str, object]) -> None:
    with pytest.raises(UnknownKnob):
        okta.faults.turn({"down": True} | knob)
    assert not okta.faults.down
