"""Block Kit's limits, checked where Slack checks them: at the door, and all or nothing.

Sources: docs.slack.dev/reference/block-kit (blocks, block-elements, composition-objects) and
docs.slack.dev/reference/views. Blocks that PAM has no use for are refused as unsupported.
"""

import json

from local.slack.shapes import (
    Check,
    Json,
    anything,
    boolean,
    by_type,
    complain,
    fields,
    items,
    one_of,
    string,
    whole,
)

MESSAGE_BLOCKS, VIEW_BLOCKS = 50, 100
LONGEST_TEXT = 40_000
MOST_VIEWS = 3
_LARGEST_VIEW = 250_000
_MARKDOWN_OF_A_MESSAGE = 12_000


def _plain(longest: int) -> Check:
    required = {"type": one_of("plain_text"), "text": string(longest)}
    return fields(required, {"emoji": boolean})


def _mrkdwn(longest: int) -> Check:
    required = {"type": one_of("mrkdwn"), "text": string(longest)}
    return fields(required, {"verbatim": boolean})


def _text(longest: int) -> Check:
    return by_type({"plain_text": _plain(longest), "mrkdwn": _mrkdwn(longest)})


def _block(kind: str, required: dict[str, Check], optional: dict[str, Check]) -> Check:
    return fields({"type": one_of(kind)} | required, {"block_id": string(255)} | optional)


def _element(kind: str, required: dict[str, Check], optional: dict[str, Check]) -> Check:
    return fields({"type": one_of(kind)} | required, {"action_id": string(255)} | optional)


_CONFIRM = fields(
    {"title": _plain(100), "text": _text(300), "confirm": _plain(30), "deny": _plain(30)},
    {"style": one_of("primary", "danger")},
)
_PLACEHOLDER: dict[str, Check] = {"placeholder": _plain(150), "focus_on_load": boolean}
_ASKS: dict[str, Check] = {"confirm": _CONFIRM}


def _option(text: Check, value: int = 150) -> Check:
    required = {"text": text, "value": string(value)}
    return fields(required, {"description": _text(75), "url": string(3000)})


_MENU_OPTION = _option(_plain(75))
_BOX_OPTION = _option(_text(75))
_GROUP = fields({"label": _plain(75), "options": items(_MENU_OPTION, 100)}, {})

_BUTTON = _element(
    "button",
    {"text": _plain(75)},
    _ASKS
    | {
        "value": string(2000),
        "url": string(3000),
        "style": one_of("primary", "danger"),
        "accessibility_label": string(75),
    },
)
_MENU = _ASKS | _PLACEHOLDER
_STATIC_MENU: dict[str, Check] = {
    "options": items(_MENU_OPTION, 100),
    "option_groups": items(_GROUP, 100),
    "initial_option": _MENU_OPTION,
}
_PICKS: dict[str, Check] = {
    "static_select": _element("static_select", {}, _MENU | _STATIC_MENU),
    "multi_static_select": _element(
        "multi_static_select",
        {},
        _MENU
        | _STATIC_MENU
        | {"initial_options": items(_MENU_OPTION, 100), "max_selected_items": whole(1, 100)},
    ),
    "external_select": _element(
        "external_select",
        {},
        _MENU | {"initial_option": _MENU_OPTION, "min_query_length": whole(0, 255)},
    ),
    "users_select": _element("users_select", {}, _MENU | {"initial_user": string(255)}),
    "channels_select": _element("channels_select", {}, _MENU | {"initial_channel": string(255)}),
    "radio_buttons": _element(
        "radio_buttons",
        {"options": items(_BOX_OPTION, 10)},
        _ASKS | {"initial_option": _BOX_OPTION, "focus_on_load": boolean},
    ),
    "checkboxes": _element(
        "checkboxes",
        {"options": items(_BOX_OPTION, 10)},
        _ASKS | {"initial_options": items(_BOX_OPTION, 10), "focus_on_load": boolean},
    ),
    "datepicker": _element("datepicker", {}, _MENU | {"initial_date": string(10, 10)}),
    "timepicker": _element(
        "timepicker", {}, _MENU | {"initial_time": string(5, 5), "timezone": string(100)}
    ),
}
_OVERFLOW = _element("overflow", {"options": items(_MENU_OPTION, 5)}, _ASKS)
_IMAGE = fields(
    {"type": one_of("image"), "alt_text": string(2000)},
    {"image_url": string(3000), "slack_file": anything},
)
_TEXT_INPUT = _element(
    "plain_text_input",
    {},
    _PLACEHOLDER
    | {
        "initial_value": string(3000, 0),
        "multiline": boolean,
        "min_length": whole(0, 3000),
        "max_length": whole(1, 3000),
        "dispatch_action_config": anything,
    },
)
_NUMBER_INPUT = _element(
    "number_input",
    {"is_decimal_allowed": boolean},
    _PLACEHOLDER
    | {"initial_value": string(100), "min_value": string(100), "max_value": string(100)},
)

