"""Which calls of Okta's API there are here, by the names that its specification gives them, and
what a caller needs for each.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from local.okta import groups, logs, users
from local.okta.answers import Answer
from local.okta.asked import Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`scope` is of the token, `permission` of the app's admin role: a caller needs both.
    `a_minute`: so many calls Okta takes of all callers together.
    """

    name: str
    method: str
    path: str
    answer: Callable[[Asked], Answer]
    scope: str
    permission: str
    a_minute: int

    @property
    def manages(self) -> bool:
        """Whether it changes a group, rather than reads one."""
        return self.permission == "okta.groups.members.manage"

    def ids_of(self, path: str) -> dict[str, str] | None:
        """The ids in a path as it was sent; None if it is another operation's."""
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path)
        found = re.fullmatch(pattern, path)
        return {name: unquote(it) for name, it in found.groupdict().items()} if found else None


OPERATIONS = (
    Operation(
        name="listGroupRules",
        method="GET",
        path="/api/v1/groups/rules",
        answer=groups.list_rules,
        scope="okta.groups.read",
        permission="okta.groups.read",
        a_minute=500,
    ),
    Operation(
        name="getGroup",
        method="GET",
        path="/api/v1/groups/{groupId}",
        answer=groups.get,
        scope="okta.groups.read",
        permission="okta.groups.read",
        a_minute=1000,
    ),
    Operation(
        name="listGroupAssignedRoles",
        method="GET",
        path="/api/v1/groups/{groupId}/roles",
        answer=groups.list_roles,
        scope="okta.roles.read",
        permission="okta.iam.read",
        a_minute=500,
    ),
    Operation(
        name="listGroupUsers",
        method="GET",
        path="/api/v1/groups/{groupId}/users",
        answer=groups.list_users,
        scope="okta.groups.read",
        permission="okta.groups.read",
        a_minute=1000,
    ),
    Operation(
        name="assignUserToGroup",
        method="PUT",
        path="/api/v1/groups/{groupId}/users/{userId}",
        answer=groups.assign,
        scope="okta.groups.manage",
        permission="okta.groups.members.manage",
        a_minute=1000,
    ),
    Operation(
        name="unassignUserFromGroup",
        method="DELETE",
        path="/api/v1/groups/{groupId}/users/{userId}",
        answer=groups.unassign,
        scope="okta.groups.manage",
        permission="okta.groups.members.manage",
        a_minute=1000,
    ),
    Operation(
        name="getUser",
        method="GET",
        path="/api/v1/users/{id}",
        answer=users.get,
        scope="okta.users.read",
        permission="okta.users.read",
        a_minute=2000,
    ),
    Operation(
        name="listUserGroups",
        method="GET",
        path="/api/v1/users/{id}/groups",
        answer=users.list_groups,
        scope="okta.users.read",
        permission="okta.users.read",
        a_minute=1000,
    ),
    Operation(
        name="revokeUserSessions",
        method="DELETE",
        path="/api/v1/users/{userId}/sessions",
        answer=users.revoke_sessions,
        scope="okta.users.manage",
        permission="okta.users.lifecycle.clearSessions",
        a_minute=600,
    ),
    Operation(
        name="listLogEvents",
        method="GET",
        path="/api/v1/logs",
        answer=logs.list_events,
        scope="okta.logs.read",
        permission="okta.logs.read",
        a_minute=120,
    ),
)
TOKEN = "token"  # noqa: S105 - how the token endpoint is called in knobs and counts


def find(method: str, path: str) -> tuple[Operation, dict[str, str]] | bool:
    """The operation and the ids in its path. Else, whether the path takes another method."""
    takes_another = False
    for operation in OPERATIONS:
        ids = operation.ids_of(path)
        if ids is not None and operation.method == method:
            return operation, ids
        takes_another = takes_another or ids is not None
    return takes_another
