"""`identitystore`: users, groups, and who is in which."""

from datetime import datetime
from typing import Any

from local.identity_center.directory import (
    IDENTITY_STORE,
    Directory,
    Group,
    User,
)
from local.identity_center.errors import invalid, not_found
from local.identity_center.faults import Faults
from local.identity_center.paging import page

Json = dict[str, Any]

_STORE = {"IdentityStoreId": IDENTITY_STORE}


class IdentityStore:
    """A method for each operation, in snake case: the parameters and the instant; the answer."""

    def __init__(self, directory: Directory, faults: Faults) -> None:
        self._directory, self._faults = directory, faults

    def describe_user(self, params: Json, _now: datetime) -> Json:
        return _told_user(self._user(params["UserId"]))

    def get_user_id(self, params: Json, _now: datetime) -> Json:
        found = self._directory.users.values()
        asked = params["AlternateIdentifier"]
        if "ExternalId" in asked:
            users = [it for it in found if asked["ExternalId"] in it.external_ids]
        else:
            users = [it for it in found if _has(it, asked["UniqueAttribute"])]
        if not users:
            raise not_found("USER", "of that attribute")
        return {**_STORE, "UserId": users[0].user_id, "UserArn": users[0].arn}

    def list_users(self, params: Json, _now: datetime) -> Json:
        users = list(self._directory.users.values())
        for each in params.get("Filters", []):
            if each["AttributePath"] != "UserName":
                message = "Only UserName may be filtered by"
                raise invalid(message)
            users = [it for it in users if it.name == each["AttributeValue"]]
        return self._page(params, "Users", [_told_user(it) for it in users])

    def describe_group(self, params: Json, _now: datetime) -> Json:
        return _told_group(self._group(params["GroupId"]))

    def get_group_id(self, params: Json, _now: datetime) -> Json:
        asked = params["AlternateIdentifier"].get("UniqueAttribute", {})
        if asked and asked["AttributePath"].lower() != "displayname":
            message = "The attribute path must be displayName"
            raise invalid(message)
        groups = self._directory.groups.values()
        found = next((it for it in groups if it.name == asked.get("AttributeValue")), None)
        if found is None:
            raise not_found("GROUP", "of that attribute")
        return {**_STORE, "GroupId": found.group_id, "GroupArn": found.arn}

    def list_groups(self, params: Json, _now: datetime) -> Json:
        groups = list(self._directory.groups.values())
        for each in params.get("Filters", []):
            if each["AttributePath"] != "DisplayName":
                message = "Only DisplayName may be filtered by"
                raise invalid(message)
            groups = [it for it in groups if it.name == each["AttributeValue"]]
        return self._page(params, "Groups", [_told_group(it) for it in groups])

    def is_member_in_groups(self, params: Json, _now: datetime) -> Json:
        user = self._user(params["MemberId"]["UserId"])
        told = [
            {
                "GroupId": group_id,
                "MemberId": {"UserId": user.user_id},
                "MembershipExists": user.user_id in self._group(group_id).members,
            }
            for group_id in params["GroupIds"]
        ]
        return {"Results": told}

    def list_group_memberships(self, params: Json, _now: datetime) -> Json:
        group = self._group(params["GroupId"])
        told = [_told_membership(group, user_id) for user_id in group.members]
        return self._page(params, "GroupMemberships", told)

    def list_group_memberships_for_member(self, params: Json, _now: datetime) -> Json:
        user = self._user(params["MemberId"]["UserId"])
        told = [
            _told_membership(group, user.user_id)
            for group in self._directory.groups.values()
            if user.user_id in group.members
        ]
        return self._page(params, "GroupMemberships", told)

    def _user(self, user_id: str) -> User:
        found = self._directory.users.get(user_id)
        if found is None:
            raise not_found("USER", user_id)
        return found

    def _group(self, group_id: str) -> Group:
        found = self._directory.groups.get(group_id)
        if found is None:
            raise not_found("GROUP", group_id)
        return found

    def _page(self, params: Json, name: str, found: list[Json]) -> Json:
        size = self._faults.knobs.page_size
        return page(params, name, found, lambda it: it, page_size=size)


def _has(user: User, asked: Json) -> bool:
    """By mail, whatever its case, since that is how people are taken for each other."""
    path, value = asked["AttributePath"].lower(), str(asked["AttributeValue"])
    if path == "username":
        return user.name == value
    if path == "emails.value":
        return value.lower() in {it.lower() for it in user.emails}
    message = "The attribute path must be userName or emails.value"
    raise invalid(message)


def _told_user(user: User) -> Json:
    told: Json = {
        **_STORE,
        "UserId": user.user_id,
        "UserArn": user.arn,
        "Revision": str(user.revision),
        "UserName": user.name,
        "DisplayName": user.name,
        "Name": {"GivenName": user.name, "FamilyName": "of the local stack"},
        "UserStatus": "ENABLED" if user.enabled else "DISABLED",
        "Emails": [{"Value": it, "Type": "work", "Primary": True} for it in user.emails],
        "ExternalIds": user.external_ids,
    }
    # By AWS's model no list of these is empty.
    return {name: value for name, value in told.items() if value != []}


def _told_group(group: Group) -> Json:
    return {
        **_STORE,
        "GroupId": group.group_id,
        "GroupArn": group.arn,
        "Revision": "1",
        "DisplayName": group.name,
    }


def _told_membership(group: Group, user_id: str) -> Json:
    membership = group.members[user_id]
    return {
        **_STORE,
        "MembershipId": membership,
        "MembershipArn": f"arn:aws:identitystore:::membership/{membership}",
        "GroupId": group.group_id,
        "MemberId": {"UserId": user_id},
    }