_PRESSED = {"button": _BUTTON, "overflow": _OVERFLOW, **_PICKS}
_BLOCKS: dict[str, Check] = {
    "section": _block(
        "section",
        {},
        {
            "text": _text(3000),
            "fields": items(_text(2000), 10),
            "accessory": by_type({**_PRESSED, "image": _IMAGE}),
            "expand": boolean,
        },
    ),
    "actions": _block(
        "actions", {"elements": items(by_type(_PRESSED), 25, unique="action_id")}, {}
    ),
    "context": _block(
        "context",
        {
            "elements": items(
                by_type({"plain_text": _plain(3000), "mrkdwn": _mrkdwn(3000), "image": _IMAGE}), 10
            )
        },
        {},
    ),
    "header": _block("header", {"text": _plain(150)}, {}),
    "divider": _block("divider", {}, {}),
    "image": _block(
        "image",
        {"alt_text": string(2000)},
        {"image_url": string(3000), "slack_file": anything, "title": _plain(2000)},
    ),
    "input": _block(
        "input",
        {
            "label": _plain(2000),
            "element": by_type(
                {**_PICKS, "plain_text_input": _TEXT_INPUT, "number_input": _NUMBER_INPUT}
            ),
        },
        {"hint": _plain(2000), "optional": boolean, "dispatch_action": boolean},
    ),
    "rich_text": _block("rich_text", {"elements": items(anything, 1000)}, {}),
    "markdown": _block("markdown", {"text": string(12_000)}, {}),
}

_VIEW_OPTIONAL: dict[str, Check] = {
    "private_metadata": string(3000, 0),
    "callback_id": string(255, 0),
    "external_id": string(255, 0),
}
_VIEW_BLOCKS = items(by_type(_BLOCKS), VIEW_BLOCKS, unique="block_id")
_VIEW = by_type(
    {
        "modal": fields(
            {"type": one_of("modal"), "title": _plain(24), "blocks": _VIEW_BLOCKS},
            _VIEW_OPTIONAL
            | {
                "submit": _plain(24),
                "close": _plain(24),
                "clear_on_close": boolean,
                "notify_on_close": boolean,
                "submit_disabled": boolean,
            },
        ),
        "home": fields({"type": one_of("home"), "blocks": _VIEW_BLOCKS}, _VIEW_OPTIONAL),
    }
)
_MESSAGE_BLOCKS = items(by_type(_BLOCKS), MESSAGE_BLOCKS, 0, unique="block_id")


def faults_of_blocks(blocks: list[Json]) -> list[str]:
    """What Slack would not take of a message's blocks; empty if it takes them."""
    found: list[str] = []
    _MESSAGE_BLOCKS(blocks, "/blocks", found)
    _look_inside(blocks, "/blocks", found)
    return found


def faults_of_view(view: Json) -> list[str]:
    """What Slack would not take of a modal or a Home tab; empty if it takes it."""
    found: list[str] = []
    _VIEW(view, "/view", found)
    blocks = view.get("blocks")
    if isinstance(blocks, list):
        _look_inside(blocks, "/view/blocks", found)
        inputs = any(isinstance(block, dict) and block.get("type") == "input" for block in blocks)
        if inputs and view.get("type") == "modal" and not view.get("submit"):
            complain(found, "missing required field: submit", "/view")
    return found


def too_large(view: Json) -> bool:
    return len(json.dumps(view).encode()) > _LARGEST_VIEW


def _look_inside(blocks: list[Json], where: str, found: list[str]) -> None:
    """What holds between the parts of a block."""
    markdown = 0
    for number, block in enumerate(blocks):
        if not isinstance(block, dict):
            continue
        at = f"{where}/{number}"
        if block.get("type") == "section" and not (block.get("text") or block.get("fields")):
            complain(found, "must define either `text` or `fields`", at)
        if block.get("type") == "markdown":
            markdown += len(str(block.get("text", "")))
        for element in elements_of(block):
            _look_at_menu(element, at, found)
    if markdown > _MARKDOWN_OF_A_MESSAGE:
        complain(found, f"must be less than {_MARKDOWN_OF_A_MESSAGE + 1} characters", where)


def _look_at_menu(element: Json, where: str, found: list[str]) -> None:
    if element.get("type") in {"static_select", "multi_static_select"}:
        given = [name for name in ("options", "option_groups") if element.get(name)]
        if len(given) != 1:
            complain(found, "must define either `options` or `option_groups`", where)


def elements_of(block: Json) -> list[Json]:
    """The interactive elements of a block, wherever they stand in it."""
    listed = block.get("elements")
    found = [*(listed if isinstance(listed, list) else [])]
    found += [block[name] for name in ("accessory", "element") if block.get(name)]
    return [element for element in found if isinstance(element, dict)]
