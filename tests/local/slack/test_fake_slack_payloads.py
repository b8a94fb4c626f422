"""What Slack sends when people act, against what Slack's documentation and SDKs show.

The shapes below name each field of the example bodies in slackapi/bolt-python
`tests/scenario_tests` (test_block_actions.py, test_view_submission.py, test_slash_command.py,
test_shortcut.py, test_events.py), which are taken from real deliveries, and of
docs.slack.dev/reference/interaction-payloads.
"""

from typing import Any

import pytest
from slack_sdk.models.views import View

from tests.local.slack.running import Listener, Running

pytestmark = pytest.mark.enable_socket

CORE = "C0CORE00001"
USER = {"id", "username", "name", "team_id"}
BLOCK_ACTIONS = {
    "type", "user", "api_app_id", "token", "container", "trigger_id", "team", "enterprise",
    "is_enterprise_install", "channel", "message", "state", "response_url", "actions",
}  # fmt: skip
BUTTON_ACTION = {"action_id", "block_id", "text", "value", "type", "action_ts"}
VIEW_SUBMISSION = {
    "type", "team", "user", "api_app_id", "token", "trigger_id", "view", "response_urls",
    "enterprise", "is_enterprise_install",
}  # fmt: skip
VIEW = {
    "id", "team_id", "type", "blocks", "private_metadata", "callback_id", "state", "hash", "title",
    "clear_on_close", "notify_on_close", "close", "submit", "previous_view_id", "root_view_id",
    "app_id", "external_id", "app_installed_team_id", "bot_id",
}  # fmt: skip
SLASH_COMMAND = {
    "token", "team_id", "team_domain", "channel_id", "channel_name", "user_id", "user_name",
    "command", "text", "response_url", "trigger_id", "api_app_id", "is_enterprise_install",
}  # fmt: skip
SHORTCUT = {
    "type", "token", "action_ts", "team", "user", "callback_id", "trigger_id", "api_app_id",
    "enterprise", "is_enterprise_install",
}  # fmt: skip
EVENT_CALLBACK = {
    "token", "team_id", "api_app_id", "event", "type", "event_id", "event_time", "authorizations",
    "is_ext_shared_channel", "event_context", "context_team_id", "context_enterprise_id",
}  # fmt: skip
AUTHORIZATION = {"enterprise_id", "team_id", "user_id", "is_bot", "is_enterprise_install"}

BUTTON = {
    "type": "button",
    "action_id": "pam.approve",
    "text": {"type": "plain_text", "text": "Approve"},
    "value": "01SESSION",
}
BLOCKS: list[dict[str, Any]] = [{"type": "actions", "elements": [BUTTON]}]


def click(running: Running, listener: Listener) -> dict[str, Any]:
    running.web.chat_postMessage(channel=CORE, text="card", blocks=BLOCKS)
    card = running.control.messages(CORE)[-1]
    running.control.person("bob").click(card, "pam.approve")
    return dict(listener.requests[-1].payload)


def test_a_click(running: Running, listener: Listener) -> None:
    payload = click(running, listener)
    assert payload.keys() == BLOCK_ACTIONS
    assert payload["user"].keys() == USER
    assert payload["actions"][0].keys() == BUTTON_ACTION
    assert payload["team"] == {"id": "T0BANK00001", "domain": "bank-local"}
    assert payload["enterprise"] is None
    assert listener.requests[-1].accepts_response_payload is False


def test_a_click_in_a_thread_says_which(running: Running, listener: Listener) -> None:
    ts = running.web.chat_postMessage(channel=CORE, text="card")["ts"]
    running.web.chat_postMessage(channel=CORE, text="reply", blocks=BLOCKS, thread_ts=ts)
    reply = running.control.messages(CORE)[-1]
    running.control.person("bob").click(reply, "pam.approve")
    assert listener.requests[-1].payload["container"]["thread_ts"] == ts


@pytest.mark.parametrize(
    ("enterprise", "team_of_user", "installed_for_all"),
    [("team", "T0BANK00001", False), ("organisation", "E0BANK00001", True)],
)
def test_a_click_within_an_organisation(
    running: Running,
    listener: Listener,
    enterprise: str,
    team_of_user: str,
    installed_for_all: bool,
) -> None:
    running.control.knobs(enterprise=enterprise)
    payload = click(running, listener)
    assert payload["enterprise"] == {"id": "E0BANK00001", "name": "Bank Group"}
    assert payload["team"]["enterprise_id"] == "E0BANK00001"
    assert payload["user"]["team_id"] == team_of_user
    assert payload["is_enterprise_install"] is installed_for_all


def test_a_submission(running: Running, listener: Listener) -> None:
    alice = running.control.person("alice")
    alice.shortcut("pam.request")
    shortcut = listener.requests[-1].payload
    assert shortcut.keys() == SHORTCUT
    view = {
        "type": "modal",
        "title": {"type": "plain_text", "text": "Ask"},
        "submit": {"type": "plain_text", "text": "Send"},
        "blocks": BLOCKS,
    }
    running.web.views_open(trigger_id=shortcut["trigger_id"], view=view)
    alice.submit()
    request = listener.requests[-1]
    assert request.payload.keys() == VIEW_SUBMISSION
    assert request.payload["view"].keys() == VIEW
    assert request.accepts_response_payload is True
    # Slack's own model reads it back.
    assert View(**request.payload["view"]).to_dict()["title"]["text"] == "Ask"


def test_a_closed_modal_is_told_if_it_asked_for_that(running: Running, listener: Listener) -> None:
    alice = running.control.person("alice")
    view = {"type": "modal", "title": {"type": "plain_text", "text": "Ask"}, "blocks": BLOCKS}
    for notify in (False, True):
        alice.shortcut("pam.request")
        trigger = listener.requests[-1].payload["trigger_id"]
        running.web.views_open(trigger_id=trigger, view=view | {"notify_on_close": notify})
        alice.close()
    kinds = [it.payload["type"] for it in listener.requests]
    assert kinds == ["shortcut", "shortcut", "view_closed"]
    assert listener.requests[-1].payload["is_cleared"] is False


def test_a_command(running: Running, listener: Listener) -> None:
    alice = running.control.person("alice")
    alice.command("status", channel="core-approvals")
    payload = listener.requests[-1].payload
    assert payload.keys() == SLASH_COMMAND
    assert (payload["channel_id"], payload["channel_name"]) == (CORE, "privategroup")
    assert listener.requests[-1].accepts_response_payload is True
    alice.command("status")
    assert listener.requests[-1].payload["channel_name"] == "directmessage"
    running.control.knobs(enterprise="team")
    alice.command("status", command="/request-admin")
    in_enterprise = listener.requests[-1].payload
    assert in_enterprise.keys() == SLASH_COMMAND | {"enterprise_id", "enterprise_name"}
    assert in_enterprise["command"] == "/request-admin"


def test_an_event(running: Running, listener: Listener) -> None:
    running.control.person("alice").open_home()
    running.control.wait_until(lambda: listener.requests)
    payload = listener.requests[-1].payload
    assert payload.keys() == EVENT_CALLBACK
    assert payload["authorizations"][0].keys() == AUTHORIZATION
    assert payload["type"] == "event_callback"
    assert listener.requests[-1].retry_attempt == 0
