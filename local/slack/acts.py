"""What people do in Slack, and what they then see."""

from typing import Any

from local.slack import entering, payloads, views
from local.slack.delivery import COMMAND, INTERACTIVE, Deliveries, Delivery
from local.slack.entering import Impossible
from local.slack.limits import MOST_VIEWS
from local.slack.state import Message, Slack, View
from local.slack.workspace import Channel, User

Json = dict[str, Any]

_TROUBLE = "We had some trouble connecting. Try again?"


class Acts:
    """Each act names the person first. `via` is `socket` or `http`; `changed` and `without` forge
    the payload (dotted names), for what Slack itself would never send. `even_so` lets somebody act
    who cannot: who was deactivated a moment ago, or is not in the channel.

    Answers: `acknowledged`, `ms`, `error` (`operation_timeout`, `dispatch_failed` or null), `via`,
    and `shown`: what the person saw at once.
    """

    def __init__(self, slack: Slack, deliveries: Deliveries) -> None:
        self._slack, self._deliveries = slack, deliveries

    async def command(
        self, user: str, text: str = "", command: str = "/jit", channel: str = "", **how: Any
    ) -> Json:
        person = self._actor(user, how)
        place = self._place(channel, person) if channel else self._direct(person)
        payload = payloads.slash_command(self._slack, person, place, command, text)
        delivery = await self._send(COMMAND, payload, how)
        shown = [f"{command} failed with the error {delivery.error}"] if delivery.error else []
        answer = delivery.answer
        if isinstance(answer, dict) and (answer.get("text") or answer.get("blocks")):
            said = str(answer.get("text", ""))
            self._slack.show_only(person, place, said, answer.get("blocks"))
            shown.append(said)
        return _seen(delivery, shown)

    async def click(
        self,
        user: str,
        channel: str,
        ts: str,
        action_id: str,
        block_id: str | None = None,
        value: Any = None,
        *,
        stale: bool = False,
        even_so: bool = False,
        **how: Any,
    ) -> Json:
        """Presses a button, or chooses `value` from a menu, on a message. `stale`: as the message
        was before, since a client may still show that.
        """
        person = self._actor(user, {"even_so": even_so})
        place = self._place(channel, person, even_so=even_so)
        message = self._message(place, ts, person, even_so=even_so)
        shown = [message.blocks, *(reversed(message.before) if stale else [])]
        block, element = _first(shown, action_id, block_id)
        action = entering.pressed(block, element, value)
        payload = payloads.block_actions(
            self._slack, person, action, channel=place, message=message
        )
        return self._clicked(await self._send(INTERACTIVE, payload, how))

    async def click_view(
        self,
        user: str,
        action_id: str,
        view_id: str = "",
        block_id: str | None = None,
        value: Any = None,
        **how: Any,
    ) -> Json:
        """The same on a modal, or without a view id on what is on top: a modal, else the Home."""
        person = self._actor(user, how)
        view = self._view(person, view_id)
        block, element = _first([view.content["blocks"]], action_id, block_id)
        action = entering.pressed(block, element, value)
        if element["type"] != "button":
            view.typed.setdefault(block["block_id"], {})[action_id] = entering.entered(
                element, value
            )
        payload = payloads.block_actions(self._slack, person, action, view=view)
        return self._clicked(await self._send(INTERACTIVE, payload, how))

    async def submit(
        self, user: str, values: Json | None = None, view_id: str = "", **how: Any
    ) -> Json:
        """Submits the modal; what the app answers is done, as Slack's client does it."""
        person = self._actor(user, how)
        view = self._view(person, view_id)
        if view.content["type"] != "modal":
            message = "only a modal can be submitted"
            raise Impossible(message)
        if not view.content.get("submit"):
            message = "this modal has no button to submit it"
            raise Impossible(message)
        view.typed = entering.state(view.content["blocks"], values or {})
        payload = payloads.view_submission(self._slack, person, view)
        delivery = await self._send(INTERACTIVE, payload, how)
        if delivery.error:
            return _seen(delivery, [_TROUBLE])
        return _seen(delivery, self._respond(view, delivery.answer))

    async def close(self, user: str, view_id: str = "", **how: Any) -> Json:
        person = self._person(user)
        view = self._view(person, view_id)
        view.is_open = False
        if not view.content.get("notify_on_close"):
            return {"shown": []}
        payload = payloads.view_closed(self._slack, person, view, cleared=False)
        return _seen(await self._send(INTERACTIVE, payload, how), [])

    async def shortcut(self, user: str, callback_id: str, **how: Any) -> Json:
        payload = payloads.shortcut(self._slack, self._actor(user, how), callback_id)
        return self._clicked(await self._send(INTERACTIVE, payload, how))

    async def open_home(self, user: str, via: str | None = None) -> Json:
        """An event; what the Home shows is read afterwards."""
        person = self._person(user)
        event: Json = {
            "type": "app_home_opened",
            "user": person.id,
            "channel": self._direct(person).id,
            "tab": "home",
        }
        home = self._slack.homes.get(person.id)
        if home is not None:
            event["view"] = views.as_slack(self._slack, home)
        return {"delivery": self._deliveries.tell(event, via).number}

    async def react(
        self,
        user: str,
        channel: str,
        ts: str,
        reaction: str,
        via: str | None = None,
        *,
        even_so: bool = False,
    ) -> Json:
        person = self._person(user)
        place = self._place(channel, person, even_so=even_so)
        message = self._message(place, ts, person)
        message.reactions.setdefault(reaction, []).append(person.id)
        event = {
            "type": "reaction_added",
            "user": person.id,
            "reaction": reaction,
            "item_user": message.user,
            "item": {"type": "message", "channel": place.id, "ts": message.ts},
        }
        return {"delivery": self._deliveries.tell(event, via).number}

    async def say(self, user: str, channel: str, text: str) -> Json:
        """A message of a person's own, which no app may change."""
        person = self._person(user)
        place = self._place(channel, person)
        message = Message(
            channel=place.id, ts=self._slack.ts(), user=person.id, text=text, blocks=[]
        )
        return {"ts": self._slack.post(message).ts}

    async def _send(self, kind: str, payload: Json, how: Json) -> Delivery:
        unknown = how.keys() - {"via", "changed", "without"}
        if unknown:
            message = f"unknown: {', '.join(sorted(unknown))}"
            raise Impossible(message)
        _forge(payload, how.get("changed", {}), how.get("without", []))
        return await self._deliveries.interact(kind, payload, how.get("via"))

    def _clicked(self, delivery: Delivery) -> Json:
        return _seen(delivery, [_TROUBLE] if delivery.error else [])

    def _respond(self, view: View, answer: Any) -> list[str]:
        """docs.slack.dev/surfaces/modals: errors, update, push, clear, or nothing: it closes."""
        action = answer.get("response_action") if isinstance(answer, dict) else None
        match action:
            case "errors":
                return self._show_errors(view, answer.get("errors"))
            case "update" | "push":
                return self._show_next(view, answer.get("view"), push=action == "push")
            case "clear":
                for other in self._slack.views.values():
                    other.is_open &= other.user != view.user
            case None:
                view.is_open = False
            case _:
                return [_TROUBLE]
        return []

    def _show_errors(self, view: View, errors: Any) -> list[str]:
        inputs = {it["block_id"] for it in view.content["blocks"] if it["type"] == "input"}
        if not isinstance(errors, dict) or not errors or not errors.keys() <= inputs:
            return [_TROUBLE]
        return [f"{block}: {text}" for block, text in errors.items()]

    def _show_next(self, view: View, content: Any, *, push: bool) -> list[str]:
        full = push and len(self._slack.open_views(self._slack.workspace.users[view.user]))
        if not isinstance(content, dict) or views.check(content) or full >= MOST_VIEWS:
            return [_TROUBLE]
        if push:
            views.show(self._slack, view.user, content, on=view)
        else:
            views.change(self._slack, view, content)
        return []

    def _person(self, name: str) -> User:
        user = self._slack.workspace.user(name)
        if user is None:
            message = f"nobody is called {name}"
            raise Impossible(message)
        return user

    def _actor(self, name: str, how: Json) -> User:
        """Takes `even_so` out of `how`."""
        person = self._person(name)
        if not how.pop("even_so", False) and "deleted" in person.flags:
            message = f"{person.name} was deactivated"
            raise Impossible(message)
        return person

    def _direct(self, person: User) -> Channel:
        return self._slack.workspace.direct_message(person)

    def _place(self, name: str, person: User, *, even_so: bool = False) -> Channel:
        channel = self._slack.workspace.channel(name)
        if channel is None:
            message = f"there is no channel {name}"
            raise Impossible(message)
        if not even_so and person.id not in channel.members:
            message = f"{person.name} is not in {channel.name}"
            raise Impossible(message)
        return channel

    def _message(self, place: Channel, ts: str, person: User, *, even_so: bool = False) -> Message:
        message = self._slack.messages_of(place.id).get(ts)
        for ephemeral in self._slack.ephemerals:
            if ephemeral.ts == ts and (even_so or ephemeral.only_for == person.id):
                message = ephemeral
        if message is None:
            message_ = f"{person.name} sees no message {ts}"
            raise Impossible(message_)
        return message

    def _view(self, person: User, view_id: str) -> View:
        stack = self._slack.open_views(person)
        home = self._slack.homes.get(person.id)
        seen = {view.id: view for view in [*([home] if home else []), *stack]}
        view = seen.get(view_id) if view_id else next(reversed(seen.values()), None)
        if view is None:
            message = f"{person.name} has no such view open"
            raise Impossible(message)
        return view


def _first(shown: list[list[Json]], action_id: str, block_id: str | None) -> tuple[Json, Json]:
    for blocks in shown[:-1]:
        try:
            return entering.element(blocks, action_id, block_id)
        except Impossible:
            continue
    return entering.element(shown[-1], action_id, block_id)


def _forge(payload: Json, changed: Json, without: list[str]) -> None:
    for name, value in [*changed.items(), *((name, None) for name in without)]:
        *folders, last = name.split(".")
        place: Any = payload
        for folder in folders:
            place = place[int(folder)] if isinstance(place, list) else place[folder]
        if name in without:
            place.pop(last, None)
        else:
            place[last] = value


def _seen(delivery: Delivery, shown: list[str]) -> Json:
    return {
        "delivery": delivery.number,
        "acknowledged": delivery.acknowledged,
        "ms": delivery.ms,
        "error": delivery.error,
        "via": delivery.via,
        "shown": shown,
    }
