"""The Web API, asked by Slack's own client."""

import json
import urllib.request
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from tests.local.slack.running import Running

pytestmark = pytest.mark.enable_socket

CORE, KYC, GENERAL, SHARED = "C0CORE00001", "C0KYC000001", "C0GEN000001", "C0SHARE0001"
ALICE, LENA, BOT = "U0ALICE0001", "U0LENA00001", "UPAMBOT0001"
SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "hello"}}


def error_of(call: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        call()
    return str(caught.value.response["error"])


@pytest.mark.parametrize(
    ("token", "method", "error"),
    [
        (None, "auth.test", "not_authed"),
        ("xoxb-made-up", "auth.test", "invalid_auth"),
        ("bot", "apps.connections.open", "not_allowed_token_type"),
        ("app", "auth.test", "not_allowed_token_type"),
        ("bot", "chat.shout", "unknown_method"),
    ],
)
def test_a_token_opens_what_it_is_for(
    running: Running, token: str | None, method: str, error: str
) -> None:
    own = {"bot": running.about["bot_token"], "app": running.about["app_token"]}
    client = WebClient(token=own.get(token or "", token), base_url=running.about["url"])
    assert error_of(lambda: client.api_call(method)) == error


def test_a_token_in_the_query_is_none(running: Running) -> None:
    url = f"{running.about['url']}auth.test?token={running.about['bot_token']}"
    with urllib.request.urlopen(url, timeout=5) as answer:
        assert json.load(answer) == {"ok": False, "error": "not_authed"}


def test_a_reinstalled_app_has_a_new_token_and_the_old_one_is_revoked(running: Running) -> None:
    old = running.web
    new = running.control.call("reinstall")["bot_token"]
    assert error_of(old.auth_test) == "token_revoked"
    client = WebClient(token=new, base_url=running.about["url"])
    assert client.auth_test()["user_id"] == BOT


def test_what_is_posted_can_be_updated_and_deleted(running: Running) -> None:
    posted = running.web.chat_postMessage(channel=CORE, text="asked", blocks=[SECTION])
    running.web.chat_update(channel=CORE, ts=posted["ts"], text="decided")
    (message,) = running.control.messages("core-approvals")
    assert (message.text, message.blocks, message.edited) == ("decided", [], True)
    running.web.chat_delete(channel=CORE, ts=posted["ts"])
    assert running.control.messages("core-approvals") == []


def test_an_update_with_blocks_alone_leaves_the_text_and_no_edited_mark(running: Running) -> None:
    ts = running.web.chat_postMessage(channel=CORE, text="asked", blocks=[SECTION])["ts"]
    other = {"type": "section", "text": {"type": "plain_text", "text": "other"}}
    arguments = {"channel": CORE, "ts": ts, "blocks": [other]}
    running.web.api_call("chat.update", json=arguments)
    (message,) = running.control.messages("core-approvals")
    assert (message.fallback, message.text, message.edited) == ("asked", "other", False)


def test_an_update_with_neither_leaves_both(running: Running) -> None:
    ts = running.web.chat_postMessage(channel=CORE, text="asked", blocks=[SECTION])["ts"]
    running.web.api_call("chat.update", params={"channel": CORE, "ts": ts})
    (message,) = running.control.messages("core-approvals")
    assert (message.fallback, message.text) == ("asked", "hello")


def test_replies_stand_in_their_thread(running: Running) -> None:
    ts = running.web.chat_postMessage(channel=CORE, text="card")["ts"]
    running.web.chat_postMessage(channel=CORE, text="a vote", thread_ts=ts)
    running.web.chat_postMessage(channel=CORE, text="elsewhere")
    (card, _, _) = running.control.messages("core-approvals")
    assert [it.text for it in running.control.thread(card)] == ["a vote"]


@pytest.mark.parametrize(
    ("channel", "error"),
    [
        ("C0NOWHERE01", "channel_not_found"),
        ("core-approvals", "channel_not_found"),
        ("general", "channel_not_found"),
        (GENERAL, "not_in_channel"),
        (LENA, "channel_not_found"),
    ],
)
def test_a_message_goes_nowhere_that_the_bot_is_not(
    running: Running, channel: str, error: str
) -> None:
    call = running.web.chat_postMessage
    assert error_of(lambda: call(channel=channel, text="hello")) == error


def test_a_private_channel_without_the_bot_does_not_exist_for_it(running: Running) -> None:
    ts = running.web.chat_postMessage(channel=KYC, text="card")["ts"]
    running.control.call("remove_bot", channel="kyc-approvals")
    web = running.web
    assert error_of(lambda: web.chat_update(channel=KYC, ts=ts, text="x")) == "channel_not_found"
    assert error_of(lambda: web.conversations_info(channel=KYC)) == "channel_not_found"
    running.control.call("invite_bot", channel="kyc-approvals")
    web.chat_update(channel=KYC, ts=ts, text="x")


def test_an_archived_channel_takes_nothing(running: Running) -> None:
    web = running.web
    ts = web.chat_postMessage(channel=CORE, text="card")["ts"]
    running.control.call("archive", channel="core-approvals")
    assert error_of(lambda: web.chat_postMessage(channel=CORE, text="x")) == "is_archived"
    assert error_of(lambda: web.chat_update(channel=CORE, ts=ts, text="x")) == "is_archived"
    running.control.call("unarchive", channel="core-approvals")
    web.chat_update(channel=CORE, ts=ts, text="x")


def test_only_the_apps_own_messages_can_be_changed(running: Running) -> None:
    theirs = running.control.person("alice").say("core-approvals", "my own words")
    web = running.web
    update, delete = web.chat_update, web.chat_delete
    assert error_of(lambda: update(channel=CORE, ts=theirs, text="x")) == "cant_update_message"
    assert error_of(lambda: delete(channel=CORE, ts=theirs)) == "cant_delete_message"
    assert error_of(lambda: update(channel=CORE, ts="1.000001", text="x")) == "message_not_found"


def test_an_ephemeral_message_is_seen_by_one_and_changed_by_nobody(running: Running) -> None:
    web = running.web
    ts = web.chat_postEphemeral(channel=CORE, user=ALICE, text="for you")["message_ts"]
    alice, bob = running.control.person("alice"), running.control.person("bob")
    assert [it.text for it in alice.ephemerals()] == ["for you"]
    assert bob.ephemerals() == []
    assert running.control.messages("core-approvals") == []
    assert error_of(lambda: web.chat_update(channel=CORE, ts=ts, text="x")) == "message_not_found"
    call = web.chat_postEphemeral
    outsider = "U0KIM000001"
    told = error_of(lambda: call(channel=CORE, user=outsider, text="x"))
    assert told == "user_not_in_channel"


def test_a_direct_message_is_the_same_by_every_way(running: Running) -> None:
    opened = running.web.conversations_open(users=ALICE)["channel"]["id"]
    by_user = running.web.chat_postMessage(channel=ALICE, text="one")["channel"]
    running.web.chat_postMessage(channel=opened, text="two")
    assert by_user == opened
    assert [it.text for it in running.control.person("alice").direct_messages()] == ["one", "two"]
    web = running.web
    assert error_of(lambda: web.conversations_open(users=LENA)) == "user_disabled"
    assert error_of(lambda: web.conversations_open(users=BOT)) == "cannot_dm_bot"


@pytest.mark.parametrize(
    ("user", "shown"),
    [
        ("U0BOB000001", {}),
        ("U0GUS000001", {"is_restricted": True}),
        ("U0GINA00001", {"is_restricted": True, "is_ultra_restricted": True}),
        ("U0VERA00001", {"team_id": "T0VENDOR001"}),
        ("U0OTTO00001", {"team_id": "T0OTHER0001", "is_stranger": True}),
        ("U0BOT000001", {"is_bot": True}),
        ("U0FLOW00001", {"is_bot": True, "is_workflow_bot": True}),
        ("U0CONN00001", {"is_bot": True, "is_connector_bot": True}),
        ("U0LENA00001", {"deleted": True}),
        ("U0NINA00001", {"is_invited_user": True, "is_email_confirmed": False}),
    ],
)
def test_everybody_is_shown_as_what_they_are(
    running: Running, user: str, shown: dict[str, Any]
) -> None:
    plain = {
        "team_id": "T0BANK00001",
        "deleted": False,
        "is_bot": False,
        "is_app_user": False,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "is_stranger": False,
        "is_invited_user": False,
        "is_workflow_bot": False,
        "is_connector_bot": False,
        "is_email_confirmed": True,
    }
    found = running.web.users_info(user=user)["user"]
    assert {key: found[key] for key in plain} == plain | shown


def test_fields_can_be_absent(running: Running) -> None:
    running.control.call("change_user", user="bob", absent=["is_restricted", "email"])
    bob = running.web.users_info(user="U0BOB000001")["user"]
    assert "is_restricted" not in bob
    assert "email" not in bob["profile"]
    running.control.knobs(bare_users=True)
    alice = running.web.users_info(user=ALICE)["user"]
    assert "is_stranger" not in alice
    assert alice["is_restricted"] is False
    running.control.call("channel_without", channel=CORE, absent=["is_ext_shared"])
    assert "is_ext_shared" not in running.web.conversations_info(channel=CORE)["channel"]


def test_nobody_is_found_who_is_not_there(running: Running) -> None:
    web = running.web
    assert error_of(lambda: web.users_info(user="U0NOBODY001")) == "user_not_found"
    assert error_of(lambda: web.bots_info(bot="B0NOBODY001")) == "bot_not_found"
    assert web.bots_info(bot="B0PAM000001")["bot"]["user_id"] == BOT


def test_a_shared_channel_says_so(running: Running) -> None:
    shared = running.web.conversations_info(channel=SHARED)["channel"]
    assert (shared["is_ext_shared"], shared["is_shared"]) == (True, True)
    assert shared["shared_team_ids"] == ["T0BANK00001", "T0VENDOR001"]
    running.control.call("share", channel="core-approvals", pending=True)
    pending = running.web.conversations_info(channel=CORE)["channel"]
    assert (pending["is_ext_shared"], pending["is_pending_ext_shared"]) == (False, True)


def test_members_come_in_pages(running: Running) -> None:
    found: list[str] = []
    for page in running.web.conversations_members(channel=CORE, limit=2):
        found += page["members"]
    assert len(found) == len(set(found)) == 6
    call = running.web.conversations_members
    assert error_of(lambda: call(channel=CORE, cursor="???")) == "invalid_cursor"


def test_the_bot_learns_which_channels_it_is_in(running: Running) -> None:
    private = running.web.users_conversations(types="private_channel")["channels"]
    assert [it["name"] for it in private if "approvals" in it["name"]] == [
        "core-approvals",
        "kyc-approvals",
        "workplace-approvals",
    ]
    assert running.web.users_conversations()["channels"] == []


def test_a_method_that_reads_takes_no_json(running: Running) -> None:
    request = urllib.request.Request(
        f"{running.about['url']}users.info",
        data=json.dumps({"user": ALICE}).encode(),
        headers={
            "Authorization": f"Bearer {running.about['bot_token']}",
            "Content-Type": "application/json; charset=utf-8",
        },
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        assert json.load(answer)["error"] == "user_not_found"


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ({}, "no_text"),
        ({"text": ""}, "no_text"),
        ({"blocks": "[not json"}, "invalid_blocks_format"),
        ({"blocks": "{}"}, "invalid_blocks_format"),
        ({"text": "x", "blocks": json.dumps([{"type": "sectoin"}])}, "invalid_blocks"),
    ],
)
def test_a_message_needs_content_of_the_right_form(
    running: Running, content: dict[str, str], error: str
) -> None:
    call = running.web.api_call
    arguments = {"channel": CORE, **content}
    assert error_of(lambda: call("chat.postMessage", params=arguments)) == error


def test_a_permalink_is_of_a_message(running: Running) -> None:
    ts = running.web.chat_postMessage(channel=CORE, text="card")["ts"]
    link = running.web.chat_getPermalink(channel=CORE, message_ts=ts)["permalink"]
    assert link == f"https://bank-local.slack.com/archives/{CORE}/p{ts.replace('.', '')}"
    call = running.web.chat_getPermalink
    assert error_of(lambda: call(channel=CORE, message_ts="1.1")) == "message_not_found"


def test_a_reaction_is_added_once(running: Running) -> None:
    ts = running.web.chat_postMessage(channel=CORE, text="card")["ts"]
    add = running.web.reactions_add
    add(channel=CORE, timestamp=ts, name="eyes")
    assert error_of(lambda: add(channel=CORE, timestamp=ts, name="eyes")) == "already_reacted"
    assert running.control.messages(CORE)[0].reactions == {"eyes": [BOT]}
