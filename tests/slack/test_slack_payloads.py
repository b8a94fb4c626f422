"""What Slack sends is one of a few values, and everything else is nothing."""

import json
from copy import deepcopy
from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.slack.clicker import Clicker
from pam.slack.deliveries import (
    Changed,
    Click,
    Closed,
    Command,
    HomeOpened,
    Incoming,
    Other,
    Reaction,
    Shortcut,
    Submission,
    Suggestion,
    UrlVerification,
)
from pam.slack.incoming import read_envelope, read_http
from pam.slack.signature import LARGEST_BODY
from tests.slack import payloads
from tests.slack.payloads import event

FORM, JSON = "application/x-www-form-urlencoded", "application/json; charset=utf-8"
BOB = Clicker(team="T012AB3C4", enterprise="", user="U012AB3CD", user_team="T012AB3C4")


def by_http(payload: dict[str, Any]) -> Incoming:
    if "command" in payload:
        return read_http(FORM, urlencode(payload).encode())
    if payload["type"] in {"event_callback", "url_verification"}:
        return read_http(JSON, json.dumps(payload).encode())
    return read_http(FORM, urlencode({"payload": json.dumps(payload)}).encode())


def by_socket(payload: dict[str, Any]) -> Incoming:
    if "command" in payload:
        return read_envelope("slash_commands", payload)
    kind = "events_api" if payload["type"] == "event_callback" else "interactive"
    return read_envelope(kind, payload)


def changed(payload: dict[str, Any], value: object, *path: str | int) -> dict[str, Any]:
    whole = deepcopy(payload)
    inner: Any = whole
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    return whole


BOTH_WAYS = {
    Command: payloads.COMMAND,
    Click: payloads.CLICK,
    Submission: payloads.SUBMISSION,
    Closed: payloads.CLOSED,
    Suggestion: payloads.SUGGESTION,
    Shortcut: payloads.SHORTCUT,
    HomeOpened: payloads.HOME_OPENED,
    Reaction: payloads.REACTION,
}


@pytest.mark.parametrize("kind", BOTH_WAYS)
def test_it_is_the_same_by_http_and_through_a_socket(kind: type[Any]) -> None:
    read = by_http(BOTH_WAYS[kind])
    assert type(read) is kind
    assert read == by_socket(BOTH_WAYS[kind])
    assert read.clicker == BOB


def test_a_click_says_who_pressed_what_where_and_when() -> None:
    click = by_http(payloads.CLICK)
    assert isinstance(click, Click)
    assert (click.action_id, click.value) == ("pam.approve", payloads.SESSION)
    assert (click.channel, click.message_ts) == ("CBR2V3XEX", "1548261231.000200")
    assert click.trigger_id.startswith("12321423423.")
    assert click.clicker.principal == "slack:T012AB3C4/U012AB3CD"


def test_a_click_in_home_has_a_view_and_no_message() -> None:
    click = by_http(payloads.HOME_CLICK)
    assert isinstance(click, Click)
    assert (click.channel, click.message_ts, click.view_id) == ("", "", "VMHU10V25")


def test_a_submission_has_what_was_typed_and_chosen_by_block() -> None:
    sent = by_http(payloads.SUBMISSION)
    assert isinstance(sent, Submission)
    assert sent.callback_id == "pam.request"
    assert dict(sent.values) == {
        "resource": ("core-ledger-admin",),
        "reason": ("ledger <stuck> & up",),
        "duration_seconds": ("30m",),
        "ticket": (),
        "break_glass": ("yes",),
    }


def test_a_challenge_is_read_as_one() -> None:
    read = by_http(payloads.URL_VERIFICATION)
    assert read == UrlVerification(challenge=payloads.URL_VERIFICATION["challenge"])


OF_CHANNELS = [
    *("channel_shared", "channel_unshared", "channel_archive", "channel_unarchive"),
    *("channel_deleted", "member_left_channel", "member_joined_channel", "group_archive"),
]


@pytest.mark.parametrize("name", OF_CHANNELS)
def test_what_changes_a_channel_names_it(name: str) -> None:
    read = by_http(event({"type": name, "channel": "C123ABC456", "user": "U0G9QF9C6"}))
    assert isinstance(read, Changed)
    assert (read.event, read.channel, read.user) == (name, "C123ABC456", "U0G9QF9C6")


