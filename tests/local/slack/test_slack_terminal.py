"""This Slack at a terminal: numbers that stay, and every person's acts."""

from typing import Any

import pytest
from slack_sdk.socket_mode.request import SocketModeRequest

from local.slack import terminal as text
from local.slack.control import ControlError
from local.slack.terminal import Terminal
from tests.local.slack.running import Listener, Running

pytestmark = pytest.mark.enable_socket
Json = dict[str, Any]


def button(action_id: str, label: str) -> Json:
    said = {"type": "plain_text", "text": label}
    return {"type": "button", "action_id": action_id, "text": said, "value": "v"}


CARD = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "alice asks for *this*"}},
    {"type": "actions", "elements": [button("yes", "Approve"), button("no", "Deny…")]},
]
FORM = {
    "type": "modal",
    "callback_id": "form",
    "title": {"type": "plain_text", "text": "Ask"},
    "submit": {"type": "plain_text", "text": "Ask"},
    "blocks": [
        {
            "type": "input",
            "block_id": "reason",
            "label": {"type": "plain_text", "text": "Why"},
            "element": {"type": "plain_text_input", "action_id": "reason"},
        },
        {
            "type": "input",
            "block_id": "break_glass",
            "optional": True,
            "label": {"type": "plain_text", "text": "Emergency"},
            "element": {
                "type": "checkboxes",
                "action_id": "break_glass",
                "options": [{"text": {"type": "plain_text", "text": "Yes"}, "value": "yes"}],
            },
        },
    ],
}


@pytest.fixture
def at(running: Running, listener: Listener) -> Terminal:
    """With an app that opens the form on a command and answers each click to the person alone,
    each before it acknowledges it: a terminal waits only a moment for what comes behind.
    """

    def answer(_client: Any, request: SocketModeRequest) -> None:
        if request.type == "slash_commands":
            running.web.views_open(trigger_id=request.payload["trigger_id"], view=FORM)
        if request.payload.get("type") == "block_actions":
            pressed = request.payload["actions"][0]["action_id"]
            running.web.chat_postEphemeral(
                channel=request.payload["channel"]["id"],
                user=request.payload["user"]["id"],
                text=f"you pressed {pressed}",
            )

    listener.client.socket_mode_request_listeners.insert(0, answer)
    return Terminal(running.control)


def post(running: Running, words: str, blocks: list[Json] | None = None, **more: Any) -> str:
    posted = running.web.chat_postMessage(
        channel="C0CORE00001", text=words, blocks=blocks or [], **more
    )
    return str(posted["ts"])


def test_channels_are_listed_with_who_is_in_them_and_what_is_wrong_with_them(
    running: Running, at: Terminal
) -> None:
    post(running, "one")
    lines = list(text.channels_as_text(at.channels()))
    core = next(line for line in lines if line.startswith("#core-approvals"))
    assert "1 messages" in core
    assert "bob" in core
    assert any("(shared)" in line for line in lines)


def test_a_channel_shows_threads_under_their_message_and_numbers_that_stay(
    running: Running, at: Terminal
) -> None:
    card = post(running, "card", CARD)
    post(running, "in its thread", thread_ts=card)
    before = list(text.messages_as_text(at.messages("core-approvals")))
    assert "press: 1.1 [Approve]   1.2 [Deny…]" in "\n".join(before)
    assert any(line.startswith("     2 ") for line in before), "a reply is set in"
    post(running, "another", CARD)
    after = "\n".join(text.messages_as_text(at.messages("core-approvals")))
    assert "1.1 [Approve]" in after
    assert "3.1 [Approve]" in after


def test_a_button_is_pressed_by_its_number_as_the_person_who_is_named(
    running: Running, at: Terminal, listener: Listener
) -> None:
    post(running, "card", CARD)
    after = at.click("bob", "core-approvals", "1.2", None, "")
    assert listener.requests[-1].payload["user"]["id"] == "U0BOB000001"
    assert listener.requests[-1].payload["actions"][0]["action_id"] == "no"
    assert [message.text for message in after.said] == ["you pressed no"]
    shown = "\n".join(text.after_as_text(after))
    assert "acknowledged after" in shown
    assert shown.startswith("pressed [Deny…]\n")
    assert "you pressed no" in shown


@pytest.mark.parametrize("number", ["1.3", "2.1", "0.1", "1.0", "x", "-1.1", "1.1.1", "²"])
def test_a_number_that_is_none_presses_nothing(
    running: Running, at: Terminal, listener: Listener, number: str
) -> None:
    post(running, "card", CARD)
    with pytest.raises(ControlError):
        at.click("bob", "core-approvals", number, None, "")
    assert listener.requests == []


def test_who_is_not_in_the_channel_presses_nothing_there(running: Running, at: Terminal) -> None:
    post(running, "card", CARD)
    with pytest.raises(ControlError, match="kim"):
        at.click("kim", "core-approvals", "1.1", None, "")


def test_a_form_is_opened_by_a_command_shown_with_its_fields_and_sent_off(
    running: Running, at: Terminal, listener: Listener
) -> None:
    after = at.command("alice", "/jit", "", "")
    assert after.view is not None
    shown = "\n".join(text.view_as_text(after.view))
    assert "reason=text" in shown
    assert "break_glass=yes (may stay empty)" in shown
    sent = at.submit("alice", {"reason": "to see the ledger", "break_glass": "yes"}, "")
    assert sent.seen.acknowledged
    values = listener.requests[-1].payload["view"]["state"]["values"]
    assert values["reason"]["reason"]["value"] == "to see the ledger"
    assert [it["value"] for it in values["break_glass"]["break_glass"]["selected_options"]] == [
        "yes"
    ]


def test_a_command_needs_its_slash(at: Terminal) -> None:
    with pytest.raises(ControlError, match="slash"):
        at.command("alice", "jit", "", "")


def test_what_the_app_does_not_acknowledge_is_said(
    running: Running, at: Terminal, listener: Listener
) -> None:
    running.control.knobs(answer_within=0.2)
    listener.silent = True
    post(running, "card", CARD)
    after = at.click("bob", "core-approvals", "1.1", None, "")
    assert "NOT acknowledged: operation_timeout" in "\n".join(text.after_as_text(after))
