"""People, groups, roles and rules as Okta writes them."""

from local.okta.asked import Json, written
from local.okta.directory import BEGINNING, Group, Rule, User

_LABELS = {
    "HELP_DESK_ADMIN": "Help Desk Administrator",
    "SUPER_ADMIN": "Super Administrator",
    "USER_ADMIN": "Group Administrator",
    "ORG_ADMIN": "Organizational Administrator",
    "READ_ONLY_ADMIN": "Read-only Administrator",
}


def user(found: User, base_url: str) -> Json:
    return {
        "id": found.id,
        "status": found.status,
        "created": written(BEGINNING),
        "activated": None if found.status == "STAGED" else written(BEGINNING),
        "statusChanged": written(found.changed),
        "lastLogin": None,
        "lastUpdated": written(found.changed),
        "passwordChanged": None,
        "type": {"id": "otybank0000000000001"},
        "profile": {
            "firstName": found.first,
            "lastName": found.last,
            "mobilePhone": None,
            "secondEmail": None,
            "login": found.login,
            "email": found.login,
        },
        "credentials": {"provider": {"type": "OKTA", "name": "OKTA"}},
        "_links": {"self": {"href": f"{base_url}/api/v1/users/{found.id}"}},
    }


def group(found: Group, base_url: str) -> Json:
    kind = "okta:windows_security_principal" if found.type == "APP_GROUP" else "okta:user_group"
    address = f"{base_url}/api/v1/groups/{found.id}"
    return {
        "id": found.id,
        "created": written(BEGINNING),
        "lastUpdated": written(BEGINNING),
        "lastMembershipUpdated": written(found.changed),
        "objectClass": [kind],
        "type": found.type,
        "profile": {"name": found.name, "description": found.description},
        "_links": {
            "users": {"href": f"{address}/users"},
            "apps": {"href": f"{address}/apps"},
        },
    }


def role(group: Group, number: int, kind: str) -> Json:
    return {
        "id": f"gra{group.id[3:-2]}{number:02d}",
        "label": _LABELS.get(kind, kind),
        "type": kind,
        "status": "ACTIVE",
        "created": written(BEGINNING),
        "lastUpdated": written(BEGINNING),
        "assignmentType": "GROUP",
    }


def rule(found: Rule) -> Json:
    return {
        "type": "group_rule",
        "id": found.id,
        "status": found.status,
        "name": found.name,
        "created": written(BEGINNING),
        "lastUpdated": written(BEGINNING),
        "conditions": {
            "people": {"users": {"exclude": found.excluded}, "groups": {"exclude": []}},
            "expression": {"value": found.expression, "type": "urn:okta:expression:1.0"},
        },
        "actions": {"assignUserToGroups": {"groupIds": found.groups}},
    }
