"""Methods about channels, and what the bot may see of them."""

import base64
from typing import Any

from local.slack.arguments import Arguments, Refused
from local.slack.state import Slack
from local.slack.workspace import Channel

Json = dict[str, Any]

_LARGEST_PAGE = 1000


def visible(slack: Slack, channel_id: str) -> Channel:
    """A channel that the bot can see: a private one that it is not in does not exist for it."""
    channel = slack.workspace.channels.get(channel_id)
    if channel is None or (channel.is_private and slack.workspace.bot not in channel.members):
        raise Refused("channel_not_found")
    return channel


def info(slack: Slack, asked: Arguments) -> Json:
    channel = visible(slack, asked.text("channel"))
    found = channel.as_slack(team_id=slack.workspace.team_id, viewer=slack.workspace.bot)
    if asked.true("include_num_members"):
        found["num_members"] = len(channel.members)
    return {"channel": found}


def members(slack: Slack, asked: Arguments) -> Json:
    channel = visible(slack, asked.text("channel"))
    page, cursor = _page(sorted(channel.members), asked, otherwise=100)
    return {"members": page, "response_metadata": {"next_cursor": cursor}}


def of_user(slack: Slack, asked: Arguments) -> Json:
    """The channels that a person is in (by default the bot), as far as the bot sees them."""
    user = asked.text("user", otherwise=slack.workspace.bot)
    if user not in slack.workspace.users:
        raise Refused("user_not_found")
    kinds = set(asked.text("types", otherwise="public_channel").split(","))
    seen = [
        channel
        for channel in slack.workspace.channels.values()
        if user in channel.members
        and (not channel.is_private or slack.workspace.bot in channel.members)
        and _kind(channel) in kinds
        and not (channel.is_archived and asked.true("exclude_archived"))
    ]
    page, cursor = _page(sorted(seen, key=lambda channel: channel.id), asked, otherwise=100)
    about = [
        channel.as_slack(team_id=slack.workspace.team_id, viewer=slack.workspace.bot)
        for channel in page
    ]
    return {"channels": about, "response_metadata": {"next_cursor": cursor}}


def open_direct(slack: Slack, asked: Arguments) -> Json:
    """The direct message with one person; several people at once are not offered here."""
    if asked.text("channel"):
        channel = visible(slack, asked.text("channel"))
        return {"channel": {"id": channel.id}, "no_op": True, "already_open": True}
    named = [name for name in asked.text("users").split(",") if name]
    if not named:
        raise Refused("users_list_not_supplied")
    user = slack.workspace.users.get(named[0])
    if user is None or len(named) > 1:
        raise Refused("user_not_found")
    if "deleted" in user.flags:
        raise Refused("user_disabled")
    if "is_bot" in user.flags:
        raise Refused("cannot_dm_bot")
    channel = slack.workspace.direct_message(user)
    if asked.true("return_im"):
        about = channel.as_slack(team_id=slack.workspace.team_id, viewer=slack.workspace.bot)
        return {"channel": about}
    return {"channel": {"id": channel.id}}


def _kind(channel: Channel) -> str:
    if channel.with_user:
        return "im"
    return "private_channel" if channel.is_private else "public_channel"


def _page(found: list[Any], asked: Arguments, *, otherwise: int) -> tuple[list[Any], str]:
    limit = asked.number("limit", otherwise=otherwise, error="invalid_limit")
    if not 0 < limit <= _LARGEST_PAGE:
        raise Refused("invalid_limit")
    try:
        start = int(base64.b64decode(asked.text("cursor"), validate=True).decode() or 0)
    except ValueError:
        raise Refused("invalid_cursor") from None
    after = start + limit
    cursor = base64.b64encode(str(after).encode()).decode() if after < len(found) else ""
    return found[start:after], cursor
