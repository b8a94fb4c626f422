"""The workspace: its team, people and channels, as Slack's objects show them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Json = dict[str, Any]

FLAGS = (
    "deleted",
    "is_bot",
    "is_app_user",
    "is_restricted",
    "is_ultra_restricted",
    "is_email_confirmed",
)
OPTIONAL_FLAGS = ("is_stranger", "is_invited_user", "is_workflow_bot", "is_connector_bot")
"""Slack's own types call these optional, and Slack leaves them out for ordinary members; here they
are there unless a user's `absent` or the knob `bare_users` says otherwise."""

_DATA = Path(__file__).with_name("workspace.yaml")
_CREATED = 1_700_000_000


@dataclass(slots=True, kw_only=True)
class User:
    id: str
    name: str
    real_name: str
    team_id: str
    email: str
    flags: set[str] = field(default_factory=set)
    absent: set[str] = field(default_factory=set)
    updated: int = _CREATED
    enterprise_id: str | None = None

    def as_slack(self, *, bare: bool = False) -> Json:
        """The user object of `users.info` and of `user_change`; see docs.slack.dev, users.info."""
        shown = (*FLAGS, *(() if bare else OPTIONAL_FLAGS))
        found: Json = {
            "id": self.id,
            "team_id": self.team_id,
            "name": self.name,
            "color": "9f69e7",
            "real_name": self.real_name,
            "tz": "Europe/Zurich",
            "tz_label": "Central European Time",
            "tz_offset": 3600,
            "profile": self._profile(),
            "is_admin": False,
            "is_owner": False,
            "is_primary_owner": False,
            "updated": self.updated,
            "locale": "en-GB",
            "who_can_share_contact_card": "EVERYONE",
            **{flag: flag in self.flags for flag in shown},
        }
        if self.enterprise_id:
            found["enterprise_user"] = {
                "id": self.id,
                "enterprise_id": self.enterprise_id,
                "enterprise_name": "",
                "is_admin": False,
                "is_owner": False,
                "teams": [self.team_id],
            }
        return {key: value for key, value in found.items() if key not in self.absent}

    def _profile(self) -> Json:
        images = {f"image_{size}": "" for size in (24, 32, 48, 72, 192, 512)}
        profile: Json = {
            "title": "",
            "phone": "",
            "skype": "",
            "real_name": self.real_name,
            "real_name_normalized": self.real_name,
            "display_name": self.name,
            "display_name_normalized": self.name,
            "status_text": "",
            "status_text_canonical": "",
            "status_emoji": "",
            "status_emoji_display_info": [],
            "status_expiration": 0,
            "avatar_hash": "",
            "first_name": self.real_name.partition(" ")[0],
            "last_name": self.real_name.partition(" ")[2],
            "team": self.team_id,
            "fields": None,
            **images,
        }
        if self.email and "email" not in self.absent:
            profile["email"] = self.email
        return profile


@dataclass(slots=True, kw_only=True)
class Channel:
    id: str
    name: str
    is_private: bool
    created: int = _CREATED
    creator: str = ""
    members: set[str] = field(default_factory=set)
    shared_with: set[str] = field(default_factory=set)
    pending_with: set[str] = field(default_factory=set)
    is_archived: bool = False
    previous_names: list[str] = field(default_factory=list)
    absent: set[str] = field(default_factory=set)
    with_user: str | None = None
    """The person of a direct message."""

    def as_slack(self, *, team_id: str, viewer: str) -> Json:
        """The channel object of `conversations.info`; see docs.slack.dev, conversations.info."""
        if self.with_user:
            return {
                "id": self.id,
                "created": self.created,
                "is_im": True,
                "is_org_shared": False,
                "is_archived": False,
                "context_team_id": team_id,
                "user": self.with_user,
                "is_user_deleted": False,
            }
        found: Json = {
            "id": self.id,
            "name": self.name,
            "name_normalized": self.name,
            "is_channel": True,
            "is_group": False,
            "is_im": False,
            "is_mpim": False,
            "is_private": self.is_private,
            "created": self.created,
            "creator": self.creator,
            "is_archived": self.is_archived,
            "is_general": False,
            "is_shared": bool(self.shared_with),
            "is_ext_shared": bool(self.shared_with),
            "is_org_shared": False,
            "is_pending_ext_shared": bool(self.pending_with),
            "pending_shared": sorted(self.pending_with),
            "pending_connected_team_ids": sorted(self.pending_with),
            "shared_team_ids": sorted({team_id, *self.shared_with}),
            "connected_team_ids": sorted(self.shared_with),
            "is_member": viewer in self.members,
            "context_team_id": team_id,
            "previous_names": self.previous_names,
            "topic": {"value": "", "creator": "", "last_set": 0},
            "purpose": {"value": "", "creator": "", "last_set": 0},
        }
        return {key: value for key, value in found.items() if key not in self.absent}


class Workspace:
    def __init__(self) -> None:
        data = yaml.safe_load(_DATA.read_text(encoding="utf-8"))
        self.team: Json = data["team"]
        self.enterprise: Json = data["enterprise"]
        self.app: Json = data["app"]
        self.foreign_teams: dict[str, str] = data["foreign_teams"]
        self.users = {entry["id"]: self._user(entry) for entry in data["users"]}
        self.channels = {entry["id"]: self._channel(entry) for entry in data["channels"]}

    @property
    def bot(self) -> str:
        return str(self.app["bot_user"])

    @property
    def team_id(self) -> str:
        return str(self.team["id"])

    def user(self, name: str) -> User | None:
        """By id or by name; names are a convenience of tests, Slack's API knows ids alone."""
        by_id = self.users.get(name)
        return by_id or next((user for user in self.users.values() if user.name == name), None)

    def channel(self, name: str) -> Channel | None:
        """By id or by name, with or without `#`."""
        by_id, plain = self.channels.get(name), name.removeprefix("#")
        return by_id or next((it for it in self.channels.values() if it.name == plain), None)

    def direct_message(self, user: User) -> Channel:
        """The one between the bot and this person, opened if need be."""
        channel_id = f"D{user.id[1:]}"
        return self.channels.setdefault(
            channel_id,
            Channel(
                id=channel_id,
                name="directmessage",
                is_private=True,
                members={user.id, self.bot},
                with_user=user.id,
            ),
        )

    def _user(self, entry: Json) -> User:
        team = entry.get("team")
        flags = set(entry.get("flags", [])) | (
            set() if entry.get("unconfirmed") else {"is_email_confirmed"}
        )
        bot = "is_bot" in flags
        return User(
            id=entry["id"],
            name=entry["name"],
            real_name=entry["real_name"],
            team_id=self.foreign_teams[team] if team else self.team_id,
            email="" if bot or team else f"{entry['name']}@bank.example",
            flags=flags,
        )

    def _channel(self, entry: Json) -> Channel:
        by_name = {user.name: user.id for user in self.users.values()}
        members = {by_name[name] for name in entry["members"]}
        return Channel(
            id=entry["id"],
            name=entry["name"],
            is_private=entry["private"],
            creator=by_name["sam"],
            members=members,
            shared_with={self.foreign_teams[team] for team in entry.get("shared_with", [])},
        )
