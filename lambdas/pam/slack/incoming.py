"""What came from Slack, by HTTP or through a socket, as one of a few values.

Nothing that comes raises: what has another form than it should is Other, with the reason. Each
value has a `key`, the text by which a repeated delivery is known; it goes by what Slack says was
done, and never by Slack's count of retries. Only ids are taken as they are, and only if they have
the form of ids; people's text is bounded. That a call came from Slack, `signature` says.
"""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from urllib.parse import parse_qsl

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
from pam.slack.payload import Payload, Unreadable, known_by, values_of_view
from pam.slack.signature import LARGEST_BODY

_FORM, _JSON = "application/x-www-form-urlencoded", "application/json"
_MOST_FIELDS = 100


def read_http(content_type: str, body: bytes) -> Incoming:
    """Of a call that Slack signed. Events come as JSON; commands and clicks come as a form."""
    if len(body) > LARGEST_BODY:
        return Other(why="too large")
    kind = content_type.partition(";")[0].strip().lower()
    try:
        if kind == _JSON:
            return _event(Payload(_json(body)))
        if kind == _FORM:
            return _form(body)
    except Unreadable as fault:
        return Other(why=str(fault))
    return Other(why="another content type")


def read_envelope(kind: str, payload: object) -> Incoming:
    """Of an envelope of Socket Mode: its `type` and its `payload`."""
    readers: Mapping[str, Callable[[Payload], Incoming]] = {
        "events_api": _event,
        "slash_commands": _command,
        "interactive": _interaction,
    }
    reader = readers.get(kind)
    if reader is None:
        return Other(why="another kind of envelope")
    try:
        # By its size as JSON, which is how it came.
        as_it_came = json.dumps(payload, ensure_ascii=False).encode(errors="replace")
        if len(as_it_came) > LARGEST_BODY:
            return Other(why="too large")
        return reader(Payload(payload))
    except (Unreadable, RecursionError, TypeError, ValueError) as fault:
        return Other(why=str(fault) if isinstance(fault, Unreadable) else "no payload")


def _json(text: bytes | str) -> object:
    try:
        return json.loads(text)
    except (RecursionError, ValueError):
        message = "no JSON"
        raise Unreadable(message) from None


def _form(body: bytes) -> Incoming:
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:
        message = "no form"
        raise Unreadable(message) from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        message = "a field comes twice"
        raise Unreadable(message)
    if "payload" not in fields:
        return _command(Payload(fields))
    if len(fields) > 1:
        message = "a payload and more"
        raise Unreadable(message)
    return _interaction(Payload(_json(fields["payload"])))


def _command(sent: Payload) -> Incoming:
    trigger_id = sent.name("trigger_id")
    return Command(
        # A command names one team: that of whoever typed it.
        clicker=Clicker(
            team=sent.team("team_id"),
            enterprise=sent.enterprise("enterprise_id"),
            user=sent.user("user_id"),
            user_team=sent.team("team_id"),
        ),
        command=sent.name("command"),
        text=sent.text("text"),
        channel=sent.channel("channel_id", optional=True),
        trigger_id=trigger_id,
        key=known_by("command", trigger_id),
    )


def _interaction(sent: Payload) -> Incoming:
    readers: Mapping[str, Callable[[Payload], Incoming]] = {
        "block_actions": _click,
        "view_submission": _submission,
        "view_closed": _closed,
        "block_suggestion": _suggestion,
        "shortcut": _shortcut,
        "message_action": _shortcut,
    }
    reader = readers.get(sent.text("type"))
    return Other(why="another interaction") if reader is None else reader(sent)


def _clicker(sent: Payload) -> Clicker:
    return Clicker(
        team=sent.team("team", "id"),
        enterprise=sent.enterprise("enterprise", "id") or sent.enterprise("team", "enterprise_id"),
        user=sent.user("user", "id"),
        user_team=sent.team_or_enterprise("user", "team_id"),
    )


