"""Knobs of the Web API: each does what real Slack has been seen to do."""

import time
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from local.slack.control import ControlError
from tests.local.slack.running import Running

pytestmark = pytest.mark.enable_socket

CORE, KYC = "C0CORE00001", "C0KYC000001"


def outcome(call: Any) -> str:
    try:
        call()
    except SlackApiError as error:
        status = error.response.status_code
        if status == 429:
            return f"429 after {error.response.headers['Retry-After']}"
        return str(error.response["error"])
    return "ok"


def test_429_says_when_to_come_back(running: Running) -> None:
    running.control.knobs(limited_after={"chat.postMessage": 1}, retry_after=7)
    post = running.web.chat_postMessage
    assert [outcome(lambda: post(channel=CORE, text="x")) for _ in range(3)] == [
        "ok",
        "429 after 7",
        "429 after 7",
    ]
    assert len(running.control.messages(CORE)) == 1
    assert running.control.counts()["refused"] == {"chat.postMessage ratelimited": 2}


def test_429_may_pass(running: Running) -> None:
    running.control.knobs(limited_times={"users.info": 2})
    info = running.web.users_info
    told = [outcome(lambda: info(user="U0BOB000001")) for _ in range(3)]
    assert told == ["429 after 1", "429 after 1", "ok"]


def test_tiers_are_slacks_own(running: Running) -> None:
    running.control.knobs(tiers=True)
    web = running.web
    updates = [
        outcome(lambda: web.chat_update(channel=CORE, ts="1.1", text="x")) for _ in range(51)
    ]
    assert updates == [*["message_not_found"] * 50, "429 after 1"]
    posts = [outcome(lambda: web.chat_postMessage(channel=CORE, text="x")) for _ in range(6)]
    assert posts == [*["ok"] * 5, "429 after 1"]
    assert outcome(lambda: web.chat_postMessage(channel=KYC, text="x")) == "ok"
    running.control.knobs(clock_ahead=61)
    assert outcome(lambda: web.chat_update(channel=CORE, ts="1.1", text="x")) != "429 after 1"
    assert outcome(lambda: web.chat_postMessage(channel=CORE, text="x")) == "ok"


def test_an_answer_is_lost_after_the_deed(running: Running) -> None:
    running.control.knobs(answer_lost={"chat.postMessage": 1})
    with pytest.raises((ConnectionError, OSError)):
        running.web.chat_postMessage(channel=CORE, text="done all the same")
    assert [it.text for it in running.control.messages(CORE)] == ["done all the same"]
    running.web.chat_postMessage(channel=CORE, text="next")


def test_a_method_can_be_slow(running: Running) -> None:
    running.control.knobs(slow={"users.info": 0.3})
    started = time.monotonic()
    running.web.users_info(user="U0BOB000001")
    assert time.monotonic() - started >= 0.3


def test_a_method_fails_as_often_as_asked(running: Running) -> None:
    running.control.knobs(errors={"chat.update": ["edit_window_closed", 2]})
    ts = running.web.chat_postMessage(channel=CORE, text="card")["ts"]
    update = running.web.chat_update
    told = [outcome(lambda: update(channel=CORE, ts=ts, text="x")) for _ in range(3)]
    assert told == ["edit_window_closed", "edit_window_closed", "ok"]


def test_slack_can_be_down(running: Running) -> None:
    running.control.knobs(down=True)
    with pytest.raises(SlackApiError) as caught:
        running.web.auth_test()
    assert caught.value.response.status_code == 503
    running.control.knobs(down=False)
    assert running.web.auth_test()["ok"]


@pytest.mark.parametrize(
    "knobs",
    [
        {"no_such_knob": 1},
        {"no_pong": "yes"},
        {"slow": 3},
        {"retry_after": "1"},
        {"enterprise": "x"},
    ],
    ids=[
        "unknown",
        "a word for yes",
        "a number for a table",
        "text for a number",
        "no such organisation",
    ],
)
def test_a_knob_that_is_not_there_is_refused_and_nothing_turned(
    running: Running, knobs: dict[str, Any]
) -> None:
    with pytest.raises(ControlError):
        running.control.knobs(down=True, **knobs)
    assert running.web.auth_test()["ok"]


def test_the_organisation_shows_itself_where_slack_shows_it(running: Running) -> None:
    assert "enterprise_id" not in running.web.auth_test().data
    running.control.knobs(enterprise="organisation")
    told = running.web.auth_test()
    assert (told["enterprise_id"], told["is_enterprise_install"]) == ("E0BANK00001", True)
