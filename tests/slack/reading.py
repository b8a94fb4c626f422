"""What a reader sees of a message or a view, and what they can press."""

from collections.abc import Iterable, Iterator
from typing import Any

from pam.slack.blocks import Message, View

Json = dict[str, Any]


def blocks_of(shown: Message | View) -> list[Json]:
    return list(shown.blocks) if isinstance(shown, Message) else shown.body["blocks"]


def objects(value: Any) -> Iterator[Json]:
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from objects(each)
    if isinstance(value, (list, tuple)):
        for each in value:
            yield from objects(each)


def lines(shown: Message | View) -> list[str]:
    """All text in the order in which it stands, line by line."""
    found = [
        each["text"] for each in objects(blocks_of(shown)) if isinstance(each.get("text"), str)
    ]
    return [line for text in found for line in text.split("\n")]


def text(shown: Message | View) -> str:
    return "\n".join(lines(shown))


def quotations(shown: Message | View) -> list[str]:
    """What stands as somebody's own words."""
    quotes = (each for each in objects(blocks_of(shown)) if each.get("type") == "rich_text_quote")
    return ["".join(element["text"] for element in quote["elements"]) for quote in quotes]


def commands(shown: Message | View) -> list[str]:
    styled = (each for each in objects(blocks_of(shown)) if each.get("style") == {"code": True})
    return [each["text"] for each in styled]


def buttons(shown: Message | View) -> list[str]:
    """Their action ids."""
    return [each["action_id"] for each in objects(blocks_of(shown)) if each.get("type") == "button"]


def kinds_of_text(all_shown: Iterable[Message | View]) -> set[str]:
    """In which sorts of objects text stands at all."""
    return {
        each["type"]
        for shown in all_shown
        for each in objects(blocks_of(shown))
        if isinstance(each.get("text"), str)
    }
