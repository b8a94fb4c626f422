"""What somebody who looks over everybody's shoulder sees."""

from typing import Any

from local.slack import rendering
from local.slack.delivery import Deliveries
from local.slack.entering import Impossible
from local.slack.sockets import Sockets
from local.slack.state import Message, Slack, View

Json = dict[str, Any]


class Looking:
    def __init__(self, slack: Slack, sockets: Sockets, deliveries: Deliveries) -> None:
        self._slack, self._sockets, self._deliveries = slack, sockets, deliveries

    async def channels(self) -> Json:
        """All channels, direct messages included, with how many messages each has."""
        found = [
            channel.as_slack(team_id=self._slack.workspace.team_id, viewer="")
            | {
                "name": channel.name,
                "members": sorted(channel.members),
                "messages": len(self._slack.messages_of(channel.id)),
            }
            for channel in self._slack.workspace.channels.values()
        ]
        return {"channels": found}

    async def people(self) -> Json:
        return {"people": [user.as_slack() for user in self._slack.workspace.users.values()]}

    async def messages(self, channel: str) -> Json:
        """Of a channel, oldest first, threads included; each with its text and its buttons."""
        place = self._slack.workspace.channel(channel)
        if place is None:
            message = f"there is no channel {channel}"
            raise Impossible(message)
        found = sorted(self._slack.messages_of(place.id).values(), key=lambda it: it.ts)
        return {"messages": [self._message(message) for message in found]}

    async def ephemerals(self, user: str) -> Json:
        """What this person was shown and nobody else, oldest first."""
        person = self._slack.workspace.user(user)
        mine = [it for it in self._slack.ephemerals if person and it.only_for == person.id]
        return {"messages": [self._message(message) for message in mine]}

    async def direct_messages(self, user: str) -> Json:
        person = self._slack.workspace.user(user)
        if person is None:
            message = f"nobody is called {user}"
            raise Impossible(message)
        return await self.messages(self._slack.workspace.direct_message(person).id)

    async def views(self, user: str) -> Json:
        """The person's open modals, the topmost last."""
        person = self._slack.workspace.user(user)
        stack = self._slack.open_views(person) if person else []
        return {"views": [self._view(view) for view in stack]}

    async def home(self, user: str) -> Json:
        person = self._slack.workspace.user(user)
        home = self._slack.homes.get(person.id) if person else None
        return {"view": self._view(home) if home else None}

    async def counts(self) -> Json:
        """Calls by method, refusals by method and error, deliveries by fate, connections."""
        return {
            "calls": dict(self._slack.calls),
            "refused": dict(self._slack.refused),
            "deliveries": self._deliveries.counts(),
            "sockets": self._sockets.counts(),
        }

    async def deliveries(self, after: int = 0) -> Json:
        found = [it.as_json() for it in self._deliveries.all if it.number > after]
        return {"deliveries": found}

    async def calls(self) -> Json:
        """What the app asked for, in order: method, arguments, error."""
        return {
            "calls": [
                {"method": call.method, "arguments": call.arguments, "error": call.error}
                for call in self._slack.recorder.calls
            ]
        }

    def _message(self, message: Message) -> Json:
        return {
            "channel": message.channel,
            "ts": message.ts,
            "user": message.user,
            "thread_ts": message.thread_ts,
            "edited": message.edited is not None,
            "fallback": message.text,
            "text": rendering.message_text(self._slack, message),
            "buttons": rendering.buttons(message.blocks),
            "blocks": message.blocks,
            "reactions": message.reactions,
            "updates": len(message.before),
        }

    def _view(self, view: View) -> Json:
        return {
            "id": view.id,
            "hash": view.hash,
            "text": rendering.view_text(self._slack, view),
            "buttons": rendering.buttons(view.content["blocks"]),
            "content": view.content,
        }
