"""The client of the control API: each person as an object that types, clicks and looks.

slack = SlackControl.of(port_file)
alice, bob = slack.person("alice"), slack.person("bob")
alice.command("core-ledger-db 30m look at the late entries")
card = slack.messages("core-approvals")[-1]
bob.click(card, "pam.approve")
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from local.control import Control, ControlError

__all__ = ["ControlError", "Person", "Seen", "Shown", "SlackControl"]

Json = dict[str, Any]
Found = TypeVar("Found")

_POLLS_EVERY = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a person saw of what they did."""

    acknowledged: bool
    ms: float | None
    error: str | None
    via: str
    shown: tuple[str, ...]
    delivery: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A message as it stands: `text` is what one reads, `fallback` what notifications say."""

    channel: str
    ts: str
    user: str
    thread_ts: str | None
    edited: bool
    fallback: str
    text: str
    buttons: list[Json]
    blocks: list[Json]
    reactions: dict[str, list[str]]
    updates: int

    @property
    def action_ids(self) -> list[str]:
        return [button["action_id"] for button in self.buttons]


class SlackControl(Control):
    """Its verbs are those of `acts.py`, `changes.py`, `looking.py` and `control_api.Switches`."""

    def person(self, name: str) -> "Person":
        return Person(self, name)

    def messages(self, channel: str) -> list[Shown]:
        return [Shown(**it) for it in self.call("messages", channel=channel)["messages"]]

    def thread(self, parent: Shown) -> list[Shown]:
        """The replies to a message, oldest first."""
        return [
            it
            for it in self.messages(parent.channel)
            if it.thread_ts == parent.ts and it.ts != parent.ts
        ]

    def counts(self) -> Json:
        return self.call("counts")

    def deliveries(self, after: int = 0) -> list[Json]:
        found: list[Json] = self.call("deliveries", after=after)["deliveries"]
        return found

    def knobs(self, **changes: Any) -> Json:
        return self.call("knobs", **changes)

    def wait_until(self, found: Callable[[], Found | None], *, seconds: float = 30) -> Found:
        """The first thing that `found` answers and that is not false; raises `TimeoutError`."""
        deadline = time.monotonic() + seconds
        while not (it := found()):
            if time.monotonic() > deadline:
                message = f"not seen within {seconds} s"
                raise TimeoutError(message)
            time.sleep(_POLLS_EVERY)
        return it


class Person:
    def __init__(self, slack: SlackControl, name: str) -> None:
        self._slack, self.name = slack, name

    def command(self, text: str = "", **how: Any) -> Seen:
        return self._act("command", text=text, **how)

    def click(self, message: Shown, action_id: str, **how: Any) -> Seen:
        place = {"channel": message.channel, "ts": message.ts}
        return self._act("click", **place, action_id=action_id, **how)

    def click_view(self, action_id: str, **how: Any) -> Seen:
        return self._act("click_view", action_id=action_id, **how)

    def submit(self, values: Json | None = None, **how: Any) -> Seen:
        return self._act("submit", values=values or {}, **how)

    def close(self, **how: Any) -> None:
        self._slack.call("close", user=self.name, **how)

    def shortcut(self, callback_id: str, **how: Any) -> Seen:
        return self._act("shortcut", callback_id=callback_id, **how)

    def open_home(self, **how: Any) -> None:
        self._slack.call("open_home", user=self.name, **how)

    def react(self, message: Shown, reaction: str, **how: Any) -> None:
        place = {"channel": message.channel, "ts": message.ts}
        self._slack.call("react", user=self.name, **place, reaction=reaction, **how)

    def say(self, channel: str, text: str) -> str:
        """The ts of what was said."""
        return str(self._slack.call("say", user=self.name, channel=channel, text=text)["ts"])

    def ephemerals(self) -> list[Shown]:
        return [Shown(**it) for it in self._slack.call("ephemerals", user=self.name)["messages"]]

    def direct_messages(self) -> list[Shown]:
        found = self._slack.call("direct_messages", user=self.name)["messages"]
        return [Shown(**it) for it in found]

    def views(self) -> list[Json]:
        found: list[Json] = self._slack.call("views", user=self.name)["views"]
        return found

    def home(self) -> Json | None:
        found: Json | None = self._slack.call("home", user=self.name)["view"]
        return found

    def _act(self, verb: str, **arguments: Any) -> Seen:
        found = self._slack.call(verb, user=self.name, **arguments)
        return Seen(**found | {"shown": tuple(found["shown"])})