def test_a_renamed_channel_and_a_changed_user_are_named_by_the_objects_that_come() -> None:
    renamed = by_http(event({"type": "channel_rename", "channel": {"id": "C2", "name": "new"}}))
    assert isinstance(renamed, Changed)
    assert renamed.channel == "C2"
    user = by_http(event({"type": "user_change", "user": {"id": "U0G9QF9C6", "deleted": True}}))
    assert isinstance(user, Changed)
    assert (user.user, user.team) == ("U0G9QF9C6", "T012AB3C4")


TOO_LARGE = {**payloads.HOME_OPENED, "more": "x" * LARGEST_BODY}
NOTHING: dict[str, Incoming] = {
    "another content type": read_http("text/plain", b"{}"),
    "no content type": read_http("", b""),
    "no JSON": read_http(JSON, b"{"),
    "deep JSON": read_http(JSON, b"[" * 60_000),
    "an endless number": read_http(JSON, b"1" * 60_000),
    "a list": read_http(JSON, b"[]"),
    "no form": read_http(FORM, b"\xff"),
    "no fields": read_http(FORM, b""),
    "a field twice": read_http(FORM, urlencode(payloads.COMMAND).encode() + b"&user_id=U1"),
    "a payload twice": read_http(FORM, b"payload={}&payload={}"),
    "a command beside a payload": read_http(
        FORM, urlencode({**payloads.COMMAND, "payload": json.dumps(payloads.CLICK)}).encode()
    ),
    "too many fields": read_http(FORM, b"&".join(b"a%d=1" % n for n in range(200))),
    "too large": read_http(JSON, json.dumps(TOO_LARGE).encode()),
    "too large through a socket": read_envelope("events_api", TOO_LARGE),
    "too many inputs": by_http(
        changed(
            payloads.SUBMISSION, {str(n): {"a": {}} for n in range(101)}, "view", "state", "values"
        )
    ),
    "another envelope": read_envelope("hello", payloads.CLICK),
    "a payload that is text": read_envelope("interactive", "payload"),
    "no payload": read_envelope("events_api", None),
    "what is no JSON": read_envelope("interactive", {"type": object()}),
    "another interaction": by_http(changed(payloads.CLICK, "dialog_submission", "type")),
    "another event": by_http(event({"type": "message", "text": "hello"})),
    "the messages of the app": by_http(changed(payloads.HOME_OPENED, "messages", "event", "tab")),
    "a reaction to a file": by_http(changed(payloads.REACTION, "file", "event", "item", "type")),
    "a reaction that is taken away": by_http(
        changed(payloads.REACTION, "reaction_removed", "event", "type")
    ),
    "an event without an id": by_http(changed(payloads.HOME_OPENED, None, "event_id")),
    "a change of nothing": by_http(event({"type": "channel_archive"})),
    "a click without an action": by_http(changed(payloads.CLICK, [], "actions")),
    "a click on two at once": by_http(
        changed(payloads.CLICK, payloads.CLICK["actions"] * 2, "actions")
    ),
    "a click at no time": by_http(changed(payloads.CLICK, "now", "actions", 0, "action_ts")),
    "a click on nothing": by_http({**payloads.CLICK, "message": None, "container": {}}),
    "a value that is a number": by_http(changed(payloads.CLICK, 7, "actions", 0, "value")),
    "a long value": by_http(changed(payloads.CLICK, "x" * 12_001, "actions", 0, "value")),
    "half a character": by_http(changed(payloads.CLICK, "\ud800", "actions", 0, "value")),
    "an action by another name": by_http(changed(payloads.CLICK, "a b", "actions", 0, "action_id")),
    "a view without a hash": by_http(changed(payloads.SUBMISSION, None, "view", "hash")),
    "a view without values": by_http(changed(payloads.SUBMISSION, None, "view", "state")),
    "two elements in a block": by_http(
        changed(payloads.SUBMISSION, {"a": {}, "b": {}}, "view", "state", "values", "reason")
    ),
    "a command without a trigger": by_http(changed(payloads.COMMAND, "", "trigger_id")),
}


@pytest.mark.parametrize("case", NOTHING)
def test_everything_else_is_nothing_with_a_reason(case: str) -> None:
    read = NOTHING[case]
    assert isinstance(read, Other)
    assert read.why


def test_a_reason_for_nothing_has_none_of_the_senders_words() -> None:
    secret = changed(payloads.CLICK, "<!channel> " * 5, "actions", 0, "action_id")
    assert "channel" not in str(by_http(secret))


