"""Methods about the app itself and about people."""

from typing import Any

from local.slack.arguments import Arguments, Refused
from local.slack.state import Slack

Json = dict[str, Any]


def auth_test(slack: Slack, _asked: Arguments) -> Json:
    team, app = slack.workspace.team, slack.workspace.app
    found: Json = {
        "url": team["url"],
        "team": team["name"],
        "user": slack.workspace.users[slack.workspace.bot].name,
        "team_id": team["id"],
        "user_id": app["bot_user"],
        "bot_id": app["bot_id"],
        "is_enterprise_install": slack.faults.enterprise == "organisation",
    }
    if slack.faults.enterprise != "none":
        found["enterprise_id"] = slack.workspace.enterprise["id"]
    return found


def bots_info(slack: Slack, asked: Arguments) -> Json:
    app = slack.workspace.app
    if asked.needs("bot", "bot_not_found") != app["bot_id"]:
        raise Refused("bot_not_found")
    bot = {
        "id": app["bot_id"],
        "deleted": False,
        "name": app["name"],
        "updated": slack.workspace.users[slack.workspace.bot].updated,
        "app_id": app["id"],
        "user_id": app["bot_user"],
        "icons": {},
    }
    return {"bot": bot}


def users_info(slack: Slack, asked: Arguments) -> Json:
    user = slack.workspace.users.get(asked.needs("user", "user_not_found"))
    if user is None:
        raise Refused("user_not_found")
    return {"user": user.as_slack(bare=slack.faults.bare_users)}
