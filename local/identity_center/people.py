"""Who is there at first: the people of the local stack, in their groups, and PAM's own set."""

from datetime import datetime
from functools import cache
from typing import Any

import yaml

from local.identity_center.directory import (
    PERMISSION_SET,
    PERMISSION_SET_NAME,
    Directory,
    Group,
    PermissionSet,
    User,
    group_id_of,
    user_id_of,
)
from local.state import ROOT

Json = dict[str, Any]


def directory_at_first(now: datetime) -> Directory:
    directory = Directory()
    content = _content()
    for name in content["groups"]:
        directory.groups[group_id_of(name)] = Group(group_id=group_id_of(name), name=name)
    for entry in content["identities"]:
        if "user" in entry:
            _add(directory, entry)
    directory.permission_sets[PERMISSION_SET] = PermissionSet(
        arn=PERMISSION_SET,
        name=PERMISSION_SET_NAME,
        made_at=now,
        policies=(PERMISSION_SET_NAME,),
    )
    return directory


@cache
def _content() -> Json:
    text = (ROOT / "local" / "identities.yaml").read_text(encoding="utf-8")
    found: Json = yaml.safe_load(text)
    return found


def _add(directory: Directory, entry: Json) -> None:
    name, user_id = entry["user"], user_id_of(entry["user"])
    directory.users[user_id] = User(user_id=user_id, name=name, emails=[f"{name}@bank.example"])
    for group in entry["groups"]:
        members = directory.groups[group_id_of(group)].members
        members[user_id] = user_id_of(f"{name} in {group}")
