"""This Slack at a terminal: what stands where, and every person's clicks, as text.

Messages are numbered as they stand in their channel, and buttons within their message: `2.1` is the
first button of the second message, whatever comes after it. Nothing here decides anything; it all
goes through the control API, as tests do.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from local.slack.control import ControlError, Person, Seen, Shown, SlackControl

Json = dict[str, Any]

_QUIET, _AT_MOST, _LOOKS_EVERY = 0.7, 6.0, 0.05
"""Seconds: what an act brings has come when nothing has changed for so long; what it may take."""
_INDENT = "    "
_SEVERAL = {"checkboxes", "multi_static_select"}


@dataclass(frozen=True, slots=True, kw_only=True)
class After:
    """What a person saw of their act, and what came of it: messages to them alone, direct messages,
    and the form or Home that is open now, if the act opened or changed one.
    """

    seen: Seen
    said: tuple[Shown, ...]
    view: Json | None
    pressed: str = ""
    """The label of the button: its number may be another's since the card was painted anew."""

    def as_json(self) -> Json:
        return {
            "pressed": self.pressed,
            "acknowledged": self.seen.acknowledged,
            "ms": self.seen.ms,
            "error": self.seen.error,
            "via": self.seen.via,
            "shown": list(self.seen.shown),
            "said": [message.text for message in self.said],
            "view": self.view and self.view["text"],
        }


class Terminal:
    """Every method raises ControlError where a person could not do that in Slack."""

    def __init__(self, slack: SlackControl) -> None:
        self._slack = slack

    def channels(self) -> list[Json]:
        """Name, id, members and number of messages; of a direct message, `@` and the person."""
        names = self._names()
        return [
            {
                "name": f"@{names[it['user']]}" if it["is_im"] else f"#{it['name']}",
                "id": it["id"],
                "members": [names[member] for member in it["members"] if member in names],
                "messages": it["messages"],
                "shared": bool(it.get("is_ext_shared")),
                "archived": it["is_archived"],
            }
            for it in self._slack.call("channels")["channels"]
        ]

    def messages(self, place: str) -> list[Shown]:
        """Oldest first; `place` is a channel, or `@` and a person: what the app wrote to them,
        directly or in a way that only they see.
        """
        if not place.startswith("@"):
            return self._slack.messages(place)
        person = self._slack.person(place.removeprefix("@"))
        return sorted(
            [*person.direct_messages(), *person.ephemerals()], key=lambda message: message.ts
        )

    def view(self, name: str) -> Json | None:
        """What the person has before them: the topmost form, else their Home as it was opened."""
        person = self._slack.person(name)
        stack = person.views()
        return stack[-1] if stack else person.home()

    def click(self, name: str, place: str, number: str, value: str | None, via: str) -> After:
        message, button = _numbered(self.messages(place), number)
        return self._act(
            name,
            lambda person: person.click(
                message, button["action_id"], block_id=button["block_id"], value=value, **_by(via)
            ),
            pressed=button["text"],
        )

    def press(self, name: str, number: str, value: str | None, via: str) -> After:
        """The same on what the person has before them."""
        view = self.view(name)
        buttons = view["buttons"] if view else []
        button = _of(buttons, number, f"{name} has no such button before them")
        return self._act(
            name,
            lambda person: person.click_view(
                button["action_id"], block_id=button["block_id"], value=value, **_by(via)
            ),
            pressed=button["text"],
        )

    def command(self, name: str, text: str, channel: str, via: str) -> After:
        """`text` as it is typed, the command's own name first."""
        command, _, rest = text.partition(" ")
        if not command.startswith("/"):
            message = "a command begins with a slash: /jit"
            raise ControlError(message)
        where = {"channel": channel} if channel else {}
        return self._act(
            name,
            lambda person: person.command(rest.strip(), command=command, **where, **_by(via)),
        )

    def submit(self, name: str, values: Mapping[str, str], via: str) -> After:
        """`values` as they are typed; where several may be chosen, with commas between."""
        view = self.view(name)
        blocks = view["content"]["blocks"] if view else []
        entered = {each: _entered(blocks, each, value) for each, value in values.items()}
        return self._act(name, lambda person: person.submit(entered, **_by(via)))

    def home(self, name: str) -> Json | None:
        """Opens it, and waits until the app has painted it."""
        person = self._slack.person(name)
        before = person.home()
        person.open_home()
        self._settle(lambda: person.home() != before, person.home)
        return person.home()

    def react(self, name: str, place: str, number: str, reaction: str) -> After:
        """Reactions bring no answer at once; what comes of one is said to the person alone."""
        message = _of(self.messages(place), number, f"{place} has no such message")

        def reacts(person: Person) -> Seen:
            person.react(message, reaction)
            return Seen(acknowledged=True, ms=None, error=None, via="event", shown=(), delivery=0)

        return self._act(name, reacts)

    def _act(self, name: str, does: Callable[[Person], Seen], pressed: str = "") -> After:
        person = self._slack.person(name)
        said, view = self._said(person), self.view(name)
        seen = does(person)
        self._settle(lambda: True, lambda: (self._said(person), self.view(name)))
        now = self.view(name)
        known = {message.ts for message in said}
        return After(
            seen=seen,
            said=tuple(it for it in self._said(person) if it.ts not in known),
            view=now if now != view else None,
            pressed=pressed,
        )

    def _said(self, person: Person) -> list[Shown]:
        return self.messages(f"@{person.name}")

    def _settle(self, begun: Callable[[], bool], look: Callable[[], object]) -> None:
        deadline, before, since = time.monotonic() + _AT_MOST, look(), time.monotonic()
        while time.monotonic() < deadline:
            time.sleep(_LOOKS_EVERY)
            now = look()
            if now != before:
                before, since = now, time.monotonic()
            elif time.monotonic() - since > _QUIET and begun():
                return

    def _names(self) -> dict[str, str]:
        return {it["id"]: it["name"] for it in self._slack.call("people")["people"]}


