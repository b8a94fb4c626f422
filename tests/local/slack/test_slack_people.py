"""People in this Slack: what they can do, what the app is told, what they then see."""

from typing import Any

import pytest

from local.slack.control import ControlError
from tests.local.slack.pieces import actions, button, error_of, plain
from tests.local.slack.running import Listener, Running

pytestmark = pytest.mark.enable_socket

CORE = "C0CORE00001"


def test_a_click_tells_who_where_and_what(running: Running, listener: Listener) -> None:
    blocks = [actions(button("pam.approve"), button("pam.deny"))]
    ts = running.web.chat_postMessage(channel=CORE, text="card", blocks=blocks)["ts"]
    (card,) = running.control.messages("core-approvals")
    assert card.action_ids == ["pam.approve", "pam.deny"]
    assert running.control.person("bob").click(card, "pam.deny").acknowledged
    payload = listener.requests[-1].payload
    assert payload["user"]["id"] == "U0BOB000001"
    assert payload["channel"]["id"] == CORE
    assert payload["message"]["ts"] == payload["container"]["message_ts"] == ts
    (action,) = payload["actions"]
    assert (action["action_id"], action["value"]) == ("pam.deny", "01SESSION")


def test_what_is_not_there_cannot_be_pressed_but_by_a_client_that_still_shows_it(
    running: Running, listener: Listener
) -> None:
    web, bob = running.web, running.control.person("bob")
    ts = web.chat_postMessage(channel=CORE, text="card", blocks=[actions(button("pam.approve"))])
    web.chat_update(channel=CORE, ts=ts["ts"], text="decided", blocks=[])
    (card,) = running.control.messages(CORE)
    with pytest.raises(ControlError, match=r"no pam\.approve to press"):
        bob.click(card, "pam.approve")
    assert bob.click(card, "pam.approve", stale=True).acknowledged
    assert listener.requests[-1].payload["actions"][0]["value"] == "01SESSION"


def test_who_is_not_in_the_channel_cannot_click_there_but_by_forgery(
    running: Running, listener: Listener
) -> None:
    blocks = [actions(button("pam.approve"))]
    running.web.chat_postMessage(channel=CORE, text="card", blocks=blocks)
    (card,) = running.control.messages(CORE)
    vera = running.control.person("vera")
    with pytest.raises(ControlError, match="vera is not in core-approvals"):
        vera.click(card, "pam.approve")
    assert vera.click(card, "pam.approve", even_so=True).acknowledged
    assert listener.requests[-1].payload["user"]["team_id"] == "T0VENDOR001"
    forged = {"user.id": "U0BOB000001", "actions.0.value": "01OTHER"}
    vera.click(card, "pam.approve", even_so=True, changed=forged, without=["user.team_id"])
    payload = listener.requests[-1].payload
    assert payload["user"]["id"] == "U0BOB000001"
    assert "team_id" not in payload["user"]
    assert payload["actions"][0]["value"] == "01OTHER"


def test_who_was_deactivated_does_nothing_but_in_the_same_moment(
    running: Running, listener: Listener
) -> None:
    lena = running.control.person("lena")
    for act in (lena.command, lena.shortcut):
        with pytest.raises(ControlError, match="lena was deactivated"):
            act("status")
        assert act("status", even_so=True).acknowledged
    assert [it.payload.get("even_so") for it in listener.requests] == [None, None]


def test_an_ephemeral_message_can_be_clicked_and_shows_no_message(
    running: Running, listener: Listener
) -> None:
    blocks = [actions(button("pam.approve"))]
    running.web.chat_postEphemeral(channel=CORE, user="U0BOB000001", text="for you", blocks=blocks)
    bob = running.control.person("bob")
    (shown,) = bob.ephemerals()
    bob.click(shown, "pam.approve")
    payload = listener.requests[-1].payload
    assert payload["container"]["is_ephemeral"] is True
    assert "message" not in payload
    with pytest.raises(ControlError, match="carol sees no message"):
        running.control.person("carol").click(shown, "pam.approve")


def test_the_home_is_told_published_and_clicked(running: Running, listener: Listener) -> None:
    alice = running.control.person("alice")
    alice.open_home()
    running.control.wait_until(lambda: listener.requests)
    assert "view" not in listener.requests[-1].payload["event"]
    home = {"type": "home", "blocks": [actions(button("pam.end"))]}
    running.web.views_publish(user_id="U0ALICE0001", view=home)
    shown = alice.home()
    assert shown is not None
    assert shown["text"] == "= Home =\n[pam.end]"
    alice.click_view("pam.end")
    assert listener.requests[-1].payload["view"]["type"] == "home"
    alice.open_home()
    running.control.wait_until(lambda: len(listener.requests) == 3)
    assert listener.requests[-1].payload["event"]["view"]["id"] == shown["id"]
    assert running.control.person("bob").home() is None


def test_a_home_is_for_members_only_and_no_modal(running: Running) -> None:
    publish, home = running.web.views_publish, {"type": "home", "blocks": [actions(button("a"))]}
    modal = home | {"type": "modal", "title": plain("Ask")}
    vera = "U0VERA00001"
    assert error_of(lambda: publish(user_id=vera, view=home)) == "user_not_found"
    told = error_of(lambda: publish(user_id="U0ALICE0001", view=modal))
    assert told == "invalid_arguments"


def test_a_reaction_is_told(running: Running, listener: Listener) -> None:
    running.web.chat_postMessage(channel=CORE, text="card")
    (card,) = running.control.messages(CORE)
    running.control.person("bob").react(card, "white_check_mark")
    running.control.wait_until(lambda: listener.requests)
    event = listener.requests[-1].payload["event"]
    assert (event["reaction"], event["user"]) == ("white_check_mark", "U0BOB000001")
    assert event["item"] == {"type": "message", "channel": CORE, "ts": card.ts}
    (card,) = running.control.messages(CORE)
    assert card.reactions == {"white_check_mark": ["U0BOB000001"]}


@pytest.mark.parametrize(
    ("blocks", "text"),
    [
        (
            [{"type": "section", "text": {"type": "mrkdwn", "text": "<!channel> go"}}],
            "@@channel go",
        ),
        (
            [{"type": "section", "text": {"type": "mrkdwn", "text": "&lt;!channel&gt; &amp;lt;"}}],
            "<!channel> &lt;",
        ),
        (
            [
                {
                    "type": "section",
                    "text": {"type": "mrkdwn", "text": "<https://evil.example|Approve>"},
                }
            ],
            "Approve [https://evil.example]",
        ),
        ([{"type": "section", "text": plain("<!channel> *bold*")}], "<!channel> *bold*"),
        ([{"type": "section", "text": {"type": "mrkdwn", "text": "<@U0BOB000001>"}}], "@bob"),
        ([{"type": "header", "text": plain("Title")}, {"type": "divider"}], "# Title\n---"),
        (
            [{"type": "context", "elements": [plain("by"), {"type": "mrkdwn", "text": "*x*"}]}],
            "by *x*",
        ),
    ],
)
def test_what_is_live_in_a_message_is_seen_as_such(
    running: Running, blocks: list[dict[str, Any]], text: str
) -> None:
    running.web.chat_postMessage(channel=CORE, text="fallback", blocks=blocks)
    assert running.control.messages(CORE)[0].text == text
