"""Methods about messages."""

from typing import Any

from local.slack import limits
from local.slack.arguments import Arguments, Refused
from local.slack.conversations import visible
from local.slack.state import Message, Slack
from local.slack.workspace import Channel

Json = dict[str, Any]


def post_message(slack: Slack, asked: Arguments) -> Json:
    channel = _writable(slack, asked.text("channel"))
    text, blocks = _content(asked)
    thread = asked.text("thread_ts") or None
    message = slack.post(
        Message(
            channel=channel.id,
            ts=slack.ts(),
            user=slack.workspace.bot,
            bot_id=slack.workspace.app["bot_id"],
            text=text,
            blocks=_with_ids(slack, blocks or []),
            thread_ts=thread,
            metadata=asked.structure("metadata", dict, "invalid_metadata_format"),
        )
    )
    return {"channel": channel.id, "ts": message.ts, "message": _as_slack(slack, message)}


def update(slack: Slack, asked: Arguments) -> Json:
    """Text without blocks takes the blocks away; neither of them leaves both as they are."""
    channel = visible(slack, asked.text("channel"))
    message = slack.messages_of(channel.id).get(asked.text("ts"))
    if message is None:
        # An ephemeral message has a ts too, and no method can change it.
        raise Refused("message_not_found")
    if message.user != slack.workspace.bot:
        raise Refused("cant_update_message")
    _refuse_closed(slack, channel)
    text, blocks = _content(asked, may_be_empty=True)
    given = blocks is not None
    if "text" in asked.values or given:
        message.before.append(message.blocks)
        message.blocks = _with_ids(slack, blocks or [])
    if "text" in asked.values:
        message.text = text
        message.edited = slack.ts()
    return {
        "channel": channel.id,
        "ts": message.ts,
        "text": message.text,
        "message": _as_slack(slack, message),
    }


def delete(slack: Slack, asked: Arguments) -> Json:
    channel = visible(slack, asked.text("channel"))
    messages = slack.messages_of(channel.id)
    message = messages.get(asked.text("ts"))
    if message is None:
        raise Refused("message_not_found")
    if message.user != slack.workspace.bot:
        raise Refused("cant_delete_message")
    del messages[message.ts]
    return {"channel": channel.id, "ts": message.ts}


def post_ephemeral(slack: Slack, asked: Arguments) -> Json:
    channel = visible(slack, asked.text("channel"))
    _refuse_closed(slack, channel)
    user = slack.workspace.users.get(asked.needs("user", "invalid_arguments"))
    if user is None or user.id not in channel.members:
        raise Refused("user_not_in_channel")
    text, blocks = _content(asked)
    message = slack.show_only(user, channel, text, _with_ids(slack, blocks or []))
    message.thread_ts = asked.text("thread_ts") or None
    return {"message_ts": message.ts}


def get_permalink(slack: Slack, asked: Arguments) -> Json:
    channel = visible(slack, asked.text("channel"))
    ts = asked.text("message_ts")
    if ts not in slack.messages_of(channel.id):
        raise Refused("message_not_found")
    url = f"{slack.workspace.team['url']}archives/{channel.id}/p{ts.replace('.', '')}"
    return {"channel": channel.id, "permalink": url}


def add_reaction(slack: Slack, asked: Arguments) -> Json:
    channel = visible(slack, asked.text("channel"))
    _refuse_closed(slack, channel)
    message = slack.messages_of(channel.id).get(asked.needs("timestamp", "no_item_specified"))
    if message is None:
        raise Refused("message_not_found")
    who = message.reactions.setdefault(asked.needs("name", "invalid_name"), [])
    if slack.workspace.bot in who:
        raise Refused("already_reacted")
    who.append(slack.workspace.bot)
    return {}


def _writable(slack: Slack, name: str) -> Channel:
    """A person's id stands for the direct message with them."""
    user = slack.workspace.users.get(name)
    if user is not None and "deleted" not in user.flags and "is_bot" not in user.flags:
        return slack.workspace.direct_message(user)
    channel = visible(slack, name)
    _refuse_closed(slack, channel)
    return channel


def _refuse_closed(slack: Slack, channel: Channel) -> None:
    if channel.is_archived:
        raise Refused("is_archived")
    if slack.workspace.bot not in channel.members:
        raise Refused("not_in_channel")


def _content(asked: Arguments, *, may_be_empty: bool = False) -> tuple[str, list[Json] | None]:
    """Checked text and blocks. Too long a text is cut without a word, as Slack does."""
    blocks: list[Json] | None = asked.structure("blocks", list, "invalid_blocks_format")
    faults = limits.faults_of_blocks(blocks or [])
    if faults:
        messages = [f"[ERROR] {fault}" for fault in faults]
        raise Refused("invalid_blocks", errors=faults, response_metadata={"messages": messages})
    text = asked.text("text")
    if not text and not blocks and not may_be_empty:
        raise Refused("no_text")
    return text[: limits.LONGEST_TEXT], blocks


def _with_ids(slack: Slack, blocks: list[Json]) -> list[Json]:
    """Slack gives each block an id that has none."""
    return [
        block if block.get("block_id") else {**block, "block_id": slack.id("b")} for block in blocks
    ]


def _as_slack(slack: Slack, message: Message) -> Json:
    return message.as_slack(team_id=slack.workspace.team_id, app_id=slack.workspace.app["id"])
