"""Where people sign in, and whether what they got there is still good for anything."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from local.aws import ACCOUNT
from local.identity_center.accounts import Accounts, Keys, whole_second
from local.identity_center.directory import PERMISSION_SET, Directory, Provisioned

Json = dict[str, Any]


class NotPermittedError(Exception):
    """The portal does not show this person that account with that permission set."""


class UnreadablePolicyError(AssertionError):
    """A deny of a kind that is not evaluated here; nothing may be concluded from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """Credentials of a role of a permission set, as they are in a person's hands."""

    user_name: str
    user_id: str
    account: str
    permission_set: str
    role_name: str
    issued_at: datetime
    expires_at: datetime
    keys: Keys

    @property
    def principal(self) -> str:
        """As a person's calls are told of: the name of the session is the name of the user."""
        role = f"assumed-role/{self.role_name}/{self.user_name}"
        return f"arn:aws:sts::{self.account}:{role}"


class Portal:
    def __init__(self, directory: Directory, accounts: Accounts) -> None:
        self._directory, self._accounts = directory, accounts

    def sign_in(
        self,
        name: str,
        now: datetime,
        *,
        account: str = ACCOUNT,
        permission_set: str = PERMISSION_SET,
    ) -> Live:
        """Raises NotPermittedError, and AccountsError if the account gives nothing out."""
        user = next((it for it in self._directory.users.values() if it.name == name), None)
        given = self._directory.provisioned.get((account, permission_set))
        is_assigned = user is not None and any(
            self._directory.standing(it, account, permission_set) is not None
            for it in self._directory.principals_of(user.user_id)
        )
        if user is None or not user.enabled or given is None or not is_assigned:
            message = f"{name} has no {permission_set} in {account}"
            raise NotPermittedError(message)
        keys = self._accounts.assume(
            account, given.role_name, user_name=user.name, user_id=user.user_id
        )
        return Live(
            user_name=user.name,
            user_id=user.user_id,
            account=account,
            permission_set=permission_set,
            role_name=given.role_name,
            issued_at=whole_second(now),
            expires_at=now + _length(given.session_duration),
            keys=keys,
        )

    def refuses(self, live: Live, at: datetime) -> bool:
        """Whether that role, as it was last provisioned, refuses everything to it at that instant.

        Raises UnreadablePolicyError.
        """
        given = self._directory.provisioned.get((live.account, live.permission_set))
        if given is None or given.role_name != live.role_name or at >= live.expires_at:
            return True
        return any(_denies(it, live, at) for it in _denies_of(given))


def _denies_of(given: Provisioned) -> list[Json]:
    statements = json.loads(given.inline_policy or '{"Statement": []}')["Statement"]
    listed = statements if isinstance(statements, list) else [statements]
    return [it for it in listed if it["Effect"] == "Deny"]


def _denies(statement: Json, live: Live, at: datetime) -> bool:
    everything = (["*"], "*")
    if statement.get("Action") not in everything or statement.get("Resource") not in everything:
        message = f"it does not deny everything: {statement}"
        raise UnreadablePolicyError(message)
    seen: dict[str, str | datetime] = {
        "identitystore:userid": live.user_id,
        "aws:principalaccount": live.account,
        "aws:currenttime": at,
        "aws:tokenissuetime": live.issued_at,
    }
    return all(
        _holds(operator, seen.get(key.lower()), wanted)
        for operator, keys in statement.get("Condition", {}).items()
        for key, wanted in keys.items()
    )


def _holds(operator: str, actual: str | datetime | None, wanted: Any) -> bool:
    values = wanted if isinstance(wanted, list) else [wanted]
    if isinstance(actual, str) and operator == "StringEquals":
        return actual in values
    if isinstance(actual, datetime) and len(values) == 1:
        instant = datetime.fromisoformat(values[0])
        if operator == "DateGreaterThanEquals":
            return actual >= instant
        if operator == "DateLessThan":
            return actual < instant
    message = f"not evaluated here: {operator} {wanted}"
    raise UnreadablePolicyError(message)


def _length(duration: str) -> timedelta:
    """Of whole hours, as Identity Center's own console makes them."""
    return timedelta(hours=int(duration.removeprefix("PT").removesuffix("H")))