def _click(sent: Payload) -> Incoming:
    clicker, action = _clicker(sent), sent.only("actions")
    message_ts = sent.ts("message", "ts") or sent.ts("container", "message_ts")
    view_id = sent.name("view", "id", optional=True)
    if not (message_ts or view_id):
        message = "a click on nothing"
        raise Unreadable(message)
    action_id, action_ts = action.name("action_id"), action.ts("action_ts")
    if not action_ts:
        message = "a click at no time"
        raise Unreadable(message)
    where = message_ts or view_id
    value = action.text("value") or action.text("selected_option", "value")
    return Click(
        clicker=clicker,
        action_id=action_id,
        value=value,
        channel=sent.channel("channel", "id", optional=True)
        or sent.channel("container", "channel_id", optional=True),
        message_ts=message_ts,
        view_id=view_id,
        view_hash=sent.name("view", "hash", optional=True),
        view_type=sent.name("view", "type", optional=True),
        trigger_id=sent.name("trigger_id", optional=True),
        # One person may press several buttons in one view at one time: only the value tells.
        key=known_by("click", clicker.team, clicker.user, where, action_id, value, action_ts),
    )


def _submission(sent: Payload) -> Incoming:
    view_id, view_hash = sent.name("view", "id"), sent.name("view", "hash")
    return Submission(
        clicker=_clicker(sent),
        callback_id=sent.name("view", "callback_id"),
        private_metadata=sent.text("view", "private_metadata"),
        values=MappingProxyType(values_of_view(sent)),
        view_id=view_id,
        view_hash=view_hash,
        trigger_id=sent.name("trigger_id", optional=True),
        key=known_by("submission", view_id, view_hash),
    )


def _closed(sent: Payload) -> Incoming:
    view_id = sent.name("view", "id")
    return Closed(
        clicker=_clicker(sent),
        callback_id=sent.name("view", "callback_id"),
        view_id=view_id,
        key=known_by("closed", view_id),
    )


def _suggestion(sent: Payload) -> Incoming:
    return Suggestion(
        clicker=_clicker(sent),
        action_id=sent.name("action_id"),
        typed=sent.text("value"),
        key="",
    )


def _shortcut(sent: Payload) -> Incoming:
    trigger_id = sent.name("trigger_id")
    return Shortcut(
        clicker=_clicker(sent),
        callback_id=sent.name("callback_id"),
        trigger_id=trigger_id,
        key=known_by("shortcut", trigger_id),
    )


_OF_USERS = frozenset({"user_change", "team_join"})
_OF_CHANNELS = frozenset(
    {
        *("channel_shared", "channel_unshared", "channel_rename", "channel_archive"),
        *("channel_unarchive", "channel_deleted", "channel_left", "channel_id_changed"),
        *("group_rename", "group_archive", "group_unarchive", "group_deleted", "group_left"),
        *("member_joined_channel", "member_left_channel"),
    }
)
_OF_THE_APP = frozenset({"app_uninstalled", "tokens_revoked"})


def _event(sent: Payload) -> Incoming:
    kind = sent.text("type")
    if kind == "url_verification":
        return UrlVerification(challenge=sent.text("challenge"))
    if kind != "event_callback":
        return Other(why="another kind of message")
    key = known_by("event", sent.name("event_id"))
    event = sent.inner("event")
    name = event.text("type")
    if name == "app_home_opened" and event.text("tab") == "home":
        view_hash = event.name("view", "hash", optional=True)
        return HomeOpened(clicker=_of_event(sent, event), view_hash=view_hash, key=key)
    if name == "reaction_added" and event.text("item", "type") == "message":
        return Reaction(
            clicker=_of_event(sent, event),
            reaction=event.name("reaction"),
            channel=event.channel("item", "channel"),
            message_ts=event.ts("item", "ts"),
            key=key,
        )
    if name in _OF_USERS | _OF_CHANNELS | _OF_THE_APP:
        return _changed(name, sent, event, key)
    return Other(why="another event", key=key)


def _of_event(sent: Payload, event: Payload) -> Clicker:
    """Events name the user's own team only where it is another than the one that hears of them."""
    team = sent.team("team_id")
    return Clicker(
        team=team,
        enterprise=sent.enterprise("enterprise_id"),
        user=event.user("user"),
        user_team=event.team_or_enterprise("user_team") if event.has("user_team") else team,
    )


def _changed(name: str, sent: Payload, event: Payload, key: str) -> Changed:
    """Users and channels come as an id, or as an object that has one."""
    whose = event.user("user", "id") or event.user("user")
    where = event.channel("channel", "id", optional=True) or event.channel("channel", optional=True)
    if (name in _OF_USERS and not whose) or (name in _OF_CHANNELS and not where):
        message = "a change of nothing"
        raise Unreadable(message)
    return Changed(event=name, team=sent.team("team_id"), user=whose, channel=where, key=key)
