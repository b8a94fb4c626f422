"""What people are assigned, and what their accounts are given for it."""

import secrets
from datetime import datetime

from local.identity_center.accounts import Accounts, AccountsError
from local.identity_center.directory import (
    Assignment,
    Directory,
    PermissionSet,
    Principal,
    Provisioned,
)
from local.identity_center.running import FailedError


class Provisioning:
    """Acts at once. Raises FailedError where an operation of AWS would end FAILED."""

    def __init__(self, directory: Directory, accounts: Accounts) -> None:
        self._directory, self._accounts = directory, accounts

    def assign(self, who: Principal, account: str, permission_set: str, now: datetime) -> None:
        """The first assignment of a set in an account makes the role there, as the set is now."""
        directory = self._directory
        wanted = directory.permission_sets.get(permission_set)
        if not directory.knows(who) or wanted is None or account not in directory.accounts:
            message = "Received a 404 status error: Not supported principal, account or set"
            raise FailedError(message)
        if directory.standing(who, account, permission_set) is not None:
            return
        if (account, permission_set) not in directory.provisioned:
            self.give(account, wanted)
        directory.assignments.append(
            Assignment(principal=who, account=account, permission_set=permission_set, made_at=now)
        )

    def unassign(self, who: Principal, account: str, permission_set: str, now: datetime) -> None:
        """The last one of a set in an account takes the role there away."""
        found = self._directory.standing(who, account, permission_set)
        if found is None:
            message = "Received a 404 status error: there is no such assignment"
            raise FailedError(message)
        found.gone_at = now
        if not self._directory.stands_in(account, permission_set):
            self._take_away(account, permission_set)

    def give(self, account: str, wanted: PermissionSet) -> None:
        """The account has from here on what the set is now, and nothing else of it. A role that is
        made anew has another name than the one before.
        """
        there = self._directory.provisioned.get((account, wanted.arn))
        name = there.role_name if there else f"AWSReservedSSO_{wanted.name}_{secrets.token_hex(8)}"
        given = Provisioned.of(wanted, name)
        try:
            self._accounts.provision(account, given)
        except AccountsError as error:
            raise FailedError(str(error)) from error
        self._directory.provisioned[account, wanted.arn] = given

    def _take_away(self, account: str, permission_set: str) -> None:
        given = self._directory.provisioned.pop((account, permission_set), None)
        if given is None:
            return
        try:
            self._accounts.remove(account, given.role_name)
        except AccountsError as error:
            raise FailedError(str(error)) from error
