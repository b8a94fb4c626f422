"""PAM's own way out to Slack, on a Slack that is slow, limits, refuses, or is down."""

import time
from dataclasses import dataclass

import pytest

from pam.slack_web.client import SlackWeb
from pam.slack_web.errors import Gone, Limited, Rejected, SlackFailed, Unauthorised
from tests.local.slack.running import PATIENCE, Running


@dataclass
class Token:
    """A secret into which somebody may put another token."""

    now: str
    later: str
    read: int = 0

    def value(self) -> str:
        return self.now

    def renewed(self) -> str:
        self.read += 1
        self.now = self.later
        return self.now


def web(running: Running, now: str = "", later: str = "") -> tuple[SlackWeb, Token]:
    right = running.server.slack.secrets.bot_token
    token = Token(now=now or right, later=later or right)
    return SlackWeb(base_url=running.about["url"], token=token), token


def bob(running: Running) -> str:
    return running.server.slack.workspace.user("bob").id


def test_it_asks_and_posts(running: Running) -> None:
    slack, token = web(running)
    asked = slack.call("users.info", {"user": bob(running)}, timeout=PATIENCE)
    assert asked["user"]["id"] == bob(running)
    channel = running.server.slack.workspace.channel("core-approvals").id
    assert slack.call("conversations.info", {"channel": channel}, timeout=PATIENCE)["channel"]["id"]
    posted = slack.call("chat.postMessage", {"channel": channel, "text": "PAM"}, timeout=PATIENCE)
    assert posted["ts"]
    assert token.read == 0


def test_the_app_that_was_installed_again_has_a_new_token(running: Running) -> None:
    slack, token = web(running, now="xoxb-of-yesterday")
    assert slack.call("users.info", {"user": bob(running)}, timeout=PATIENCE)["ok"]
    assert slack.call("users.info", {"user": bob(running)}, timeout=PATIENCE)["ok"]
    assert token.read == 1, "read anew once, and never for each call"


def test_a_token_that_is_not_renewed_is_told_as_that(running: Running) -> None:
    slack, token = web(running, now="xoxb-of-yesterday", later="xoxb-of-yesterday")
    with pytest.raises(Unauthorised) as caught:
        slack.call("users.info", {"user": bob(running)}, timeout=PATIENCE)
    assert "xoxb" not in repr(caught.value)
    assert token.read == 1
    assert running.control.counts()["calls"]["users.info"] == 1, "and not asked again with it"


def test_what_is_not_there_and_what_is_wrong_are_told_apart(running: Running) -> None:
    slack, _ = web(running)
    with pytest.raises(Gone) as gone:
        slack.call("users.info", {"user": "U0NOBODY"}, timeout=PATIENCE)
    assert gone.value.error == "user_not_found"
    with pytest.raises(Rejected):
        slack.call("views.open", {"trigger_id": "1.none", "view": {}}, timeout=PATIENCE)


def test_a_limit_says_when_to_come_again(running: Running) -> None:
    slack, _ = web(running)
    running.control.knobs(limited_times={"users.info": 1}, retry_after=7)
    with pytest.raises(Limited) as limited:
        slack.call("users.info", {"user": bob(running)}, timeout=PATIENCE)
    assert limited.value.retry_after == 7
    assert slack.call("users.info", {"user": bob(running)}, timeout=PATIENCE)["ok"]


def test_a_silent_slack_is_given_up_in_time_and_asked_once(running: Running) -> None:
    slack, _ = web(running)
    running.control.knobs(slow={"users.info": 60})
    began = time.monotonic()
    with pytest.raises(SlackFailed) as silent:
        slack.call("users.info", {"user": bob(running)}, timeout=0.3)
    assert time.monotonic() - began < 30
    assert not isinstance(silent.value, Gone | Limited | Rejected | Unauthorised)
    assert "xoxb" not in repr(silent.value)


def test_a_slack_that_is_down_is_told_as_that(running: Running) -> None:
    slack, _ = web(running)
    running.control.knobs(down=True)
    with pytest.raises(SlackFailed) as down:
        slack.call("users.info", {"user": bob(running)}, timeout=PATIENCE)
    assert not isinstance(down.value, Gone | Limited | Rejected | Unauthorised)
