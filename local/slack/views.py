"""Methods about modals and Home tabs."""

import secrets
from typing import Any

from local.slack import limits
from local.slack.arguments import Arguments, Refused
from local.slack.state import Slack, Trigger, View

Json = dict[str, Any]


def open_view(slack: Slack, asked: Arguments) -> Json:
    content = _content(slack, asked, kind="modal")
    trigger = _exchange(slack, asked)
    for view in slack.views.values():
        if view.user == trigger.user:
            view.is_open = False
    return {"view": as_slack(slack, show(slack, trigger.user, content))}


def push(slack: Slack, asked: Arguments) -> Json:
    content = _content(slack, asked, kind="modal")
    trigger = _exchange(slack, asked)
    stack = [view for view in slack.views.values() if view.user == trigger.user and view.is_open]
    if not stack or trigger.view is None:
        raise Refused("not_found")
    if len(stack) >= limits.MOST_VIEWS:
        raise Refused("push_limit_reached")
    return {"view": as_slack(slack, show(slack, trigger.user, content, on=stack[-1]))}


def update(slack: Slack, asked: Arguments) -> Json:
    external = asked.text("external_id")
    if not asked.text("view_id") and not external:
        raise Refused("invalid_arguments")
    view = slack.views.get(asked.text("view_id")) or next(
        (it for it in slack.views.values() if external and it.content["external_id"] == external),
        None,
    )
    if view is None or not view.is_open:
        raise Refused("not_found")
    if asked.text("hash") and asked.text("hash") != view.hash:
        raise Refused("hash_conflict")
    change(slack, view, _content(slack, asked, kind="modal", instead_of=view))
    return {"view": as_slack(slack, view)}


def publish(slack: Slack, asked: Arguments) -> Json:
    content = _content(slack, asked, kind="home")
    user = slack.workspace.users.get(asked.needs("user_id", "invalid_arguments"))
    if user is None or user.team_id != slack.workspace.team_id:
        raise Refused("user_not_found")
    home = slack.homes.get(user.id)
    if home is None:
        home = View(id=slack.id("V"), user=user.id, content=content, hash="", root="")
        home.root = home.id
        slack.homes[user.id] = home
    elif asked.text("hash") and asked.text("hash") != home.hash:
        raise Refused("hash_conflict")
    change(slack, home, content)
    return {"view": as_slack(slack, home)}


def check(content: Json) -> list[str]:
    return limits.faults_of_view(content)


def show(slack: Slack, user: str, content: Json, on: View | None = None) -> View:
    view = View(id=slack.id("V"), user=user, content={}, hash="", root="")
    view.root = on.root if on else view.id
    view.previous = on.id if on else None
    slack.views[view.id] = view
    change(slack, view, content)
    return view


def change(slack: Slack, view: View, content: Json) -> None:
    """What was entered stays where block and element keep their ids, as in Slack."""
    blocks = [
        block if block.get("block_id") else {**block, "block_id": slack.id("b")}
        for block in content["blocks"]
    ]
    given: Json = {"private_metadata": "", "callback_id": "", "external_id": ""} | content
    view.content = given | {"blocks": blocks}
    view.hash = f"{slack.now():.0f}.{secrets.token_hex(4)}"
    kept = {
        block["block_id"]: {element.get("action_id") for element in limits.elements_of(block)}
        for block in blocks
    }
    view.typed = {
        block: {action: value for action, value in values.items() if action in kept[block]}
        for block, values in view.typed.items()
        if block in kept
    }


def as_slack(slack: Slack, view: View) -> Json:
    """The view object that answers and payloads carry."""
    app, team = slack.workspace.app, slack.workspace.team_id
    found: Json = {
        "id": view.id,
        "team_id": team,
        "app_id": app["id"],
        "app_installed_team_id": team,
        "bot_id": app["bot_id"],
        "hash": view.hash,
        "root_view_id": view.root,
        "previous_view_id": view.previous,
        "state": {"values": view.typed},
        "clear_on_close": False,
        "notify_on_close": False,
        "title": None,
        "close": None,
        "submit": None,
        **view.content,
    }
    if found["type"] == "home":
        found["title"] = {"type": "plain_text", "text": "View Title", "emoji": True}
    return found


def _content(slack: Slack, asked: Arguments, *, kind: str, instead_of: View | None = None) -> Json:
    content: Json | None = asked.structure("view", dict, "invalid_arguments")
    faults = ["missing required field: view"] if content is None else check(content)
    if content is not None and content.get("type") != kind:
        faults.append(f"value must be {kind} [json-pointer:/view/type]")
    if content is None or faults:
        messages = [f"[ERROR] {fault}" for fault in faults]
        raise Refused("invalid_arguments", response_metadata={"messages": messages})
    if limits.too_large(content):
        raise Refused("view_too_large")
    external = content.get("external_id")
    others = [view for view in slack.views.values() if view is not instead_of and view.is_open]
    if external and any(view.content["external_id"] == external for view in others):
        raise Refused("duplicate_external_id")
    return content


def _exchange(slack: Slack, asked: Arguments) -> Trigger:
    """A trigger is good once, and for three seconds from what the person did."""
    trigger = slack.triggers.get(asked.needs("trigger_id", "invalid_arguments"))
    if trigger is None:
        raise Refused("invalid_trigger_id")
    if slack.now() - trigger.at > slack.faults.trigger_lives:
        raise Refused("expired_trigger_id")
    if trigger.used:
        raise Refused("exchanged_trigger_id")
    trigger.used = True
    return trigger