SAID_AMISS: dict[str, tuple[dict[str, Any], str]] = {
    "no user": (changed(payloads.CLICK, None, "user"), "user"),
    "a name for a user": (changed(payloads.CLICK, "bob", "user", "id"), "user"),
    "no team of the user": (changed(payloads.CLICK, None, "user", "team_id"), "user_team"),
    "an unknown sort of team": (changed(payloads.CLICK, "X012", "user", "team_id"), "user_team"),
    "no team": (changed(payloads.CLICK, None, "team"), "team"),
    "a team with a slash": (changed(payloads.CLICK, "T0/U1", "team", "id"), "team"),
}


@pytest.mark.parametrize("case", SAID_AMISS)
def test_who_clicked_is_empty_where_slack_does_not_say_it_in_its_own_form(case: str) -> None:
    payload, field = SAID_AMISS[case]
    click = by_http(payload)
    assert isinstance(click, Click)
    assert asdict(click.clicker)[field] == ""


def test_in_an_enterprise_a_users_team_may_be_the_enterprise() -> None:
    grid = changed(payloads.CLICK, {"id": "E0123", "name": "bank"}, "enterprise")
    click = by_http(changed(grid, "E0123", "user", "team_id"))
    assert isinstance(click, Click)
    assert (click.clicker.enterprise, click.clicker.user_team) == ("E0123", "E0123")


@pytest.mark.parametrize("kind", BOTH_WAYS)
def test_the_same_delivered_again_has_the_same_key(kind: type[Any]) -> None:
    payload = BOTH_WAYS[kind]
    assert by_http(payload).key == by_socket(payload).key


OTHER_KEYS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "pressed again": (
        payloads.CLICK,
        changed(payloads.CLICK, "1548426418.1", "actions", 0, "action_ts"),
    ),
    "pressed by another": (payloads.CLICK, changed(payloads.CLICK, "U9", "user", "id")),
    "another button": (
        payloads.CLICK,
        changed(payloads.CLICK, "pam.deny", "actions", 0, "action_id"),
    ),
    "another message": (payloads.CLICK, changed(payloads.CLICK, "1.2", "message", "ts")),
    "typed again": (payloads.COMMAND, changed(payloads.COMMAND, "1.2.a", "trigger_id")),
    "sent off again": (payloads.SUBMISSION, changed(payloads.SUBMISSION, "1.b", "view", "hash")),
    "another event": (payloads.REACTION, changed(payloads.REACTION, "Ev2", "event_id")),
}


@pytest.mark.parametrize("case", OTHER_KEYS)
def test_what_was_done_anew_has_another_key(case: str) -> None:
    one, other = OTHER_KEYS[case]
    assert by_http(one).key != by_http(other).key


def test_an_event_is_known_by_its_id_whichever_retry_brings_it() -> None:
    again = {**payloads.REACTION, "retry_num": 1, "event_time": 1234567999}
    assert by_http(again) == by_http(payloads.REACTION)


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=12,
)


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = value.items() if isinstance(value, dict) else ()
    inner = enumerate(value) if isinstance(value, list) else inner
    return [path] * bool(path) + [p for name, each in inner for p in places(each, (*path, name))]


@given(
    st.sampled_from([*BOTH_WAYS.values(), payloads.HOME_CLICK]).flatmap(
        lambda whole: st.tuples(st.just(whole), st.sampled_from(places(whole)))
    ),
    ANY_JSON,
)
def test_a_payload_with_anything_anywhere_is_read_or_is_nothing(
    where: tuple[dict[str, Any], tuple[str | int, ...]], anything: Any
) -> None:
    payload, path = where
    sent = changed(payload, anything, *path)
    for kind in ("events_api", "slash_commands", "interactive"):
        assert isinstance(read_envelope(kind, sent), Incoming)
    body = json.dumps(sent).encode()
    assert isinstance(read_http(JSON, body), Incoming)
    assert isinstance(read_http(FORM, urlencode({"payload": body}).encode()), Incoming)


@given(st.sampled_from([FORM, JSON, ""]), st.binary(max_size=500))
def test_any_bytes_are_read_or_are_nothing(kind: str, body: bytes) -> None:
    assert isinstance(read_http(kind, body), Incoming)
    assert isinstance(read_http(kind, b"payload=" + body), Incoming)


@given(st.text(), ANY_JSON)
def test_any_envelope_is_read_or_is_nothing(kind: str, payload: Any) -> None:
    for each in (kind, "interactive", "events_api", "slash_commands"):
        assert isinstance(read_envelope(each, payload), Incoming)
