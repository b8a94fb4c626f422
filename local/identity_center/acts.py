"""What people do there by hand, and what is made to go wrong. Every method takes and answers what
JSON can say, since the control API calls them by name.
"""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from local.aws import ACCOUNT
from local.identity_center.directory import (
    PERMISSION_SET,
    Directory,
    Group,
    PermissionSet,
    Principal,
    User,
    group_id_of,
    user_id_of,
)
from local.identity_center.permission_sets import check_policy
from local.identity_center.provisioning import Provisioning

Json = dict[str, Any]


class ImpossibleError(ValueError):
    """Nobody could do this."""


class Acts:
    """All of it is done at once."""

    def __init__(
        self, directory: Directory, provisioning: Provisioning, clock: Callable[[], datetime]
    ) -> None:
        self._directory, self._provisioning, self._clock = directory, provisioning, clock

    def create_user(self, *, name: str, mail: str = "", reborn: int = 0) -> Json:
        """`reborn`: so many people of that name were there before; each has an id of their own."""
        user_id = user_id_of(f"{name} {reborn}" if reborn else name)
        if user_id in self._directory.users or name in self._names():
            message = f"{name} is there already"
            raise ImpossibleError(message)
        emails = [mail] if mail else []
        self._directory.users[user_id] = User(user_id=user_id, name=name, emails=emails)
        return {"user_id": user_id}

    def delete_user(self, *, name: str) -> Json:
        """Out of every group; assignments stay, of nobody."""
        user = self._directory.user_named(name)
        del self._directory.users[user.user_id]
        for group in self._directory.groups.values():
            group.members.pop(user.user_id, None)
        return {"user_id": user.user_id}

    def enable_user(self, *, name: str, enabled: bool) -> Json:
        user = self._directory.user_named(name)
        user.enabled, user.revision = enabled, user.revision + 1
        return {"user_id": user.user_id}

    def rename_user(self, *, name: str, to: str) -> Json:
        if to in self._names():
            message = f"{to} is there already"
            raise ImpossibleError(message)
        user = self._directory.user_named(name)
        user.name, user.revision = to, user.revision + 1
        return {"user_id": user.user_id}

    def create_group(self, *, name: str) -> Json:
        group_id = group_id_of(name)
        self._directory.groups[group_id] = Group(group_id=group_id, name=name)
        return {"group_id": group_id}

    def delete_group(self, *, name: str) -> Json:
        group = self._group(name)
        del self._directory.groups[group.group_id]
        return {"group_id": group.group_id}

    def add_member(self, *, group: str, user: str) -> Json:
        user_id = self._directory.user_named(user).user_id
        self._group(group).members[user_id] = user_id_of(f"{user} in {group}")
        return {"user_id": user_id}

    def remove_member(self, *, group: str, user: str) -> Json:
        user_id = self._directory.user_named(user).user_id
        self._group(group).members.pop(user_id, None)
        return {"user_id": user_id}

    def assign(
        self,
        *,
        user: str = "",
        group: str = "",
        account: str = ACCOUNT,
        permission_set: str = PERMISSION_SET,
    ) -> Json:
        who = self._principal(user, group)
        self._provisioning.assign(who, account, permission_set, self._clock())
        return {"principal_id": who.id}

    def unassign(
        self,
        *,
        user: str = "",
        group: str = "",
        account: str = ACCOUNT,
        permission_set: str = PERMISSION_SET,
    ) -> Json:
        who = self._principal(user, group)
        self._provisioning.unassign(who, account, permission_set, self._clock())
        return {"principal_id": who.id}

    def write_policy(
        self,
        *,
        statements: list[Json] | None,
        permission_set: str = PERMISSION_SET,
        provision: bool = True,
    ) -> Json:
        """The inline policy is these statements from here on; None: there is none."""
        text = None
        if statements is not None:
            text = json.dumps({"Version": "2012-10-17", "Statement": statements})
            check_policy(text)
        self._set(permission_set).inline_policy = text
        if provision:
            self._provision(permission_set)
        return {"inline_policy": text}

    def add_statement(
        self,
        *,
        statement: Json,
        permission_set: str = PERMISSION_SET,
        provision: bool = True,
    ) -> Json:
        there = self._set(permission_set).inline_policy
        statements = json.loads(there)["Statement"] if there else []
        return self.write_policy(
            statements=[*statements, statement],
            permission_set=permission_set,
            provision=provision,
        )

    def set_session_duration(self, *, duration: str, permission_set: str = PERMISSION_SET) -> Json:
        self._set(permission_set).session_duration = duration
        self._provision(permission_set)
        return {"session_duration": duration}

    def create_permission_set(self, *, name: str) -> Json:
        """Its rights are those of the account's policy of that name."""
        arn = f"{PERMISSION_SET.rpartition('/')[0]}/ps-{name.lower():0>16.16}"
        self._directory.permission_sets[arn] = PermissionSet(
            arn=arn, name=name, made_at=self._clock(), policies=(name,)
        )
        return {"permission_set": arn}

    def delete_permission_set(self, *, permission_set: str = PERMISSION_SET) -> Json:
        """With every assignment of it and every role."""
        directory = self._directory
        for it in [it for it in directory.assignments if it.permission_set == permission_set]:
            if it.gone_at is None:
                self._provisioning.unassign(it.principal, it.account, permission_set, self._clock())
        del directory.permission_sets[self._set(permission_set).arn]
        return {}

    def close_account(self, *, account: str) -> Json:
        """With every assignment in it; AWS answers as if it had never been."""
        directory = self._directory
        directory.accounts.discard(account)
        for it in directory.assignments:
            if it.account == account and it.gone_at is None:
                it.gone_at = self._clock()
        for key in [key for key in directory.provisioned if key[0] == account]:
            del directory.provisioned[key]
        return {}

    def open_account(self, *, account: str) -> Json:
        self._directory.accounts.add(account)
        return {}

    def _provision(self, permission_set: str) -> None:
        wanted = self._set(permission_set)
        for account, given in list(self._directory.provisioned):
            if given == permission_set:
                self._provisioning.give(account, wanted)

    def _principal(self, user: str, group: str) -> Principal:
        if bool(user) == bool(group):
            message = "either a user or a group"
            raise ImpossibleError(message)
        return self._directory.user_named(user).principal if user else self._group(group).principal

    def _group(self, name: str) -> Group:
        found = next((it for it in self._directory.groups.values() if it.name == name), None)
        if found is None:
            message = f"there is no group {name}"
            raise ImpossibleError(message)
        return found

    def _set(self, arn: str) -> PermissionSet:
        found = self._directory.permission_sets.get(arn)
        if found is None:
            message = f"there is no permission set {arn}"
            raise ImpossibleError(message)
        return found

    def _names(self) -> set[str]:
        return {it.name for it in self._directory.users.values()}
