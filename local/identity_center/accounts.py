"""What Identity Center does in the accounts: the roles of permission sets that are there."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from local.identity_center.directory import Provisioned


class AccountsError(Exception):
    """The account would not have it; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)


class Accounts(Protocol):
    def provision(self, account: str, wanted: Provisioned) -> None:
        """The role is there, with exactly this. Raises AccountsError."""

    def remove(self, account: str, role_name: str) -> None:
        """The role is gone, if it was there. Raises AccountsError."""

    def assume(self, account: str, role_name: str, *, user_name: str, user_id: str) -> Keys:
        """Credentials of the role, of the length of its sessions, that tell whose they are.
        Raises AccountsError.
        """


class NoAccounts:
    """Nothing but what the directory itself remembers: for tests in one process."""

    def provision(self, account: str, wanted: Provisioned) -> None:
        """Nothing to do."""

    def remove(self, account: str, role_name: str) -> None:
        """Nothing to do."""

    def assume(self, account: str, role_name: str, *, user_name: str, user_id: str) -> Keys:  # noqa: ARG002
        """Keys that open nothing."""
        made = secrets.token_hex(8).upper()
        return Keys(access_key_id=f"ASIA{made}", secret_access_key=made, session_token=made)


def whole_second(instant: datetime) -> datetime:
    """As AWS tells the time of issue."""
    return instant.replace(microsecond=0)
