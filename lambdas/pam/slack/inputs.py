"""What a modal asks for. Each input's block and element have one name, by which it comes back."""

from collections.abc import Sequence
from dataclasses import dataclass

from pam.slack.blocks import Block, Json, plain_text
from pam.slack.text import plain, room, truncate

MOST_OPTIONS, _LONGEST_OPTION, _LONGEST_OPTION_VALUE = 100, 75, 75
_LONGEST_LABEL, _LONGEST_PLACEHOLDER, _LONGEST_INPUT = 2000, 150, 3000


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    value: str
    text: str
    description: str = ""


def typed(
    name: str,
    label: str,
    *,
    hint: str = "",
    placeholder: str = "",
    initial: str = "",
    optional: bool = False,
    multiline: bool = False,
) -> Block:
    """An input for text; its block and its action have its name."""
    element: Json = {
        "type": "plain_text_input",
        "action_id": name,
        "multiline": multiline,
        "max_length": _LONGEST_INPUT,
    }
    if placeholder:
        element["placeholder"] = plain_text(placeholder, longest=_LONGEST_PLACEHOLDER)
    if initial:
        element["initial_value"] = truncate(plain(initial), _LONGEST_INPUT)
    return _input(name, label, element, hint=hint, optional=optional)


def chosen(name: str, label: str, options: Sequence[Option], *, initial: str = "") -> Block:
    """A select of one. With more options than Slack takes, they are asked for while typing."""
    element: Json = {
        "action_id": name,
        "placeholder": plain_text("Choose", longest=_LONGEST_PLACEHOLDER),
    }
    if len(options) > MOST_OPTIONS:
        element |= {"type": "external_select", "min_query_length": 0}
    else:
        element |= {"type": "static_select", "options": [option(each) for each in options]}
    first = next((each for each in options if initial and each.value == initial), None)
    if first:
        element["initial_option"] = option(first)
    return _input(name, label, element, hint="", optional=False)


def ticked(name: str, label: str, choice: Option) -> Block:
    """One box that may be ticked."""
    element = {"type": "checkboxes", "action_id": name, "options": [option(choice)]}
    return _input(name, label, element, hint="", optional=True)


def option(each: Option) -> Json:
    """Raises ValueError for a value that Slack would not take: a cut one would mean another."""
    if not each.value or room(each.value) > _LONGEST_OPTION_VALUE:
        message = f"{each.value!r} is no value of an option"
        raise ValueError(message)
    made: Json = {"text": plain_text(each.text, longest=_LONGEST_OPTION), "value": each.value}
    if each.description:
        made["description"] = plain_text(each.description, longest=_LONGEST_OPTION)
    return made


def _input(name: str, label: str, element: Json, *, hint: str, optional: bool) -> Block:
    body: Json = {
        "type": "input",
        "label": plain_text(label, longest=_LONGEST_LABEL),
        "element": element,
        "optional": optional,
    }
    if hint:
        body["hint"] = plain_text(hint, longest=_LONGEST_LABEL)
    return Block(body=body, name=name)
