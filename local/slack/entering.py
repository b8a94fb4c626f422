"""What a person can do with a view or a message: which element, and what they enter there.

Forms of state values: docs.slack.dev/reference/interaction-payloads/view-interactions-payload.
"""

from typing import Any

from local.slack import limits

Json = dict[str, Any]


class Impossible(Exception):
    """A person could not do this in Slack's client; the message says why."""


_CHOICES = {
    "static_select": "selected_option",
    "external_select": "selected_option",
    "radio_buttons": "selected_option",
    "overflow": "selected_option",
    "multi_static_select": "selected_options",
    "checkboxes": "selected_options",
    "users_select": "selected_user",
    "channels_select": "selected_channel",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "plain_text_input": "value",
    "number_input": "value",
}
_INITIAL = {
    "selected_option": "initial_option",
    "selected_options": "initial_options",
    "selected_user": "initial_user",
    "selected_channel": "initial_channel",
    "selected_date": "initial_date",
    "selected_time": "initial_time",
    "value": "initial_value",
}


def element(blocks: list[Json], action_id: str, block_id: str | None) -> tuple[Json, Json]:
    """(block, element) with this action id; raises `Impossible`."""
    for block in blocks:
        if block_id is None or block["block_id"] == block_id:
            for found in limits.elements_of(block):
                if found.get("action_id") == action_id:
                    return block, found
    message = f"there is no {action_id} to press"
    raise Impossible(message)


def pressed(block: Json, element: Json, value: Any) -> Json:
    """The action of a click, or of a choice from a menu."""
    action: Json = {
        "action_id": element["action_id"],
        "block_id": block["block_id"],
        "type": element["type"],
    }
    if element["type"] != "button":
        return action | entered(element, value)
    action["text"] = element["text"]
    return action | {name: element[name] for name in ("value", "style") if name in element}


def entered(element: Json, value: Any) -> Json:
    """A value in the element's own form. Choices are named by the option's value."""
    kind = element["type"]
    key = _CHOICES.get(kind)
    if key is None:
        message = f"nothing can be entered into {kind}"
        raise Impossible(message)
    if key == "selected_option" and value is not None:
        value = _option(element, value)
    elif key == "selected_options":
        value = [_option(element, one) for one in value or []]
    elif key == "value" and value is not None:
        value = str(value)
        _check_length(element, value)
    return {"type": kind, key: value}


def state(blocks: list[Json], values: dict[str, Any]) -> dict[str, Json]:
    """State of a view: what it began with, and on top what the person enters.

    `values` is by action id, or by `block_id/action_id` where an action id stands twice. Raises
    `Impossible` where Slack's client would not send: a required input without a value, a text too
    long, an option that is not offered, a field that is not there.
    """
    found: dict[str, Json] = {}
    used: set[str] = set()
    for block in blocks:
        for part in limits.elements_of(block):
            action, key = part.get("action_id"), _CHOICES.get(part.get("type", ""))
            if action is None or key is None:
                continue
            named = f"{block['block_id']}/{action}"
            given = named if named in values else action
            used.add(given)
            if given in values:
                value = entered(part, values[given])
            else:
                value = {"type": part["type"], key: part.get(_INITIAL[key])}
            found.setdefault(block["block_id"], {})[action] = value
            if block["type"] == "input" and not block.get("optional") and not value[key]:
                message = f"{named} must be filled in"
                raise Impossible(message)
    unknown = values.keys() - used
    if unknown:
        message = f"there is no field {', '.join(sorted(unknown))}"
        raise Impossible(message)
    return found


def _option(element: Json, value: Any) -> Json:
    if isinstance(value, dict):
        return value
    groups = [group["options"] for group in element.get("option_groups", [])]
    for options in (element.get("options", []), *groups):
        for option in options:
            if option["value"] == value:
                return dict(option)
    message = f"{value} is not offered in {element.get('action_id')}"
    raise Impossible(message)


def _check_length(element: Json, value: str) -> None:
    if not element.get("min_length", 0) <= len(value) <= element.get("max_length", 3000):
        message = f"{element['action_id']} takes another length"
        raise Impossible(message)
