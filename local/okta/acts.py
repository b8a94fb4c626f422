"""What people and administrators do at this Okta, and what can be seen of it: verbs of its control
API. People go by login, its part before the @, or id; groups by id or name.
"""

import secrets
from dataclasses import asdict
from typing import Any

from local.okta.directory import STATUSES, Group, Rule, User
from local.okta.service import Okta

Json = dict[str, Any]


class Impossible(ValueError):
    """Nobody could do that here."""


class Acts:
    def __init__(self, okta: Okta) -> None:
        self._okta = okta

    def members(self, group: str) -> Json:
        """Logins of those who are members now, whatever a listing shows."""
        directory = self._okta.directory
        ids = directory.members(self._group(group).id)
        return {"members": sorted(directory.users[it].login for it in ids)}

    def add(self, user: str, group: str) -> Json:
        """As an administrator does by hand, in the console."""
        return self._put(user, group, member=True)

    def remove(self, user: str, group: str) -> Json:
        return self._put(user, group, member=False)

    def sign_in(self, user: str, remember: bool = True) -> Json:
        """A session at Okta, a token of an app for it, and a device that is remembered."""
        found = self._user(user)
        if found.status != "ACTIVE":
            message = f"{found.login} is {found.status}"
            raise Impossible(message)
        session = f"102{secrets.token_urlsafe(16)}"
        found.sessions.append(session)
        found.tokens.append(f"oar{secrets.token_urlsafe(12)}")
        found.remembered = found.remembered or remember
        return {"session": session}

    def sessions(self, user: str) -> Json:
        """The person's `sessions` and OAuth `tokens`; `remembered`: whether a device still is."""
        found = self._user(user)
        seen = {"sessions": found.sessions, "tokens": found.tokens}
        return seen | {"remembered": found.remembered, "status": found.status}

    def opens(self, session: str, group: str) -> Json:
        """Whether an app that a group is assigned to lets in whoever holds that session."""
        members = self._okta.directory.members(self._group(group).id)
        users = [self._okta.directory.users[it] for it in members]
        return {"open": any(session in it.sessions and it.status == "ACTIVE" for it in users)}

    def set_status(self, user: str, status: str) -> Json:
        """Whom Okta deactivates (DEPROVISIONED) it drops from every group."""
        if status not in STATUSES:
            message = f"{status}: of {', '.join(STATUSES)}"
            raise Impossible(message)
        found, directory, now = self._user(user), self._okta.directory, self._okta.now()
        found.status, found.changed = status, now
        if status != "ACTIVE":
            found.sessions.clear()
        if status == "DEPROVISIONED":
            for group in directory.groups:
                directory.put(group, found.id, member=False, at=now)
        return {"id": found.id}

    def rename(self, user: str, login: str) -> Json:
        found = self._user(user)
        found.login, found.changed = login, self._okta.now()
        return {"id": found.id}

    def create_user(self, login: str, status: str = "ACTIVE") -> Json:
        name = login.partition("@")[0].title()
        user_id = f"00u{secrets.token_hex(8)}1"
        made = User(id=user_id, login=login, first=name, last="New", status=status)
        self._okta.directory.users[made.id] = made
        return {"id": made.id}

    def delete_user(self, user: str) -> Json:
        found = self._user(user)
        self._okta.directory.delete_user(found.id)
        return {"id": found.id}

    def delete_group(self, group: str) -> Json:
        found = self._group(group)
        self._okta.directory.delete_group(found.id)
        return {"id": found.id}

    def set_group(self, group: str, type: str = "OKTA_GROUP", roles: Any = ()) -> Json:  # noqa: A002
        """Of another type, or with admin roles."""
        found = self._group(group)
        found.type, found.roles = type, list(roles)
        return asdict(found)

    def set_rule(
        self,
        name: str,
        group: str = "",
        users: Any = (),
        re_adds_after: float | None = None,
        status: str = "ACTIVE",
    ) -> Json:
        """Makes a rule that feeds the group with those people, or another of an older one."""
        directory = self._okta.directory
        matches = [self._user(it).id for it in users]
        rule = Rule(
            id=f"0pr{secrets.token_hex(8)}1",
            name=name,
            expression='user.department=="Any"',
            groups=[self._group(group).id],
            matches=matches,
            status=status,
            re_adds_after=re_adds_after,
        )
        for older in [it.id for it in directory.rules.values() if it.name == name]:
            del directory.rules[older]
        directory.rules[rule.id] = rule
        self._okta.settle()
        return {"id": rule.id}

    def delete_rule(self, name: str) -> Json:
        rules = self._okta.directory.rules
        for found in [it.id for it in rules.values() if it.name == name]:
            del rules[found]
        return {}

    def _put(self, user: str, group: str, *, member: bool) -> Json:
        found, into, now = self._user(user), self._group(group), self._okta.now()
        changed = self._okta.directory.put(into.id, found.id, member=member, at=now)
        if changed:
            self._okta.log.membership(None, found, into, member=member, at=now)
        return {"changed": changed}

    def _user(self, named: str) -> User:
        found = self._okta.directory.user(named)
        if found is None:
            message = f"nobody is {named}"
            raise Impossible(message)
        return found

    def _group(self, named: str) -> Group:
        for group in self._okta.directory.groups.values():
            if named in {group.id, group.name}:
                return group
        message = f"no group is {named}"
        raise Impossible(message)
