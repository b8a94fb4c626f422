"""The organisation: people, groups, rules and apps, and every change of a group's members."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Json = dict[str, Any]

_DIRECTORY = Path(__file__).with_name("directory.yaml")
STATUSES = ("STAGED", "ACTIVE", "SUSPENDED", "LOCKED_OUT", "DEPROVISIONED")
BEGINNING = 1_735_689_600.0
"""When everything here was made: 2025-01-01."""


@dataclass(slots=True, kw_only=True)
class User:
    id: str
    login: str
    first: str = ""
    last: str = ""
    status: str = "ACTIVE"
    changed: float = BEGINNING
    sessions: list[str] = field(default_factory=list)
    """Ids of the sessions at Okta."""
    tokens: list[str] = field(default_factory=list)
    """Ids of OAuth tokens that apps hold for them."""
    remembered: bool = False
    """Whether a device is remembered: the next sign-in asks for no second factor."""


@dataclass(slots=True, kw_only=True)
class Group:
    id: str
    name: str
    description: str = ""
    type: str = "OKTA_GROUP"
    roles: list[str] = field(default_factory=list)
    """Types of the admin roles it gives its members."""
    changed: float = BEGINNING


@dataclass(slots=True, kw_only=True)
class Rule:
    """`matches` are ids of users for whom the expression is true."""

    id: str
    name: str
    expression: str
    groups: list[str]
    matches: list[str]
    status: str = "ACTIVE"
    excluded: list[str] = field(default_factory=list)
    re_adds_after: float | None = None
    """Seconds until whom a caller removed is a member again. None: they become excluded instead."""


@dataclass(slots=True, kw_only=True)
class App:
    """An API Services app. `scopes` are those it was granted, `permissions` those of its admin
    role, on the groups that `reads` and `manages` name; `"*"` is every group.
    """

    client_id: str
    label: str
    scopes: list[str]
    permissions: list[str] = field(default_factory=list)
    reads: list[str] = field(default_factory=lambda: ["*"])
    manages: list[str] = field(default_factory=list)
    super_admin: bool = False
    dpop: bool = True
    active: bool = True
    keys: list[Json] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Somebody became a member, or was one no longer."""

    at: float
    group: str
    user: str
    member: bool


class Directory:
    def __init__(self, path: Path = _DIRECTORY) -> None:
        said = yaml.safe_load(path.read_text(encoding="utf-8"))
        self.organisation = str(said["organisation"])
        users = [User(**entry) for entry in [*said["users"], *_crowd(**said["crowd"])]]
        self.users = {user.id: user for user in users}
        ids = {user.login: user.id for user in users}
        self._members: dict[str, set[str]] = {}
        self.groups: dict[str, Group] = {}
        for entry in said["groups"]:
            members = {ids[login] for login in entry.pop("members")}
            self.groups[entry["id"]] = Group(**entry)
            self._members[entry["id"]] = members
        self.rules: dict[str, Rule] = {}
        for entry in said["rules"]:
            entry["matches"] = [ids[login] for login in entry["matches"]]
            self.rules[entry["id"]] = Rule(**entry)
        self.apps = {entry["client_id"]: App(**entry) for entry in said["apps"]}
        self.changes: list[Change] = []

    def user(self, named: str) -> User | None:
        """By id, login, or the part of a login before its @ if only one has it, as Okta looks."""
        if named in self.users:
            return self.users[named]
        wanted = named.lower()
        exact = [user for user in self.users.values() if user.login.lower() == wanted]
        short = [user for user in self.users.values() if _short(user.login) == wanted]
        found = exact or short
        return found[0] if len(found) == 1 else None

    def members(self, group: str, *, as_of: float | None = None) -> set[str]:
        """Ids. `as_of`: as they were then; by default as they are."""
        found = set(self._members.get(group, ()))
        for change in reversed(self.changes):
            if as_of is None or change.at <= as_of:
                break
            if change.group == group:
                (found.discard if change.member else found.add)(change.user)
        return found

    def put(self, group: str, user: str, *, member: bool, at: float) -> bool:
        """Whether that changed anything."""
        members = self._members[group]
        if (user in members) is member:
            return False
        (members.add if member else members.discard)(user)
        self.groups[group].changed = at
        self.changes.append(Change(at=at, group=group, user=user, member=member))
        return True

    def delete_user(self, user: str) -> None:
        del self.users[user]
        for members in self._members.values():
            members.discard(user)

    def delete_group(self, group: str) -> None:
        del self.groups[group], self._members[group]

    def removed_by_caller(self, group: str, user: str) -> None:
        """What Okta does then for rules of the group that match the user."""
        for rule in self.rules.values():
            fed = group in rule.groups and user in rule.matches and rule.status == "ACTIVE"
            if fed and rule.re_adds_after is None and user not in rule.excluded:
                rule.excluded.append(user)

    def due_by_rule(self, now: float) -> Iterator[tuple[str, str]]:
        """(group, user) that a rule makes members now."""
        for rule in self.rules.values():
            if rule.status != "ACTIVE":
                continue
            for group in rule.groups:
                members = self._members.get(group)
                for user in () if members is None else set(rule.matches) - members:
                    waits = rule.re_adds_after or 0
                    known = user in self.users and user not in rule.excluded
                    if known and now >= self._removed_at(group, user) + waits:
                        yield group, user

    def _removed_at(self, group: str, user: str) -> float:
        for change in reversed(self.changes):
            if change.group == group and change.user == user:
                return change.at
        return BEGINNING


def _short(login: str) -> str:
    return login.partition("@")[0].lower()


def _crowd(*, users: int, named: str, domain: str) -> list[Json]:
    """People for load: as many, named NAMED01 and so on."""
    return [
        {
            "id": f"00u{named}{number:013d}",
            "login": f"{named}{number:02d}@{domain}",
            "first": named.title(),
            "last": f"{number:02d}",
        }
        for number in range(1, users + 1)
    ]
