"""What Block Kit takes, counted here once more, and by the models of Slack's own SDK."""

from collections.abc import Iterator
from typing import Any

from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View as SdkView

from pam.slack.blocks import Message, View

Json = dict[str, Any]
LONGEST = {
    ("section", "text"): 3000,
    ("section", "fields"): 2000,
    ("header", "text"): 150,
    ("context", "elements"): 2000,
    ("button", "text"): 75,
    ("option", "text"): 75,
    ("option", "description"): 75,
    ("input", "label"): 2000,
    ("input", "hint"): 2000,
    ("plain_text_input", "placeholder"): 150,
    ("static_select", "placeholder"): 150,
    ("external_select", "placeholder"): 150,
    ("modal", "title"): 24,
    ("modal", "submit"): 24,
    ("modal", "close"): 24,
}
MOST = {
    ("section", "fields"): 10,
    ("actions", "elements"): 25,
    ("context", "elements"): 10,
    ("static_select", "options"): 100,
}


def as_slack_may_count(text: str) -> int:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return max(len(escaped), len(escaped.encode("utf-16-le")) // 2)


def objects(value: Any, within: str = "", field: str = "") -> Iterator[tuple[str, str, Json]]:
    """Each object, with the kind of that which has it, and the field where it stands."""
    if isinstance(value, list):
        for each in value:
            yield from objects(each, within, field)
    if isinstance(value, dict):
        yield within, field, value
        kind = value.get("type") or ("option" if "value" in value else "")
        for name, each in value.items():
            yield from objects(each, kind if kind != "plain_text" else within, name)


def faults(whole: Json) -> Iterator[str]:
    """Whatever in it Slack would refuse, or would read as markup."""
    for within, field, each in objects(whole):
        kind = each.get("type") or ("option" if "value" in each else "")
        if kind == "mrkdwn":
            yield f"markup in {within}.{field}"
        if kind == "plain_text":
            yield from _of_text(within, field, each["text"])
        if kind == "rich_text":
            said = [o["text"] for _, _, o in objects(each) if o.get("type") == "text"]
            if not all(said) or not 1 <= as_slack_may_count("".join(said)) <= 3000:
                yield f"a rich text of {as_slack_may_count(''.join(said))} characters"
        yield from _of_counts(kind, each)


def _of_text(within: str, field: str, text: str) -> Iterator[str]:
    longest = LONGEST.get((within, field))
    if longest is None:
        yield f"a text where none is known: {within}.{field}"
    elif not 1 <= as_slack_may_count(text) <= longest:
        yield f"{within}.{field} has {as_slack_may_count(text)} characters"


def _of_counts(kind: str, each: Json) -> Iterator[str]:
    for (of, list_field), most in MOST.items():
        if kind == of and list_field in each and not 1 <= len(each[list_field]) <= most:
            yield f"{kind}.{list_field} has {len(each[list_field])} entries"
    if kind == "option" and not 1 <= len(each["value"]) <= 75:
        yield "an option's value"
    if kind == "button" and len(each.get("value", "")) > 2000:
        yield "a button's value"


def faults_of_blocks(blocks: list[Json], most: int) -> Iterator[str]:
    if not 1 <= len(blocks) <= most:
        yield f"{len(blocks)} blocks"
    ids = [each["block_id"] for each in blocks]
    if len(set(ids)) < len(ids) or not all(1 <= len(each) <= 255 for each in ids):
        yield "ids of blocks"
    for each in blocks:
        yield from faults(each)


def faults_of_message(message: Message) -> list[str]:
    found = [*faults_of_blocks(list(message.blocks), 50)]
    if not 1 <= len(message.text) <= 40_000:
        found.append("no text, or too much")
    return found


def faults_of_view(view: View) -> list[str]:
    found = [*faults_of_blocks(view.body["blocks"], 100)]
    outside = {name: value for name, value in view.body.items() if name != "blocks"}
    found += faults(outside)
    if len(view.body.get("private_metadata", "")) > 3000:
        found.append("private_metadata")
    return found


def judged_by_the_sdk(blocks: list[Json]) -> None:
    """Raises SlackObjectFormationError, or knows a block not at all."""
    parsed = Block.parse_all(blocks)
    assert [each.type for each in parsed] == [each["type"] for each in blocks]
    for each in parsed:
        each.to_dict()


def view_judged_by_the_sdk(view: View) -> None:
    known = {name: value for name, value in view.body.items() if name != "blocks"}
    judged_by_the_sdk(view.body["blocks"])
    SdkView(**known, blocks=Block.parse_all(view.body["blocks"])).to_dict()
