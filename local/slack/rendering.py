"""Messages and views as plain text, the way a terminal can show them."""

import html
import re
from typing import Any

from local.slack.state import Message, Slack, View

Json = dict[str, Any]

_MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>")
_CHANNEL = re.compile(r"<#(C[A-Z0-9]+)(?:\|[^>]*)?>")
_BROADCAST = re.compile(r"<!(here|channel|everyone)(?:\|[^>]*)?>")
_LINK = re.compile(r"<((?:https?|mailto)[^|>]*)\|([^>]*)>")
_BARE_LINK = re.compile(r"<((?:https?|mailto)[^|>]*)>")


def message_text(slack: Slack, message: Message) -> str:
    """Its blocks, or its text where it has none. What is live is marked: a broadcast as
    `@@channel`, a link as `text [url]`, so that a test sees an injection.
    """
    if not message.blocks:
        return mrkdwn(slack, message.text)
    return blocks_text(slack, message.blocks)


def view_text(slack: Slack, view: View) -> str:
    content = view.content
    title = content.get("title")
    parts = [f"= {title['text']} =" if title else "= Home =", blocks_text(slack, content["blocks"])]
    parts += [f"[{content[name]['text']}]" for name in ("submit", "close") if content.get(name)]
    return "\n".join(parts)


def blocks_text(slack: Slack, blocks: list[Json]) -> str:
    return "\n".join(line for block in blocks if (line := _block(slack, block)))


def buttons(blocks: list[Json]) -> list[Json]:
    """What there is to press: action id, label, value."""
    found = []
    for block in blocks:
        parts = [*block.get("elements", [])] if block["type"] == "actions" else []
        parts += [block["accessory"]] if block.get("accessory") else []
        found += [
            {
                "action_id": part.get("action_id"),
                "block_id": block.get("block_id"),
                "type": part["type"],
                "text": part.get("text", {}).get("text", ""),
                "value": part.get("value"),
            }
            for part in parts
            if part["type"] != "image"
        ]
    return found


def mrkdwn(slack: Slack, text: str) -> str:
    """Tokens are read before entities, as Slack does it: `&lt;!here&gt;` stays text."""
    text = _BROADCAST.sub(r"@@\1", text)
    text = _LINK.sub(r"\2 [\1]", text)
    text = _BARE_LINK.sub(r"[\1]", text)
    text = _MENTION.sub(lambda found: f"@{_name(slack, found[1])}", text)
    text = _CHANNEL.sub(lambda found: f"#{_channel(slack, found[1])}", text)
    return html.unescape(text)


def _block(slack: Slack, block: Json) -> str:  # noqa: PLR0911 - one line a kind
    match block["type"]:
        case "header":
            return f"# {_text(slack, block['text'])}"
        case "divider":
            return "---"
        case "section":
            texts = [block["text"]] if block.get("text") else []
            lines = [_text(slack, text) for text in [*texts, *block.get("fields", [])]]
            accessory = block.get("accessory")
            return "\n".join([*lines, *([_element(accessory)] if accessory else [])])
        case "context":
            return " ".join(_text(slack, it) for it in block["elements"] if it["type"] != "image")
        case "actions":
            return " ".join(_element(element) for element in block["elements"])
        case "input":
            return f"{block['label']['text']}: {_element(block['element'])}"
        case "markdown":
            return str(block["text"])
        case "rich_text":
            return _rich(slack, block["elements"])
        case "image":
            return f"({block['alt_text']})"
        case kind:
            return f"({kind})"


def _element(element: Json) -> str:
    if element["type"] == "button":
        return f"[{element['text']['text']}]"
    options = [option["text"]["text"] for option in element.get("options", [])]
    for group in element.get("option_groups", []):
        options += [option["text"]["text"] for option in group["options"]]
    shown = " | ".join(options) or element.get("initial_value", "")
    return f"<{shown or element['type']}>"


def _text(slack: Slack, text: Json) -> str:
    """Plain text decodes the three entities, and reads no token."""
    shown = str(text["text"])
    return mrkdwn(slack, shown) if text["type"] == "mrkdwn" else html.unescape(shown)


def _rich(slack: Slack, elements: list[Json]) -> str:
    found = []
    for element in elements:
        match element.get("type"):
            case "text":
                found.append(str(element["text"]))
            case "user":
                found.append(f"@{_name(slack, element['user_id'])}")
            case "broadcast":
                found.append(f"@@{element['range']}")
            case "link":
                found.append(f"{element.get('text', '')} [{element['url']}]")
            case _:
                found.append(_rich(slack, element.get("elements", [])))
    return "".join(found)


def _name(slack: Slack, user_id: str) -> str:
    user = slack.workspace.users.get(user_id)
    return user.name if user else user_id


def _channel(slack: Slack, channel_id: str) -> str:
    channel = slack.workspace.channels.get(channel_id)
    return channel.name if channel else channel_id