def channels_as_text(channels: Sequence[Json]) -> Iterator[str]:
    width = max((len(it["name"]) for it in channels), default=0)
    for it in channels:
        marks = [name for name in ("shared", "archived") if it[name]]
        who = "" if it["name"].startswith("@") else f"  {', '.join(it['members'])}"
        about = f" ({', '.join(marks)})" if marks else ""
        yield f"{it['name']:<{width}}  {it['messages']:>3} messages{about}{who}"


def messages_as_text(messages: Sequence[Shown]) -> Iterator[str]:
    """A thread stands under its message."""
    numbers = {message.ts: number for number, message in enumerate(messages, start=1)}
    replies: dict[str, list[Shown]] = {}
    for it in messages:
        if it.thread_ts and it.thread_ts != it.ts and it.thread_ts in numbers:
            replies.setdefault(it.thread_ts, []).append(it)
    below = {it.ts for each in replies.values() for it in each}
    for message in messages:
        if message.ts not in below:
            yield from _message_as_text(message, numbers, "")
            for reply in replies.get(message.ts, []):
                yield from _message_as_text(reply, numbers, _INDENT)


def view_as_text(view: Json) -> Iterator[str]:
    yield from view["text"].splitlines()
    inputs = [block for block in view["content"]["blocks"] if block["type"] == "input"]
    if inputs:
        yield ""
        yield "to fill in:"
        yield from (f"{_INDENT}{_input_as_text(block)}" for block in inputs)
    if view["buttons"]:
        yield ""
        yield _buttons_as_text(view["buttons"], "")


def after_as_text(after: After) -> Iterator[str]:
    if after.pressed:
        yield f"pressed [{after.pressed}]"
    if after.seen.acknowledged:
        took = "" if after.seen.ms is None else f" after {after.seen.ms:.0f} ms"
        yield f"acknowledged{took} ({after.seen.via})"
    else:
        yield f"NOT acknowledged: {after.seen.error} ({after.seen.via})"
    known = {message.fallback for message in after.said}
    yield from (line for line in after.seen.shown if line and line not in known)
    for message in after.said:
        yield ""
        yield from message.text.splitlines()
    if after.view:
        yield ""
        yield from view_as_text(after.view)


def _message_as_text(message: Shown, numbers: dict[str, int], indent: str) -> Iterator[str]:
    number = numbers[message.ts]
    at = datetime.fromtimestamp(float(message.ts), UTC).strftime("%H:%M:%S")
    edited = ", painted anew" if message.edited else ""
    yield f"{indent}{number:>2}  {at} UTC{edited}"
    yield from (f"{indent}{_INDENT}{line}" for line in message.text.splitlines())
    if message.buttons:
        yield f"{indent}{_INDENT}{_buttons_as_text(message.buttons, f'{number}.')}"
    if message.reactions:
        marks = [f":{name}: {len(who)}" for name, who in message.reactions.items()]
        yield f"{indent}{_INDENT}{'  '.join(marks)}"


def _buttons_as_text(buttons: Sequence[Json], prefix: str) -> str:
    labels = (button["text"] or f"({button['type']} {button['action_id']})" for button in buttons)
    numbered = (f"{prefix}{number} [{label}]" for number, label in enumerate(labels, start=1))
    return "press: " + "   ".join(numbered)


def _input_as_text(block: Json) -> str:
    element = block["element"]
    options = [option["value"] for option in element.get("options", [])]
    what = " | ".join(options) or "text"
    initial = element.get("initial_value") or element.get("initial_option", {}).get("value", "")
    begins = f", begins with {initial}" if initial else ""
    needed = " (may stay empty)" if block.get("optional") else ""
    return f"{block['block_id']}={what}{begins}{needed}"


def _entered(blocks: Sequence[Json], name: str, value: str) -> Any:
    for block in blocks:
        element = block.get("element", {})
        if element.get("action_id") == name and element["type"] in _SEVERAL:
            return [each for each in value.split(",") if each]
    return value


def _numbered(messages: Sequence[Shown], number: str) -> tuple[Shown, Json]:
    which, _, button = number.partition(".")
    message = _of(messages, which, f"there is no message {which}")
    has = f"message {which} has {len(message.buttons)}"
    return message, _of(message.buttons, button or "1", f"there is no button {number}: {has}")


def _of(found: Sequence[Any], number: str, otherwise: str) -> Any:
    if not number.isdecimal() or not 1 <= int(number) <= len(found):
        raise ControlError(otherwise)
    return found[int(number) - 1]


def _by(via: str) -> Json:
    return {"via": via} if via else {}
