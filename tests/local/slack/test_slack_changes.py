"""What happens to people and channels, with the events that Slack sends of it; and the events
themselves, held to the types that Slack publishes."""

from typing import Any

import pytest

from local.slack.control import ControlError
from local.slack.opinions import by_types
from tests.local.slack.running import Listener, Running

pytestmark = pytest.mark.enable_socket

CORE, GENERAL = "C0CORE00001", "C0GEN000001"


def events_of(running: Running, listener: Listener, count: int) -> list[dict[str, Any]]:
    running.control.wait_until(lambda: len(listener.requests) >= count)
    found = [dict(it.payload["event"]) for it in listener.requests]
    return sorted(found, key=lambda event: str(event["event_ts"]))


@pytest.mark.parametrize(
    ("verb", "arguments", "event"),
    [
        ("join", {"user": "kim"}, {"type": "member_joined_channel", "user": "U0KIM000001"}),
        ("leave", {"user": "bob"}, {"type": "member_left_channel", "user": "U0BOB000001"}),
        ("remove_bot", {}, {"type": "group_left"}),
        ("invite_bot", {}, {"type": "member_joined_channel", "user": "UPAMBOT0001"}),
        ("archive", {}, {"type": "group_archive"}),
        ("unarchive", {}, {"type": "group_unarchive"}),
        ("delete_channel", {}, {"type": "group_deleted"}),
        ("share", {}, {"type": "channel_shared", "connected_team_id": "T0VENDOR001"}),
        ("unshare", {}, {"type": "channel_unshared", "is_ext_shared": False}),
    ],
)
def test_what_happens_to_a_private_channel_is_told(
    running: Running,
    listener: Listener,
    verb: str,
    arguments: dict[str, Any],
    event: dict[str, Any],
) -> None:
    running.control.call(verb, channel="core-approvals", **arguments)
    (told,) = events_of(running, listener, 1)
    assert told.items() >= {"channel": CORE, **event}.items()


def test_a_public_channel_has_events_of_other_names(running: Running, listener: Listener) -> None:
    for verb in ("archive", "unarchive", "remove_bot", "delete_channel"):
        running.control.call(verb, channel="general")
    kinds = [event["type"] for event in events_of(running, listener, 4)]
    assert kinds == ["channel_archive", "channel_unarchive", "channel_left", "channel_deleted"]


def test_a_renamed_channel_is_the_same_channel(running: Running, listener: Listener) -> None:
    running.control.call("rename", channel="core-approvals", name="ledger-approvals")
    (event,) = events_of(running, listener, 1)
    assert event["channel"]["name"] == "ledger-approvals"
    posted = running.web.chat_postMessage(channel=CORE, text="still here")
    assert running.control.messages("ledger-approvals")[0].ts == posted["ts"]
    about = running.web.conversations_info(channel=CORE)["channel"]
    assert about["previous_names"] == ["core-approvals"]


def test_who_leaves_is_gone_from_every_channel(running: Running, listener: Listener) -> None:
    before = running.web.users_info(user="U0BOB000001")["user"]["updated"]
    running.control.call("change_user", user="bob", flags={"deleted": True})
    (event,) = events_of(running, listener, 1)
    assert (event["type"], event["user"]["deleted"]) == ("user_change", True)
    assert event["user"]["updated"] > before
    assert "U0BOB000001" not in running.web.conversations_members(channel=CORE)["members"]


def test_what_happens_quietly_is_seen_by_asking_only(running: Running, listener: Listener) -> None:
    running.control.call("change_user", user="bob", flags={"is_restricted": True}, quietly=True)
    running.control.call("share", channel="core-approvals", quietly=True)
    running.control.call("share", channel="kyc-approvals", pending=True)
    assert running.web.users_info(user="U0BOB000001")["user"]["is_restricted"] is True
    assert running.web.conversations_info(channel=CORE)["channel"]["is_ext_shared"] is True
    running.control.call("join", user="kim", channel="core-approvals")
    (event,) = events_of(running, listener, 1)
    assert event["type"] == "member_joined_channel"


def test_a_message_that_somebody_removed_is_gone(running: Running) -> None:
    ts = running.web.chat_postMessage(channel=CORE, text="card")["ts"]
    running.control.call("delete_message", channel=CORE, ts=ts)
    with pytest.raises(Exception, match="message_not_found"):
        running.web.chat_update(channel=CORE, ts=ts, text="x")


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [
        ("change_user", {"user": "nobody"}),
        ("change_user", {"user": "bob", "flags": {"is_king": True}}),
        ("rename", {"channel": "no-such", "name": "x"}),
        ("rename", {"channel": "general"}),
        ("delete_message", {"channel": "general", "ts": "1.1"}),
        ("messages", {"channel": "no-such"}),
        ("send_to", {"way": "by-post"}),
        ("_verb", {}),
        ("no_such_verb", {}),
    ],
)
def test_what_cannot_be_done_is_said(
    running: Running, verb: str, arguments: dict[str, Any]
) -> None:
    with pytest.raises(ControlError):
        running.control.call(verb, **arguments)


def test_the_control_api_wants_its_own_token(running: Running) -> None:
    from local.slack.control import SlackControl

    for token in ("", "made-up", running.about["bot_token"]):
        with pytest.raises(ControlError, match="not the control token"):
            SlackControl(running.about["control_url"], token).call("counts")


def test_events_have_the_form_that_slack_publishes(running: Running, listener: Listener) -> None:
    control = running.control
    running.web.views_publish(user_id="U0ALICE0001", view={"type": "home", "blocks": [SECTION]})
    running.web.chat_postMessage(channel=CORE, text="card")
    (card,) = control.messages(CORE)
    control.person("bob").react(card, "x")
    control.person("alice").open_home()
    control.call("change_user", user="bob", flags={"is_restricted": True})
    control.knobs(bare_users=True)
    control.call("change_user", user="vera", flags={"is_stranger": True})
    for channel in ("core-approvals", "general"):
        control.call("join", user="sam", channel=channel)
        control.call("leave", user="sam", channel=channel)
        control.call("rename", channel=channel, name=f"{channel}-2")
        control.call("share", channel=f"{channel}-2")
        control.call("unshare", channel=f"{channel}-2")
        control.call("archive", channel=f"{channel}-2")
        control.call("unarchive", channel=f"{channel}-2")
        control.call("remove_bot", channel=f"{channel}-2")
        control.call("delete_channel", channel=f"{channel}-2")
    control.call("reinstall")
    events = events_of(running, listener, 23)
    assert len({event["type"] for event in events}) == 18
    wrong = {"type": "reaction_added", "user": "U0BOB000001", "reaction": "x", "event_ts": "1.1"}
    found = by_types([], events=[*map(_as_typed, events), wrong | {"item_user": 1}])
    assert [problem.method for problem in found] == ["reaction_added"]


def _as_typed(event: dict[str, Any]) -> dict[str, Any]:
    """Without what the types do not name and Slack's documentation does: `event_ts` everywhere,
    what Slack adds to a view, and the newest kind of bot."""
    match event["type"]:
        case "tokens_revoked" | "channel_deleted":
            return {key: value for key, value in event.items() if key != "event_ts"}
        case "app_home_opened":
            view = event["view"]
            return event | {"view": {"type": view["type"], "blocks": view["blocks"]}}
        case "user_change":
            user = event["user"].items()
            known = {key: value for key, value in user if key != "is_connector_bot"}
            return event | {"user": known}
    return event


SECTION = {"type": "section", "text": {"type": "plain_text", "text": "x"}}
