"""What happens to people, channels and the app itself, with the events that Slack sends of it."""

from typing import Any

from local.slack.delivery import Deliveries
from local.slack.entering import Impossible
from local.slack.state import Slack
from local.slack.workspace import FLAGS, OPTIONAL_FLAGS, Channel, User

Json = dict[str, Any]


class Changes:
    def __init__(self, slack: Slack, deliveries: Deliveries) -> None:
        self._slack, self._deliveries = slack, deliveries

    async def change_user(
        self,
        user: str,
        flags: dict[str, bool] | None = None,
        absent: list[str] | None = None,
        team_id: str | None = None,
        email: str | None = None,
        name: str | None = None,
        *,
        quietly: bool = False,
    ) -> Json:
        """Sets flags (`deleted`, `is_restricted`, ...), fields that are to be absent, a team, a
        mail address, a name. `quietly`: without `user_change`, as when an event is lost.
        """
        person = self._user(user)
        for flag, on in (flags or {}).items():
            if flag not in (*FLAGS, *OPTIONAL_FLAGS):
                message = f"there is no flag {flag}"
                raise Impossible(message)
            (person.flags.add if on else person.flags.discard)(flag)
        person.absent = person.absent if absent is None else set(absent)
        person.team_id = person.team_id if team_id is None else team_id
        person.email = person.email if email is None else email
        person.name = person.name if name is None else name
        person.updated = max(int(self._slack.now()), person.updated + 1)
        if "deleted" in person.flags:
            for channel in self._slack.workspace.channels.values():
                channel.members.discard(person.id)
        if not quietly:
            about = person.as_slack(bare=self._slack.faults.bare_users)
            self._deliveries.tell(
                {"type": "user_change", "user": about, "cache_ts": person.updated}
            )
        return {"user": person.as_slack()}

    async def join(self, user: str, channel: str) -> Json:
        place, person = self._channel(channel), self._user(user)
        place.members.add(person.id)
        self._tell_of_member("member_joined_channel", place, person)
        return {}

    async def leave(self, user: str, channel: str) -> Json:
        place, person = self._channel(channel), self._user(user)
        place.members.discard(person.id)
        self._tell_of_member("member_left_channel", place, person)
        return {}

    async def remove_bot(self, channel: str) -> Json:
        place = self._channel(channel)
        place.members.discard(self._slack.workspace.bot)
        kind = "group_left" if place.is_private else "channel_left"
        actor = self._slack.workspace.user("sam")
        event = {"type": kind, "channel": place.id, "actor_id": actor.id if actor else ""}
        self._deliveries.tell(event)
        return {}

    async def invite_bot(self, channel: str) -> Json:
        return await self.join(self._slack.workspace.bot, channel)

    async def rename(self, channel: str, name: str) -> Json:
        place = self._channel(channel)
        place.previous_names.insert(0, place.name)
        place.name = name
        about = {
            "id": place.id,
            "name": name,
            "name_normalized": name,
            "created": place.created,
            "is_channel": True,
            "is_mpim": False,
        }
        kind = "group_rename" if place.is_private else "channel_rename"
        self._deliveries.tell({"type": kind, "channel": about})
        return {}

    async def archive(self, channel: str) -> Json:
        place = self._channel(channel)
        place.is_archived = True
        kind = "group_archive" if place.is_private else "channel_archive"
        self._deliveries.tell(
            {"type": kind, "channel": place.id, "user": place.creator, "is_moved": 0}
        )
        return {}

    async def unarchive(self, channel: str) -> Json:
        place = self._channel(channel)
        place.is_archived = False
        if place.is_private:
            event = {"type": "group_unarchive", "channel": place.id, "actor_id": place.creator}
        else:
            event = {"type": "channel_unarchive", "channel": place.id, "user": place.creator}
        self._deliveries.tell(event)
        return {}

    async def delete_channel(self, channel: str) -> Json:
        place = self._channel(channel)
        del self._slack.workspace.channels[place.id]
        self._slack.messages.pop(place.id, None)
        if place.is_private:
            deleted = {"date_deleted": int(self._slack.now()), "actor_id": place.creator}
            self._deliveries.tell({"type": "group_deleted", "channel": place.id, **deleted})
        else:
            self._deliveries.tell({"type": "channel_deleted", "channel": place.id})
        return {}

    async def share(
        self, channel: str, team: str = "vendor", *, pending: bool = False, quietly: bool = False
    ) -> Json:
        """With another organisation's team; `pending` until they accept, which sends no event."""
        place, other = self._channel(channel), self._team(team)
        if pending:
            place.pending_with.add(other)
            return {}
        place.pending_with.discard(other)
        place.shared_with.add(other)
        event = {"type": "channel_shared", "connected_team_id": other, "channel": place.id}
        if not quietly:
            self._deliveries.tell(event)
        return {}

    async def unshare(self, channel: str, team: str = "vendor") -> Json:
        place, other = self._channel(channel), self._team(team)
        place.shared_with.discard(other)
        place.pending_with.discard(other)
        event = {
            "type": "channel_unshared",
            "previously_connected_team_id": other,
            "channel": place.id,
            "is_ext_shared": bool(place.shared_with),
        }
        self._deliveries.tell(event)
        return {}

    async def channel_without(self, channel: str, absent: list[str]) -> Json:
        """From now on `conversations.info` leaves these fields out."""
        self._channel(channel).absent = set(absent)
        return {}

    async def delete_message(self, channel: str, ts: str) -> Json:
        """Somebody with the right to removes a message."""
        if self._slack.messages_of(self._channel(channel).id).pop(ts, None) is None:
            message = f"there is no message {ts}"
            raise Impossible(message)
        return {}

    async def reinstall(self) -> Json:
        """A new bot token; the old one is revoked from here on."""
        _old, new = self._slack.reinstall()
        revoked = {"oauth": [], "bot": [self._slack.workspace.bot]}
        self._deliveries.tell({"type": "tokens_revoked", "tokens": revoked})
        return {"bot_token": new}

    def _tell_of_member(self, kind: str, place: Channel, person: User) -> None:
        event = {
            "type": kind,
            "user": person.id,
            "channel": place.id,
            "channel_type": "G" if place.is_private else "C",
            "team": person.team_id,
        }
        self._deliveries.tell(event)

    def _user(self, name: str) -> User:
        user = self._slack.workspace.user(name)
        if user is None:
            message = f"nobody is called {name}"
            raise Impossible(message)
        return user

    def _channel(self, name: str) -> Channel:
        channel = self._slack.workspace.channel(name)
        if channel is None:
            message = f"there is no channel {name}"
            raise Impossible(message)
        return channel

    def _team(self, name: str) -> str:
        """One of the workspace's file, or any team by its id."""
        return self._slack.workspace.foreign_teams.get(name, name)
