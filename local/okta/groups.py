"""Groups, their members, their roles, and the rules that feed them."""

from local.okta import shapes
from local.okta.answers import Answer, api_error
from local.okta.asked import Asked
from local.okta.directory import Group


def get(asked: Asked) -> Answer:
    return Answer(content=shapes.group(asked.group(), asked.base_url))


def list_users(asked: Asked) -> Answer:
    group = asked.group()
    members = asked.members_seen(group.id, "listGroupUsers")
    found = [asked.directory.users[it] for it in sorted(members) if it in asked.directory.users]
    shown = [shapes.user(user, asked.base_url) for user in found]
    return asked.page(shown, usual=1000, most=1000)


def assign(asked: Asked) -> Answer:
    """Again is not an error, and changes nothing."""
    group, user = asked.group(), asked.user()
    _check_may_change(asked, group)
    if user.status == "DEPROVISIONED":
        raise api_error("E0000038")
    if asked.directory.put(group.id, user.id, member=True, at=asked.now):
        asked.log.membership(asked.app, user, group, member=True, at=asked.now)
    return Answer(status=204)


def unassign(asked: Asked) -> Answer:
    """Of somebody who is no member: done as well."""
    group, user = asked.group(), asked.user()
    _check_may_change(asked, group)
    if asked.directory.put(group.id, user.id, member=False, at=asked.now):
        asked.directory.removed_by_caller(group.id, user.id)
        asked.log.membership(asked.app, user, group, member=False, at=asked.now)
    return Answer(status=204)


def list_roles(asked: Asked) -> Answer:
    group = asked.group()
    roles = [shapes.role(group, number, kind) for number, kind in enumerate(group.roles, start=1)]
    return Answer(content=roles)


def list_rules(asked: Asked) -> Answer:
    rules = [shapes.rule(rule) for rule in asked.directory.rules.values()]
    search = asked.query.get("search", "").lower()
    return asked.page([it for it in rules if search in it["name"].lower()], usual=50, most=200)


def _check_may_change(asked: Asked, group: Group) -> None:
    """Only groups of Okta's own take and lose members by this call; a group with an admin role only
    by a super administrator's.
    """
    if group.type != "OKTA_GROUP" or (group.roles and not asked.app.super_admin):
        raise api_error("E0000006")
