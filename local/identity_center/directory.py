"""What there is: users, groups, permission sets, assignments, and what accounts were given."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from local.aws import ACCOUNT
from local.identity_center.errors import not_found
from local.identity_center.names import (
    IDENTITY_STORE,
    INSTANCE,
    MANAGEMENT_ACCOUNT,
    PERMISSION_SET,
    PERMISSION_SET_NAME,
    PORTAL,
)

__all__ = [
    "IDENTITY_STORE",
    "INSTANCE",
    "MANAGEMENT_ACCOUNT",
    "PERMISSION_SET",
    "PERMISSION_SET_NAME",
    "PORTAL",
    "Assignment",
    "Directory",
    "Group",
    "PermissionSet",
    "Principal",
    "PrincipalType",
    "Provisioned",
    "User",
    "group_id_of",
    "user_id_of",
]

_REGION_PREFIX = "9067a1b2c3"
_ARN = "arn:aws:identitystore:::"


def user_id_of(name: str) -> str:
    """The id that the person of that name is made with; it stays, whatever the name becomes."""
    return f"{_REGION_PREFIX}-{uuid.uuid5(uuid.NAMESPACE_DNS, f'{name}.user.{IDENTITY_STORE}')}"


def group_id_of(name: str) -> str:
    return f"{_REGION_PREFIX}-{uuid.uuid5(uuid.NAMESPACE_DNS, f'{name}.group.{IDENTITY_STORE}')}"


class PrincipalType(StrEnum):
    USER = "USER"
    GROUP = "GROUP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    type: PrincipalType
    id: str


@dataclass(slots=True, kw_only=True)
class User:
    user_id: str
    name: str
    emails: list[str] = field(default_factory=list)
    external_ids: list[dict[str, str]] = field(default_factory=list)
    enabled: bool = True
    revision: int = 1

    @property
    def arn(self) -> str:
        return f"{_ARN}user/{self.user_id}"

    @property
    def principal(self) -> Principal:
        return Principal(type=PrincipalType.USER, id=self.user_id)


@dataclass(slots=True, kw_only=True)
class Group:
    group_id: str
    name: str
    members: dict[str, str] = field(default_factory=dict)
    """Membership ids, by user id."""

    @property
    def arn(self) -> str:
        return f"{_ARN}group/{self.group_id}"

    @property
    def principal(self) -> Principal:
        return Principal(type=PrincipalType.GROUP, id=self.group_id)


@dataclass(slots=True, kw_only=True)
class PermissionSet:
    """`policies` are the names of customer managed policies that must be in each account."""

    arn: str
    name: str
    made_at: datetime
    session_duration: str = "PT1H"
    policies: tuple[str, ...] = ()
    inline_policy: str | None = None


@dataclass(slots=True, kw_only=True)
class Assignment:
    """`gone_at` None: it stands."""

    principal: Principal
    account: str
    permission_set: str
    made_at: datetime
    gone_at: datetime | None = None

    def is_listed(self, at: datetime) -> bool:
        return self.made_at <= at and (self.gone_at is None or self.gone_at > at)


@dataclass(slots=True, kw_only=True)
class Provisioned:
    """What an account was last given of a permission set."""

    role_name: str
    session_duration: str
    policies: tuple[str, ...]
    inline_policy: str | None

    @classmethod
    def of(cls, wanted: PermissionSet, role_name: str) -> "Provisioned":
        return cls(
            role_name=role_name,
            session_duration=wanted.session_duration,
            policies=wanted.policies,
            inline_policy=wanted.inline_policy,
        )


@dataclass(slots=True, kw_only=True)
class Directory:
    users: dict[str, User] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    permission_sets: dict[str, PermissionSet] = field(default_factory=dict)
    accounts: set[str] = field(default_factory=lambda: {ACCOUNT, MANAGEMENT_ACCOUNT})
    assignments: list[Assignment] = field(default_factory=list)
    provisioned: dict[tuple[str, str], Provisioned] = field(default_factory=dict)
    """By account and permission set."""

    def user_named(self, name: str) -> User:
        """Raises LookupError."""
        found = next((it for it in self.users.values() if it.name == name), None)
        if found is None:
            message = f"there is no user {name}"
            raise LookupError(message)
        return found

    def set_of(self, arn: str) -> PermissionSet:
        """Raises ServiceError."""
        found = self.permission_sets.get(arn)
        if found is None:
            raise not_found("PermissionSet", arn)
        return found

    def knows(self, principal: Principal) -> bool:
        there = self.users if principal.type is PrincipalType.USER else self.groups
        return principal.id in there

    def standing(
        self, principal: Principal, account: str, permission_set: str
    ) -> Assignment | None:
        wanted = (principal, account, permission_set)
        found = (it for it in self.assignments if _key(it) == wanted and it.gone_at is None)
        return next(found, None)

    def principals_of(self, user_id: str) -> Iterator[Principal]:
        """The user, and each group that the user is in."""
        yield Principal(type=PrincipalType.USER, id=user_id)
        for group in self.groups.values():
            if user_id in group.members:
                yield group.principal

    def listed(self, now: datetime, lag: float) -> list[Assignment]:
        at = now - timedelta(seconds=lag)
        return [it for it in self.assignments if it.is_listed(at)]

    def stands_in(self, account: str, permission_set: str) -> bool:
        """Whether anybody is assigned that set in that account."""
        return any(
            (it.account, it.permission_set) == (account, permission_set) and it.gone_at is None
            for it in self.assignments
        )


def _key(assignment: Assignment) -> tuple[Any, ...]:
    return (assignment.principal, assignment.account, assignment.permission_set)
