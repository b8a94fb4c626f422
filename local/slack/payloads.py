"""What Slack sends to an app, in Slack's own forms.

Sources: docs.slack.dev/reference/interaction-payloads (block_actions, view_submission,
view_closed, shortcuts), docs.slack.dev/interactivity/implementing-slash-commands,
docs.slack.dev/reference/events, and the bodies in slackapi/bolt-python
`tests/scenario_tests/test_block_actions.py`, `test_view_submission.py`, `test_slash_command.py`
and `test_shortcut.py`.
"""

import secrets
from typing import Any

from local.slack import views
from local.slack.state import Message, Slack, View
from local.slack.workspace import Channel, User

Json = dict[str, Any]


def block_actions(
    slack: Slack,
    user: User,
    action: Json,
    *,
    channel: Channel | None = None,
    message: Message | None = None,
    view: View | None = None,
) -> Json:
    """A click on a message, on a modal or on the Home tab."""
    found = _common(slack, user, "block_actions") | {
        "container": _container(message, view),
        "trigger_id": slack.trigger(user, view.id if view else None),
        "actions": [action | {"action_ts": slack.ts()}],
    }
    if view is not None:
        shown = views.as_slack(slack, view)
        return found | {"view": shown, "state": shown["state"]}
    if message is not None and channel is not None:
        found["channel"] = {"id": channel.id, "name": _shown_name(channel)}
        found["response_url"] = _response_url(slack, "actions")
        found["state"] = {"values": {}}
        if message.only_for is None:
            team, app = slack.workspace.team_id, slack.workspace.app["id"]
            found["message"] = message.as_slack(team_id=team, app_id=app)
    return found


def view_submission(slack: Slack, user: User, view: View) -> Json:
    return _common(slack, user, "view_submission") | {
        "trigger_id": slack.trigger(user, view.id),
        "view": views.as_slack(slack, view),
        "response_urls": [],
    }


def view_closed(slack: Slack, user: User, view: View, *, cleared: bool) -> Json:
    shown = views.as_slack(slack, view)
    return _common(slack, user, "view_closed") | {"view": shown, "is_cleared": cleared}


def shortcut(slack: Slack, user: User, callback_id: str) -> Json:
    return _common(slack, user, "shortcut") | {
        "action_ts": slack.ts(),
        "callback_id": callback_id,
        "trigger_id": slack.trigger(user),
    }


def slash_command(slack: Slack, user: User, channel: Channel, command: str, text: str) -> Json:
    found = {
        "token": slack.secrets.verification_token,
        "team_id": slack.workspace.team_id,
        "team_domain": slack.workspace.team["domain"],
        "channel_id": channel.id,
        "channel_name": _shown_name(channel),
        "user_id": user.id,
        "user_name": user.name,
        "command": command,
        "text": text,
        "api_app_id": slack.workspace.app["id"],
        "is_enterprise_install": str(_for_organisation(slack)).lower(),
        "response_url": _response_url(slack, "commands"),
        "trigger_id": slack.trigger(user),
    }
    if slack.faults.enterprise != "none":
        about = slack.workspace.enterprise
        found |= {"enterprise_id": about["id"], "enterprise_name": about["name"]}
    return found


def event_callback(slack: Slack, event: Json) -> Json:
    """An event in its wrapper; `event_ts` is set here."""
    team, app = slack.workspace.team_id, slack.workspace.app
    in_enterprise = slack.faults.enterprise != "none"
    enterprise = slack.workspace.enterprise["id"] if in_enterprise else None
    authorization = {
        "enterprise_id": enterprise,
        "team_id": team,
        "user_id": app["bot_user"],
        "is_bot": True,
        "is_enterprise_install": _for_organisation(slack),
    }
    return {
        "token": slack.secrets.verification_token,
        "team_id": team,
        "context_team_id": team,
        "context_enterprise_id": enterprise,
        "api_app_id": app["id"],
        "event": event | {"event_ts": slack.ts()},
        "type": "event_callback",
        "event_id": f"Ev{secrets.token_hex(5).upper()}",
        "event_time": int(slack.now()),
        "authorizations": [authorization],
        "is_ext_shared_channel": False,
        "event_context": secrets.token_urlsafe(24),
    }


def url_verification(slack: Slack) -> Json:
    return {
        "token": slack.secrets.verification_token,
        "challenge": secrets.token_urlsafe(32),
        "type": "url_verification",
    }


def _common(slack: Slack, user: User, kind: str) -> Json:
    workspace, in_enterprise = slack.workspace, slack.faults.enterprise != "none"
    team = {"id": workspace.team_id, "domain": workspace.team["domain"]}
    enterprise = workspace.enterprise if in_enterprise else None
    if enterprise:
        team |= {"enterprise_id": enterprise["id"], "enterprise_name": enterprise["name"]}
    # docs.slack.dev, block_suggestion: on Enterprise organisations `user.team_id` may be the
    # organisation's id.
    of_organisation = _for_organisation(slack) and user.team_id == workspace.team_id
    users_team = workspace.enterprise["id"] if of_organisation else user.team_id
    return {
        "type": kind,
        "user": {
            "id": user.id,
            "username": user.name,
            "name": user.name,
            "team_id": users_team,
        },
        "api_app_id": workspace.app["id"],
        "token": slack.secrets.verification_token,
        "team": team,
        "enterprise": enterprise,
        "is_enterprise_install": _for_organisation(slack),
    }


def _container(message: Message | None, view: View | None) -> Json:
    if view is not None:
        return {"type": "view", "view_id": view.id}
    if message is None:
        raise ValueError("nothing was clicked on")  # noqa: TRY003 - cannot happen from outside
    found: Json = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": message.channel,
        "is_ephemeral": message.only_for is not None,
    }
    if message.thread_ts:
        found["thread_ts"] = message.thread_ts
    return found


def _shown_name(channel: Channel) -> str:
    """A private channel's name is not shown to apps here."""
    if channel.with_user:
        return "directmessage"
    return "privategroup" if channel.is_private else channel.name


def _response_url(slack: Slack, kind: str) -> str:
    path = f"{slack.workspace.team_id}/{secrets.token_hex(6)}/{secrets.token_hex(12)}"
    return f"{slack.base_url}/{kind}/{path}"


def _for_organisation(slack: Slack) -> bool:
    return slack.faults.enterprise == "organisation"
